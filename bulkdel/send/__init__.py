"""Batches → calls → replies → answers: one lane a target, under its pace.

A `sitting` runs every `lane`. A call goes from `feed` (which entry is next?) through `gate` (may it
leave now? `claims`, `breaker`, `pace`, `signer`), `call` and `transport` to `judge` (what does the
answer settle?) and `decide` (what happens next?), and into the `book`, where lanes write intents
and outcomes. `carriers` are the tasks on that way, `attempt` the state of one call, `health` what
its end says of the provider, `meter` and `view` how the lane looks from outside. `probe` is the one
call of `check`.
"""
