"""All of it checked again: plan, journal and ledger read to the end and held beside each other."""
