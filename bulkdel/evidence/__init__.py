"""What may be kept of a run for years: lines without account ids, a tree over them, a signature.

    ledger line ─▶ pseudonyms ─▶ sealed line ─▶ leaf of a tree ─▶ its root in the statement, signed
                                                   └─▶ the proof of one line, for a person

Nothing here knows a run: `runs/seal.py` gives it lines, and asks it for files.
"""
