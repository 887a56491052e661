"""The files that the rejected rows of a run are exported to, so that a new job reads each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bulkdel.plan.rejects import file_name
from bulkdel.plan.values import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectsFile:
    """A file that rejected rows are exported to.

    Attributes:
        source: only those of this input file, as rejects.jsonl names it; empty for all.
        suffix: of the file's name, so that a new job reads it as what it is.
    """

    source: str
    suffix: str


def rejects_files(sources: Sequence[Source]) -> tuple[RejectsFile, ...]:
    """One file for all rejected rows where one can hold them; else one for each input file."""
    files = [
        RejectsFile(
            source=file_name(one.path),
            suffix="jsonl" if one.format == "parquet" else one.format,  # its rows are kept as JSON
        )
        for one in sources
    ]
    if len({(one.format, one.quoting, one.header) for one in sources}) <= 1:
        return (RejectsFile(source="", suffix=files[0].suffix if files else "csv"),)
    return tuple(files)
