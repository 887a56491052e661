"""Rows from files: what a file is, where its records end, which of them are valid rows.

`sources` finds a job's files, `facts` looks at one before it is read, `open_file` opens it,
`readers` is the table of formats, and `reader` says what each of them gives. `separated` (CSV, TSV)
stands on `records` (where one ends), `header`, `chunks` (whole records by the megabyte) and
`chunk_rows` (their ids). `rules` judge a row; `lookalikes` are only counted.
"""
