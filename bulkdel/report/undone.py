"""An undo when its command ends: its words, its figures, and both as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from bulkdel import files
from bulkdel.errors import Exit
from bulkdel.report.beside import SideStatus
from bulkdel.report.ending import why
from bulkdel.report.figures import count, counted
from bulkdel.report.json_text import json_text
from bulkdel.send.state import End
from bulkdel.send.view import Ending

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "exit_code": "what the command leaves with",
    "words": "how it ended, in a sentence",
    "targets.*.entries": "by target, what there is to put back: one friend on one account's list",
    "targets.*.restored": "of those, how many were put back",
    "targets.*.already_there": "how many were on the list already, and stayed as they were",
    "targets.*.failed": "how many cannot be put back; undo/ledger.jsonl has the code of each",
    "targets.*.unsettled": "how many wait for the same command",
    "targets.*.calls": "calls that left to put something back",
    "unheld": "deleted pairs or lists of which the backup holds nothing",
    "not_restored.*": "by field, of how many entries it could not be put back",
    "other_lists.*.entries": "by target, entries that the provider added by itself to the other "
    "list, where they were not before",
    "other_lists.*.file": "the file that holds them, which a job can read",
}

_FIELDS_MOST: Final = 50
"""Names of fields that are counted; what others there are counts as "others"."""
_OTHERS: Final = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLists:
    """What a provider added by itself to the other list: how many entries, in which file."""

    entries: int
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """How an undo stands when its command ends.

    Attributes:
        status: its books.
        ending: how it ended this time; None where there was nothing left to do.
        missing: by field, of how many entries it could not be put back.
        other_lists: by target, what was added to the other lists.
        unasked: how many entries it is not known of whether the other list has them now.
    """

    status: SideStatus
    ending: Ending | None
    exit_code: Exit
    missing: Mapping[str, int] = field(default_factory=dict)
    other_lists: Mapping[str, OtherLists] = field(default_factory=dict)
    unasked: int = 0

    @property
    def unheld(self) -> int:
        """Deleted pairs or lists of which the backup holds nothing."""
        return sum(self.status.origin.unheld)

    @property
    def words(self) -> str:
        """How it ended, in a sentence or two."""
        status = self.status
        parts = [f"{count(status.count('restored'))} put back"]
        for number, said in (
            (status.count("already_there"), "there already"),
            (status.count("failed"), "failed"),
            (status.unsettled, "left"),
        ):
            parts += [f"{count(number)} {said}"] * (number > 0)
        done = f"of {entries(status.pairs)} {', '.join(parts)}"
        if status.is_finished:
            again = "" if self.ending else " It was finished before: nothing was sent this time."
            return f"Undone: {done}.{again}"
        reason = "" if self.ending is None else why(self.ending)
        stop = f" ({reason})" if reason and reason != End.FINISHED else ""
        return f"Not finished: {done}{stop}. Run the same command again to continue."

    def sentences(self) -> Iterator[str]:
        """What else must be said."""
        if self.unheld:
            yield (
                f"Of {counted(self.unheld, 'deleted pair or list', 'deleted pairs or lists')} "
                "the backup holds nothing: they stay deleted."
            )
        if self.missing:
            fields = ", ".join(f"{name} of {count(of)}" for name, of in self.missing.items())
            yield (
                f"Fields that no call of the provider could set: {fields}. Each line of "
                "undo/ledger.jsonl names its own under not_restored."
            )
        for target, other in self.other_lists.items():
            yield (
                f"{target} added {entries(other.entries)} by itself to the other list, where "
                f"they were not before. They stand in {other.file}, which a one_way job can read: "
                "an undo deletes nothing."
            )
        if self.unasked:
            yield f"Of {entries(self.unasked)} it is not known whether the other list has them now."


def entries(number: int) -> str:
    """So many entries of friend lists."""
    return counted(number, "entry", "entries")


def missing_fields(run_dir: Path) -> dict[str, int]:
    """By field, of how many entries of an undo's ledger it could not be put back.

    Raises:
        OSError, WrongInput: it cannot be read.
    """
    found: Counter[str] = Counter()
    path = run_dir / files.UNDO / files.LEDGER
    if not files.is_there(path):
        return found
    with files.open_to_read(path) as lines:
        for line in lines:
            if b'"not_restored":' in line and line.endswith(b"\n"):
                for name in orjson.loads(line).get("not_restored", ()):
                    known = name in found or len(found) < _FIELDS_MOST
                    found[name if known else _OTHERS] += 1
    return dict(found.most_common())


def undo_json(undone: Undone) -> bytes:
    """One JSON object; ends with a newline."""
    status = undone.status
    values: dict[str, Any] = {
        "version": VERSION,
        "exit_code": int(undone.exit_code),
        "words": undone.words,
        "targets": {
            target.name: {
                "entries": target.pairs,
                **target.by_status(status.errand),
                "unsettled": target.unsettled,
                "calls": target.counters.calls,
            }
            for target in status.targets
        },
        "unheld": undone.unheld,
        "not_restored": dict(undone.missing),
        "other_lists": {
            target: {"entries": other.entries, "file": str(other.file)}
            for target, other in undone.other_lists.items()
        },
    }
    return json_text(values)
