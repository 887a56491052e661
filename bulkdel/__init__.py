"""Removes friend relationships in bulk through chat providers' server APIs.

Words used everywhere, in the order of the pipeline:

    row         one From→To of the input; for delete_all_friends one account
    pair        a friend relationship to remove
    target      one provider app that the pairs are removed from
    entry       one line of the plan: a batch (a From_Account and its To_Accounts) or a sweep (an
                account whose whole list is cleared)
    call        one HTTP request that carries an entry, or what is left of one
    reply       what came back; answer: what it means
    verdict     what the answer means for one pair; three of them settle it
    settled     has its final verdict, durably, and its one line in the ledger
    lane        what sends one target's calls
    sitting     one process's life in a run
"""
