"""What whoever reads an exported file must know: what it lacks, and what is odd in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bulkdel.plan.rejects import RAW_CAP

PLACES_KEPT: Final = 5


@dataclass(slots=True)
class LeftOut:
    """Rows that are not written: how many, and where the first of them stand."""

    rows: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, place: str) -> None:
        """One row more."""
        self.rows += 1
        if len(self.places) < PLACES_KEPT:
            self.places.append(place)


@dataclass(slots=True)
class ExportNotes:
    """What an export notes while it writes; filled row by row.

    Attributes:
        rows: that were written.
        by_target: of those, how many are of which target; rejected rows are of none.
        formulas: rows of a CSV with a cell that a spreadsheet runs.
        cut: rows longer than rejects.jsonl keeps.
        loose: rows that some reader takes for another number of rows.
        unknown: pairs that a verification could not ask for, so that nobody knows whether they
            remain; None where none was asked about.
        quoting: the new job's input.quoting, where the format's default is another; else empty.
    """

    rows: int = 0
    by_target: dict[str, int] = field(default_factory=dict)
    formulas: int = 0
    cut: LeftOut = field(default_factory=LeftOut)
    loose: LeftOut = field(default_factory=LeftOut)
    unknown: int | None = None
    quoting: str = ""

    def left_out(self) -> tuple[tuple[LeftOut, str], ...]:
        """The rows that are not written, with the reason."""
        reasons = (
            (self.cut, f"rejects.jsonl keeps only the first {RAW_CAP:,} characters of a row"),
            (self.loose, "readers do not agree where such a row ends"),
        )
        return tuple((left, why) for left, why in reasons if left.rows)
