"""Rows → pairs → batches: the plan, made once, whole or not at all.

`make` makes it, in the order of these files: `protect` (who is never touched), `intake` (rows of
`input` into parts on disk, the others into `rejects`), `batches` or `sides` (parts into batches in
sending order), `fingerprint` and `values` (what decided it), `stretches` (digests of its entries),
`write`. `read` reads it back, `check` looks for what is wrong with it, `sample` looks at the first
rows of an input without any of this. `meta` is how its values stand in the file, `entries` how an
entry does. `duck` is the only door to DuckDB, `ids` are account ids by the million, and `scale` is
how much of all that is worked on at a time.
"""
