"""How the runs beside a run stand: read from their folders, whoever works on them."""

from __future__ import annotations

from pathlib import Path

from bulkdel import files, rundir
from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.ledger.history import snapshot
from bulkdel.ledger.lock import holder
from bulkdel.ledger.values import Counters
from bulkdel.plan.read import read_plan_meta
from bulkdel.report.backup import read_note
from bulkdel.report.beside import SideStatus, SideTarget
from bulkdel.report.status import Beside
from bulkdel.words import Operation


def look_sides(run_dir: Path) -> Beside:
    """The runs beside a run as its status shows them.

    Raises:
        WrongInput: the run directory cannot be looked at.
    """
    latest: dict[str, str] = {}
    for folder in rundir.sides(run_dir):
        if "/" not in folder:
            latest[folder.partition("-")[0]] = folder
    found, wrong = [], []
    for folder in latest.values():
        try:
            one = look_beside(run_dir, folder)
        except (BulkdelError, OSError) as error:  # the figures of the run itself are shown
            wrong.append(f"{folder}/ cannot be read: {error}")
        else:
            found += [one] if one is not None else []
    note = None
    try:
        note = read_note(run_dir)
    except (BulkdelError, OSError) as error:
        wrong.append(f"the backup cannot be read: {error}")
    return Beside(sides=tuple(found), backup=note, unreadable=tuple(wrong))


def look_beside(run_dir: Path, folder: str) -> SideStatus | None:
    """How the run in a folder of `run_dir` stands, whoever works on it; None if there is none.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    meta = read_plan_meta(run_dir / folder)
    if meta is None or meta.origin is None or isinstance(meta.fingerprint.operation, Operation):
        return None
    seen = snapshot(run_dir / folder)
    if seen is not None and seen.identity.plan_digest != meta.digest:
        seen = None
    counters = {} if seen is None else seen.counters
    last = None if seen is None else seen.last
    return SideStatus(
        folder=folder,
        errand=meta.fingerprint.operation,
        origin=meta.origin,
        targets=tuple(
            SideTarget(
                name=share.target,
                pairs=share.pairs,
                counters=counters.get(share.target, Counters()),
            )
            for share in meta.shares
        ),
        failed=() if seen is None else seen.failed,
        began_ms=None if seen is None else seen.first_started_ms,
        ended_ms=None if last is None else last.ended_ms,
        end="" if last is None else last.end or "",
        at_work=holder(run_dir / folder) is not None,
    )


def undo_status(run_dir: Path) -> SideStatus | None:
    """How the undo of a run stands, whoever works on it; None where none was begun.

    It is begun once its calls that put something back may have left, or something of it is settled:
    from then on the run is finished.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    status = look_beside(run_dir, files.UNDO)
    return status if status is not None and status.has_begun else None


def refuse_undone(run_dir: Path) -> None:
    """Return if the run was not undone, not even in part.

    Raises:
        WrongInput: it was, so it is finished.
    """
    if undo_status(run_dir) is not None:
        raise WrongInput(
            "this run was undone, at least in part, so it is finished and cannot be continued",
            where=run_dir,
            mend="begin a new run with --run-dir; `bulkdel undo` goes on putting back",
        )
