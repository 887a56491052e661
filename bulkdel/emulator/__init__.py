"""The providers' friend APIs on a local port, with faults on demand.

Written from the documentation again: it shares no code with what it judges.
"""
