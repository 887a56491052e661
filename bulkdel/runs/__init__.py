"""One run directory as an object: plan, send, close, verify, export, report, check; who watches it.

The command line and the library stand on it.
"""
