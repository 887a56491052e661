"""Whether a run may send, by its backup: no list is shortened before its data is there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job
from bulkdel.plan.values import PlanMeta
from bulkdel.report.backup import BackupNote, read_note

GO_ON: Final = "say enabled = false in [backup] to go on without one"


def ensure_backed_up(job: Job, meta: PlanMeta) -> None:
    """Return if the job wants no backup, or that of this very plan is whole.

    The length of its file is looked at, and its content is compared where it is used.

    Raises:
        WrongInput: nothing may be sent.
        Corrupt: backup.json is not what was written.
    """
    if not job.backup.enabled:
        return
    note = read_note(job.run_dir)
    refuse_destroyed(job.run_dir, note, GO_ON)
    if note is None or not note.is_whole or note.plan_digest != meta.digest:
        raise WrongInput(
            "the backup of this plan is not finished, and [backup] wants it before anything is "
            "deleted; nothing was sent",
            where=job.source,
            mend="run `bulkdel backup` with this job",
        )
    path = job.run_dir / files.BACKUP / files.FRIENDS
    if not files.is_there(path) or path.stat().st_size != note.bytes:
        raise WrongInput(
            "the backup is not as it was when it was finished; nothing was sent",
            where=path,
            mend="restore the file from a copy, or say enabled = false in [backup]",
        )


def refuse_destroyed(run_dir: Path, note: BackupNote | None, mend: str = "") -> None:
    """Return if a backup was not destroyed; `mend` says what can be done without it.

    Raises:
        WrongInput: it was.
    """
    if note is not None and note.state == "destroyed":
        by = f" by {note.by}" if note.by else ""
        raise WrongInput(
            f"the backup was destroyed {note.at}{by}: what was deleted cannot be brought back",
            where=run_dir,
            mend=mend,
        )
