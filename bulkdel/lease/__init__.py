"""Who sends which shard: leases, the store that gives them, and the fence that ends with one.

    store (PostgreSQL, or the process that began the others) ─▶ session ─▶ shards, with an epoch
                                                                   └─▶ fence, asked before each call

A process has a session, which it renews; the shards that it has taken are its own as long as the
session lives. The fence goes by this machine's own clock and is behind the session on the safe
side: when it says no, the process ends at once, and writes nothing more.
"""
