"""What an export wrote, as JSON for programs and as a line for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.few import few_counts
from bulkdel.report.figures import counted, plain
from bulkdel.report.json_text import json_text

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "path": "the file that was written, absolute",
    "rows": "how many rows it holds, its header not counted",
    "rows_by_target.*": "by target, how many of them; nothing of rejected rows",
    "left_out[].reason": "why rejected rows are not in it",
    "left_out[].rows": "how many",
    "left_out[].places[]": "where the first of them stand",
    "unknown": "of --remaining: pairs that could not be asked for, and are not in it; else null",
    "formulas": "rows with a cell that a spreadsheet runs as a formula",
    "quoting": "the input.quoting that a job needs to read them; null where it needs none",
}


def export_json(path: Path, notes: ExportNotes) -> bytes:
    """One JSON object; ends with a newline."""
    return json_text(
        {
            "version": VERSION,
            "path": str(path.absolute()),
            "rows": notes.rows,
            "rows_by_target": notes.by_target,
            "left_out": [
                {"reason": reason, "rows": left.rows, "places": left.places}
                for left, reason in notes.left_out()
            ],
            "unknown": notes.unknown,
            "formulas": notes.formulas,
            "quoting": notes.quoting or None,
        }
    )


def export_words(path: Path, notes: ExportNotes) -> str:
    """What was written, in a line; and what whoever makes a job of it must know."""
    words = f"Wrote {counted(notes.rows, 'row')} to {plain(str(path), 1000)}."
    if len(notes.by_target) > 1:
        rows = few_counts((name, [many]) for name, many in notes.by_target.items())
        each = ", ".join(f"{name} {many:,}" for name, [many] in rows)
        words += (
            f" They are of several targets ({each}): a new job sends each to all of its own. "
            "Export with --target, a file for each, to send them where they belong."
        )
    return words
