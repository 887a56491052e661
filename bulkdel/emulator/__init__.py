"""The providers' friend APIs on a local port, with faults on demand.

Written from the documentation again: it shares no code with what it judges.

    wire.py       the values: app, call as understood
    world.py      who has whom, and the data of each entry
    habits.py     what the documentation leaves open
    rules.py      what a provider must say of itself; a folder of its own for each says it
    limits.py     calls a second, calls under way together
    faults.py     what may go wrong, decided purely; faulttext.py reads it from a command line
    stats.py      what was seen
    emulated.py   one app, all of the above joined; no I/O, no clock
    server.py     its HTTP face on loopback
"""
