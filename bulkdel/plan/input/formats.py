"""What is known of a format without reading a file of it."""

from __future__ import annotations

from typing import Final

from bulkdel.job.job import Format, Quoting

SUFFIXES: Final = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
}

DELIMITERS: Final = {Format.CSV: b",", Format.TSV: b"\t"}
"""The byte between two fields, in the formats that have one; quotes may mean something in these."""

BINARY: Final = frozenset({Format.PARQUET})
"""Formats that are no text: they are read where they lie, and pack their rows themselves."""


def quoting_of(form: Format, given: Quoting | None) -> Quoting | None:
    """How quotes are read in a file of this format, with [input] quoting as `given`.

    None where the format has no such choice.
    """
    if form not in DELIMITERS:
        return None
    return given or (Quoting.CSV if form is Format.CSV else Quoting.NONE)
