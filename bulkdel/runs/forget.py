"""The end of a backup: its data goes, and so does what an undo has planned from it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bulkdel import files
from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.history import begun
from bulkdel.ledger.lock import hold
from bulkdel.plan.beside import empty_side_plan
from bulkdel.report.backup import BackupNote, notes_together, read_note, write_note
from bulkdel.report.figures import stamp
from bulkdel.runs.circumstances import user_name
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.shards import parts_of
from bulkdel.runs.side_status import look_beside


def to_forget(job: Job) -> tuple[BackupNote, tuple[Path, ...]]:
    """The backup that there is to destroy, and the run directories that hold a part of it.

    Raises:
        WrongInput: there is none, or an undo of the run is not finished.
    """
    folders = [part.run_dir for part in parts_of(job)]
    notes = [read_note(folder) for folder in folders]
    whole = notes_together(notes)
    if whole is None:
        raise WrongInput("there is no backup, so there is nothing to forget", where=job.run_dir)
    if any(begun(folder / files.UNDO) for folder in folders):
        _refuse_needed(job.run_dir, folders)
    return whole, tuple(one for one, note in zip(folders, notes, strict=True) if note is not None)


def _refuse_needed(run_dir: Path, folders: Sequence[Path]) -> None:
    """Return if nothing is left to put back.

    Raises:
        WrongInput: something is.
    """
    undos = [look_beside(folder, files.UNDO) for folder in folders]
    if left := sum(undo.unsettled for undo in undos if undo is not None):
        raise WrongInput(
            f"an undo is not finished: {left:,} friends are not back yet, and their data "
            "is kept until then",
            where=run_dir,
            mend="`bulkdel undo` goes on with it",
        )


def forget(run_dir: Path) -> BackupNote:
    """Destroys the friend data that is kept in a run directory, and returns what stays known.

    Once it has returned, no file of the run holds any; what a file system or its copies keep of a
    file that was removed is theirs. Interrupted anywhere, the same call goes on.

    Raises:
        Busy: a process works in the run directory.
        WrongInput: there is no backup, an undo is not finished, or something cannot be removed.
    """
    with hold(run_dir), nothing_sent():
        note = read_note(run_dir)
        if note is None:
            raise WrongInput("there is no backup, so there is nothing to forget", where=run_dir)
        is_shard = run_dir.parent.name == files.SHARDS
        runs = [one for one in run_dir.parent.iterdir() if one.is_dir()] if is_shard else [run_dir]
        if any(begun(one / files.UNDO) for one in runs):
            _refuse_needed(run_dir, [run_dir])
        for path in _with_data(run_dir):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            files.sync_folder(path.parent)
        if files.is_there(run_dir / files.UNDO / files.PLAN):
            empty_side_plan(run_dir / files.UNDO)
        if note.state != "destroyed":
            now = stamp(time.time_ns() // 1_000_000)
            note = replace(note, state="destroyed", at=now, by=user_name())
            write_note(run_dir, note)
    return note


def due_below(folder: Path, now_s: float, wrong: Callable[[BulkdelError], None]) -> Iterator[Path]:
    """The run directories in a folder and below it whose backup's time has come.

    `wrong` is told of each folder and each backup that cannot be looked at.

    Raises:
        WrongInput: there is no such folder.
    """
    if not folder.is_dir():
        raise WrongInput("there is no such directory", where=folder)

    def unreadable(error: OSError) -> None:
        wrong(WrongInput(f"cannot be looked at ({files.reason(error)})", where=error.filename))

    for at, _, names in os.walk(folder, onerror=unreadable):
        place = Path(at)
        if files.BACKUP_NOTE not in names or place.name != files.BACKUP:
            continue
        try:
            with nothing_sent():
                note = read_note(place.parent)
        except BulkdelError as error:
            wrong(error)
            continue
        if note is not None and note.is_due(now_s):
            yield place.parent


def _with_data(run_dir: Path) -> list[Path]:
    """What holds data beside the plan of an undo: the file, and what was written beside it."""
    backup = run_dir / files.BACKUP
    places = (backup, run_dir / files.BACKUP_OTHERS, run_dir / files.UNDO)
    rooms = [place / files.WORKSHOP for place in places]
    return [*backup.glob(f"{files.FRIENDS}*"), *(room for room in rooms if room.is_dir())]
