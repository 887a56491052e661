"""What backup.json says of a backup: whether it is whole, until when it is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt
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
        kept_until: until when the job says that it may be kept; None where it sets no bound.
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


def write_note(run_dir: Path, note: BackupNote) -> None:
    """Makes backup.json say this, durably.

    Raises:
        OSError: it cannot be written; it says what it said.
    """
    content = orjson.dumps(asdict(note), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    files.replace(run_dir / files.BACKUP / files.BACKUP_NOTE, content)


def moment(at_s: float) -> str:
    """A Unix time in seconds as `at` and `kept_until` have it."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
