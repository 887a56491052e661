"""What came of judging a sealed run or a certificate, as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from bulkdel.evidence.statement import Statement
from bulkdel.report.json_text import json_text

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "ok": "whether all that was judged holds",
    "faults[]": "what is wrong, a sentence each",
    "does_not_prove[]": "what it does not prove, a sentence each",
    "statement": "the statement that was signed, as in statement.json",
}


def judged_json(statement: Statement, faults: Sequence[str], unjudged: Sequence[str]) -> bytes:
    """One JSON object; ends with a newline."""
    return json_text(
        {
            "version": VERSION,
            "ok": not faults,
            "faults": list(faults),
            "does_not_prove": [*unjudged, *statement.limits],
            "statement": asdict(statement),
        }
    )
