"""What backup.json says of a backup: whether it is whole, until when it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt
from bulkdel.plan import duck
from bulkdel.report.beside import SideStatus

VERSION: Final = 1
_MOST_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupNote:
    """A backup as a whole; no account is named.

    Attributes:
        plan_digest: of the run's plan that it is of.
        state: "begun", "whole", or "destroyed" with `bulkdel forget`.
        at: since when, UTC.
        kept_until: until when the job says that it may be kept, counted from when it was begun;
            None where it sets no bound.
        lists, failed: lists that were pulled, and that could not be.
        friends: whose data is kept, and bytes and sha256: of the file.
        by: who destroyed it.
    """

    plan_digest: str
    state: Literal["begun", "whole", "destroyed"]
    at: str
    kept_until: str | None = None
    lists: int = 0
    failed: int = 0
    friends: int = 0
    bytes: int = 0
    sha256: str = ""
    by: str = ""
    version: Literal[1] = VERSION

    @property
    def is_whole(self) -> bool:
        """Whether all that the plan deletes was pulled, and is there."""
        return self.state == "whole"

    def is_due(self, now_s: float) -> bool:
        """Whether its time has come, and it is still there."""
        until = self.kept_until
        gone = self.state == "destroyed"
        return until is not None and not gone and datetime.fromisoformat(until).timestamp() <= now_s


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStatus:
    """A backup as it stands.

    Attributes:
        sides: its runs: of the planned lists, and where lists are cleared both ways, of the lists
            of those who were on them.
    """

    note: BackupNote
    sides: tuple[SideStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedList:
    """A list that could not be pulled for good."""

    target: str
    account: str
    code: int
    info: str


_NOTE: Final = TypeAdapter(BackupNote)


def read_note(run_dir: Path) -> BackupNote | None:
    """What backup.json in a run directory says; None if there is none.

    Raises:
        Corrupt: it is not what was written.
        OSError, WrongInput: it cannot be read.
    """
    path = run_dir / files.BACKUP / files.BACKUP_NOTE
    try:
        with files.open_to_read(path) as file:
            return _NOTE.validate_json(file.read(_MOST_BYTES), strict=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        raise Corrupt("is not what was written", where=path, mend=RESTORE) from error


def notes_together(notes: Sequence[BackupNote | None]) -> BackupNote | None:
    """All shards' backups as one: whole where each is, and kept until the first time is over."""
    known = [one for one in notes if one is not None]
    if len(notes) == 1 or not known:
        return notes[0]
    states = {one.state for one in known} | ({"begun"} if len(known) < len(notes) else set())
    until = [one.kept_until for one in known if one.kept_until is not None]
    lead = max(known, key=lambda one: (one.state == "destroyed", one.at))
    return replace(
        lead,
        state="destroyed" if "destroyed" in states else "begun" if "begun" in states else "whole",
        kept_until=min(until, default=None),
        lists=sum(one.lists for one in known),
        failed=sum(one.failed for one in known),
        friends=sum(one.friends for one in known),
        bytes=sum(one.bytes for one in known),
    )


def write_note(run_dir: Path, note: BackupNote) -> None:
    """Makes backup.json say this, durably.

    Raises:
        OSError: it cannot be written; it says what it said.
    """
    content = orjson.dumps(asdict(note), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    files.replace(run_dir / files.BACKUP / files.BACKUP_NOTE, content)


def failed_lists(run_dir: Path, most: int) -> tuple[FailedList, ...]:
    """The first of the lists that could not be pulled for good, at most so many.

    Raises:
        WrongInput: the ledger of the backup cannot be read.
    """
    columns = dict.fromkeys(("target", "account", "status", "info"), "VARCHAR") | {"code": "BIGINT"}
    found: list[FailedList] = []
    for folder in (files.BACKUP, files.BACKUP_OTHERS):
        path = run_dir / folder / files.LEDGER
        if len(found) == most or not files.is_there(path):
            continue
        with (
            duck.storage_errors(run_dir),
            closing(duck.open_reader()) as con,
            duck.opened(path) as file,
        ):
            rows = con.execute(
                "SELECT DISTINCT target, account, code, info "  # noqa: S608  # our own words
                f"FROM {duck.objects_in(file, columns)} WHERE status = 'failed' "
                f"ORDER BY target, account LIMIT {most - len(found)}"
            ).fetchall()
        found += [
            FailedList(target=t, account=a, code=code, info=info) for t, a, code, info in rows
        ]
    return tuple(found)
