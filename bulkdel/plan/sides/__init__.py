"""From which side each friendship is sent, so that the calls are few: a search; a rule for more.

`search` works on the graph of all friendships in memory: who sends (`cover`), what each sends
(`room`), and what no choice gets below (`bound`). `rule` streams, and keeps a few bytes for each
account (`cells`).
"""
