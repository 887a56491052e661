"""An undo: what this run deleted and its backup holds, put back once it was asked what is there.

Three runs beside the run, with the same entries in the first two:

    undo/before   asks both sides of each entry, so that what is there is left as it is
    undo          puts back what was absent then
    undo/after    where adding may write the other list as well: asks whether it did

Before anything is put back in a sitting, all that it puts back was asked for: of a friend who was
absent then and is on the list later, it was our own calls that put him there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import Corrupt, WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.ledger.counting import placed
from bulkdel.ledger.history import Snapshot, open_history, snapshot
from bulkdel.ledger.identity import identity_changes
from bulkdel.ledger.opening import missing_lines
from bulkdel.ledger.values import Group
from bulkdel.plan import duck, put_back
from bulkdel.plan.beside import SideShare, make_side_plan
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.values import Origin, PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.beside import SideStatus
from bulkdel.runs.beside import Side, look_beside
from bulkdel.runs.status import identity_of
from bulkdel.send.deed import Deed
from bulkdel.send.put_back import PuttingBack
from bulkdel.send.selection import Selection
from bulkdel.words import Batch, Entry, Errand, Mode, Verdict, size_of

BEFORE: Final = f"{files.UNDO}/before"
AFTER: Final = f"{files.UNDO}/after"

_THERE: Final = ("from", "both")
"""Where an entry was found that is on its list already."""
_LEDGER_TAIL: Final = "tail"


def undo_status(run_dir: Path) -> SideStatus | None:
    """How the undo of a run stands, whoever works on it; None where none was begun.

    An undo is begun once a call of it has left that puts something back, or once something of it
    was settled: from then on the run is finished.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    status = look_beside(run_dir, files.UNDO)
    if status is None or not any(t.counters.calls or t.counters.settled for t in status.targets):
        return None
    return status


def refuse_undone(job: Job) -> None:
    """Return if the run was not undone, not even in part.

    Raises:
        WrongInput: it was, so it is finished.
    """
    if files.is_there(job.run_dir / files.UNDO / files.PLAN) and undo_status(job.run_dir):
        raise WrongInput(
            "this run was undone, at least in part, so it is finished and cannot be continued",
            where=job.run_dir,
            mend="begin a new run with --run-dir; `bulkdel undo` goes on putting back",
        )


def undo_side(job: Job) -> Side:
    """The run that puts back what the run of `job` deleted."""

    def deed_of(target: Target) -> Deed:
        return PuttingBack(PROVIDERS[target.provider].put_back, job.mode)

    return Side(
        folder=files.UNDO, errand=Errand.PUT_BACK, make=partial(_make, job), deed_of=deed_of
    )


def prepare(job: Job) -> None:
    """What must be so before the undo of a run is opened; the run's directory is held.

    A plan of it that was made before the run went on, and of which nothing was done, goes.

    Raises:
        WrongInput: there is nothing to put back, or another app is configured.
    """
    meta, seen = _begun(job)
    settled = {name: counters.settled for name, counters in seen.counters.items()}
    if changes := identity_changes(seen.identity, identity_of(job, meta), settled):
        raise WrongInput(
            f"the run was another's: {'; '.join(changes)}",
            where=job.source,
            mend="nothing is put back at another app than it was deleted from",
        )
    folder = job.run_dir / files.UNDO
    planned = read_plan_meta(folder)
    if planned is None or undo_status(job.run_dir) is not None:
        return
    if planned.origin is None or planned.origin.ledger_bytes != _ledger_bytes(job):
        with suppress(FileNotFoundError):
            shutil.rmtree(job.run_dir / BEFORE)
        (folder / files.PLAN).unlink()


def _begun(job: Job) -> tuple[PlanMeta, Snapshot]:
    meta, seen = read_plan_meta(job.run_dir), snapshot(job.run_dir)
    if meta is None or seen is None or not seen.begun:
        raise WrongInput("nothing was deleted from here, so there is nothing to put back",
                         where=job.run_dir)
    return meta, seen


def _ledger_bytes(job: Job) -> int:
    return (job.run_dir / files.LEDGER).stat().st_size


# --- The plan of what is put back ----------------------------------------------------------------


def _make(job: Job, side_job: Job) -> PlanMeta:
    """Plans what is put back, from the run's ledger and its backup."""
    meta, seen = _begun(job)
    backups = _backups(job)
    with PlanReader(job.run_dir, meta) as plan:
        tail = missing_lines(
            job.run_dir,
            seen.identity,
            plan.entry,
            operation=meta.deletion,
            mode=job.mode,
        )
    sizes = {target.name: target.batch_size for target in side_job.targets}

    def shares(con: duck.Connection) -> tuple[list[SideShare], Origin]:
        behind = side_job.run_dir / files.WORKSHOP / _LEDGER_TAIL
        behind.write_bytes(tail)
        put_back.read_deleted(con, [job.run_dir / files.LEDGER, behind])
        put_back.read_backup(con, backups)
        names = [share.target for share in meta.shares]
        found = [put_back.found(con, name, meta.deletion, job.mode) for name in names]
        deleted, unheld = (sum(one.deleted for one in found), sum(one.unheld for one in found))
        if deleted == 0:
            raise WrongInput("nothing was deleted by this run, so there is nothing to put back",
                             where=job.run_dir)
        if deleted == unheld:
            raise WrongInput("the backup holds nothing of what this run deleted, so nothing can "
                             "be put back", where=job.run_dir)
        return [
            put_back.put_back_share(con, name, sizes[name], meta.deletion, job.mode)
            for name in names
        ], Origin(
            plan_digest=meta.digest,
            whole_lists=False,
            ledger_bytes=_ledger_bytes(job),
            population=tuple(one.deleted for one in found),
            unheld=tuple(one.unheld for one in found),
        )

    return make_side_plan(
        side_job.run_dir, Errand.PUT_BACK, job.mode, shares, memory_limit_mb=job.memory_limit_mb
    )


def _backups(job: Job) -> list[tuple[Path, Path]]:
    """The ledgers and files of friends of the run's backup."""
    folders = [job.run_dir / files.BACKUP, job.run_dir / files.BACKUP / "others"]
    there = [
        (folder / files.LEDGER, folder / files.FRIENDS)
        for folder in folders
        if files.is_there(folder / files.FRIENDS)
    ]
    if not there:
        raise WrongInput("this run has no backup, so nothing can be put back", where=job.run_dir)
    return there


# --- What is asked before and after --------------------------------------------------------------


class _Asking:
    """The deed of a question about pairs."""

    def __init__(self, target: Target) -> None:
        asked = PROVIDERS[target.provider].ask_friends[Mode.TWO_WAY]
        self._encode = asked.encode
        self._decode = asked.decode

    def command(self, load: Entry) -> object:
        raise NotImplementedError
