"""What was done: the journal, which is the truth, and the ledger, which is its rendering."""
