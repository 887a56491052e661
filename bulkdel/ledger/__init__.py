"""What was done: the journal, which is the truth, and the ledger, which is its rendering.

`recorder` is the one that writes while lanes send, a `tick` at a time, into the `journal` (`rows`,
`schema`, `tables`; `reserve` for the second phase); `render` makes the lines that `ledger_file`
appends. `identity` says whether a journal belongs to a run, `lock` who works on it. `history` reads
it all for those who do not; `closing` settles what is left; `audit` checks everything again.
"""
