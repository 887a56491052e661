"""The backup of a run: the friend data of every list that the run shortens, pulled before.

Where lists are cleared both ways, the lists of those who are on them are shortened as well. Who
they are is known once the cleared lists are pulled, so theirs are pulled in a second run beside the
run. Both add to one file.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt, WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.lease.fence import no_fence
from bulkdel.ledger.friends_file import (
    FriendsFile,
    Pulled,
    damaged,
    leave_out,
    measured,
    mend,
)
from bulkdel.ledger.history import begun
from bulkdel.plan import duck
from bulkdel.plan.beside import SideShare, make_side_plan
from bulkdel.plan.pulled import FRIEND_COLUMNS, PULL_COLUMNS, lists_of, others_of
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.scale import Scale
from bulkdel.plan.values import Origin, PlanMeta
from bulkdel.plan.workshop import workshop
from bulkdel.providers import PROVIDERS
from bulkdel.report.backup import BackupNote, BackupStatus, notes_together, read_note, write_note
from bulkdel.report.beside import together
from bulkdel.report.figures import stamp
from bulkdel.runs.backed_up import GO_ON, refuse_destroyed
from bulkdel.runs.beside import Side
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.shards import parts_of
from bulkdel.runs.side_status import look_beside
from bulkdel.send.pull import PullDeed
from bulkdel.words import Errand, Mode, Operation

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608


_PULL: Final = 'target, account, "at"'
"""What tells one pull of a list from another; `at` means something in SQL."""

_Planned = Callable[[duck.Connection, Path, PlanMeta], list[SideShare]]


def backup_sides(job: Job, fence: Callable[[], None] = no_fence) -> tuple[Side, ...]:
    """All that the backup takes, in this order: each once the one before is finished.

    The first pulls the lists that the run's plan names; `prepare_backup` comes before.
    """
    first = _side(job, files.BACKUP, lists_of, fence)
    if job.operation is Operation.DELETE_ALL_FRIENDS and job.mode is Mode.TWO_WAY:
        return first, _side(job, files.BACKUP_OTHERS, _beside, fence)
    return (first,)


def prepare_backup(job: Job, meta: PlanMeta) -> None:
    """What must be so before the backup is opened; the run's directory is held.

    A backup of another plan goes, what is left of one that was destroyed, and what a process that
    died left unfinished.

    Raises:
        WrongInput: it was destroyed since the run has begun.
    """
    folder = job.run_dir / files.BACKUP
    note, made = read_note(job.run_dir), read_plan_meta(folder)
    destroyed = note is not None and note.state == "destroyed"
    fits = made is None or (made.origin is not None and made.origin.plan_digest == meta.digest)
    if fits and not destroyed:
        if note is not None and note.is_whole:
            return
        with nothing_sent():
            mend(folder / files.FRIENDS)
            if made is not None and note is None:  # somebody has removed it
                _note_begun(job, meta)
        return
    if begun(job.run_dir):
        refuse_destroyed(job.run_dir, note, GO_ON)
        raise Corrupt("it is of another plan than the run", where=folder, mend=RESTORE)
    with nothing_sent(), suppress(FileNotFoundError):
        shutil.rmtree(folder)


def finish_backup(job: Job) -> BackupStatus:
    """The backup once its runs are finished: each friend once, counted, with a hash of the file.

    Raises:
        Corrupt: the file does not hold what was pulled.
        WrongInput: it cannot be read or written.
    """
    status = backup_status(job.run_dir)
    if status is None or not all(side.is_finished for side in status.sides):
        raise AssertionError("a backup that is not finished")
    note = status.note
    if not note.is_whole:
        with nothing_sent():
            friends = _made_exact(job)
            path = job.run_dir / files.BACKUP / files.FRIENDS
            size, sha256 = measured(path)
        note = BackupNote(
            plan_digest=note.plan_digest,
            state="whole",
            at=stamp(_now_ms()),
            kept_until=note.kept_until,
            lists=sum(side.count("pulled") for side in status.sides),
            failed=sum(side.count("failed") for side in status.sides),
            friends=friends,
            bytes=size,
            sha256=sha256,
        )
        with nothing_sent():
            write_note(job.run_dir, note)
    return BackupStatus(note=note, sides=status.sides)


def backup_status(run_dir: Path) -> BackupStatus | None:
    """How the backup of a run stands, whoever works on it; None where none was begun.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    note = read_note(run_dir)
    sides = (look_beside(run_dir, files.BACKUP), look_beside(run_dir, files.BACKUP_OTHERS))
    if note is None or sides[0] is None:
        return None
    return BackupStatus(note=note, sides=tuple(one for one in sides if one is not None))


def whole_backup(job: Job) -> BackupStatus | None:
    """How the backups of all parts of a run stand, as if they were one; None where none was begun.

    Raises:
        Corrupt, StorageFailed, WrongInput: one cannot be read.
    """
    looked = [backup_status(part.run_dir) for part in parts_of(job)]
    found = [one for one in looked if one is not None]
    note = notes_together([one.note if one is not None else None for one in looked])
    if note is None:
        return None
    names = [target.name for target in job.targets]
    sides = zip_longest(*(one.sides for one in found))
    return BackupStatus(
        note=note,
        sides=tuple(together([one for one in some if one is not None], names) for some in sides),
    )


def whole_friends(run_dir: Path) -> Path:
    """The file of a backup that is whole, compared with its hash: each friend stands in it once.

    Raises:
        WrongInput: there is no whole backup, or it was destroyed.
        Corrupt: the file is not what was written.
    """
    note = read_note(run_dir)
    if note is None:
        raise WrongInput("this run has no backup", where=run_dir)
    refuse_destroyed(run_dir, note)
    if not note.is_whole:
        raise WrongInput("the backup is not finished", where=run_dir)
    path = run_dir / files.BACKUP / files.FRIENDS
    if measured(path) != (note.bytes, note.sha256):
        raise damaged(path, "is not what was pulled")
    return path


def _side(job: Job, folder: str, planned: _Planned, fence: Callable[[], None]) -> Side:
    friends = FriendsFile(job.run_dir / files.BACKUP / files.FRIENDS, fence)

    def deed_of(target: Target) -> PullDeed:
        return PullDeed(PROVIDERS[target.provider], job.mode, target.name, friends)

    return Side(
        folder=folder, errand=Errand.PULL, make=partial(_make, job, planned), deed_of=deed_of
    )


def _make(job: Job, planned: _Planned, side_job: Job) -> PlanMeta:
    """Plans what is pulled, from the run's plan."""
    meta = read_plan_meta(job.run_dir)
    if meta is None:
        raise AssertionError("a backup of a run without a plan")
    if side_job.run_dir == job.run_dir / files.BACKUP:
        _note_begun(job, meta)

    def shares(con: duck.Connection) -> tuple[list[SideShare], Origin]:
        entries = planned(con, job.run_dir, meta)
        whole = all(share.size == 1 for share in entries)
        return entries, Origin(plan_digest=meta.digest, whole_lists=whole)

    return make_side_plan(
        side_job.run_dir, Errand.PULL, job.mode, shares, memory_limit_mb=job.memory_limit_mb
    )


def _note_begun(job: Job, meta: PlanMeta) -> None:
    keep_s, now_ms = job.backup.keep_s, _now_ms()
    until = None if keep_s is None else stamp(now_ms + round(keep_s * 1000))
    note = BackupNote(plan_digest=meta.digest, state="begun", at=stamp(now_ms), kept_until=until)
    write_note(job.run_dir, note)


def _beside(con: duck.Connection, run_dir: Path, meta: PlanMeta) -> list[SideShare]:
    folder = run_dir / files.BACKUP
    return others_of(con, run_dir, meta, folder / files.FRIENDS, folder / files.LEDGER)


def _made_exact(job: Job) -> int:
    """How many friends the file holds, once it holds each list as its ledger says and no other.

    What came of a call whose outcome was lost is left out.

    Raises:
        Corrupt: something is missing.
    """
    folder = job.run_dir / files.BACKUP
    path = folder / files.FRIENDS
    ledgers = [folder / files.LEDGER, job.run_dir / files.BACKUP_OTHERS / files.LEDGER]
    scale = Scale.within(job.memory_limit_mb)
    if not files.is_there(path):
        files.replace(path, b"")
    with (
        duck.storage_errors(folder),
        workshop(folder) as place,
        closing(duck.open_workshop(place, memory_limit_mb=scale.duck_mb)) as con,
    ):
        _count_pulls(con, path, [one for one in ledgers if files.is_there(one)])
        if lacking := duck.number(con, "SELECT count(*) FROM pulls WHERE held <> said"):
            raise damaged(path, f"lacks some of {lacking} lists that were pulled")
        lost: set[Pulled] = set(
            con.execute(f"SELECT {_PULL} FROM pulls WHERE said IS NULL").fetchall()
        )
        friends = duck.number(con, "SELECT sum(said) FROM pulls")
    if lost:
        leave_out(path, lost)
    return friends


def _count_pulls(con: duck.Connection, path: Path, ledgers: list[Path]) -> None:
    """A table of how many friends of each pull the file holds, and how many its line says."""
    key = 'target VARCHAR, account VARCHAR, "at" VARCHAR'
    con.execute(f"CREATE TABLE pulls ({key}, held HUGEINT, said HUGEINT)")
    con.execute(f"CREATE TABLE lines ({key}, said BIGINT)")
    for ledger in ledgers:
        with duck.opened(ledger) as file:
            con.execute(
                f"INSERT INTO lines SELECT {_PULL}, friends "
                f"FROM {duck.objects_in(file, PULL_COLUMNS)} WHERE status = 'pulled'"
            )
    with duck.opened(path) as file:
        rows = duck.objects_in(file, FRIEND_COLUMNS, packed=True)
        if not path.stat().st_size:
            rows = "(SELECT * FROM lines WHERE false)"
        con.execute(
            f"INSERT INTO pulls SELECT {_PULL}, coalesce(held, 0), said FROM "
            f"(SELECT {_PULL}, count(*) AS held FROM {rows} GROUP BY ALL) "
            f"FULL JOIN (SELECT {_PULL}, sum(said) AS said FROM lines GROUP BY ALL) USING ({_PULL})"
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
