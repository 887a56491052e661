"""An undo: what this run deleted and its backup holds, put back once it was asked what is there.

Three runs beside the run, with the same entries in the first two:

    undo/before   asks both sides of each entry, so that what is there is left as it is
    undo          puts back what was absent then
    undo/after    where adding may write the other list as well: asks whether it did

Before anything is put back in a sitting, all that it puts back was asked for: of a friend who was
absent then and is on the list later, it was our own calls that put him there.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

import orjson

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt, NothingToDo, WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.ledger.counting import placed
from bulkdel.ledger.history import Snapshot, open_history, snapshot
from bulkdel.ledger.identity import identity_changes
from bulkdel.ledger.opening import missing_lines
from bulkdel.ledger.values import Group
from bulkdel.plan import duck, put_back
from bulkdel.plan.beside import Shares, SideShare, make_side_plan
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.values import Origin, PlanMeta, Share
from bulkdel.providers import PROVIDERS
from bulkdel.report.backup import read_note
from bulkdel.runs.backup import whole_friends
from bulkdel.runs.beside import Side
from bulkdel.runs.side_status import look_beside, undo_status
from bulkdel.runs.status import identity_of
from bulkdel.runs.undone import AFTER, other_list
from bulkdel.send.deed import Asking, Deed
from bulkdel.send.put_back import PuttingBack
from bulkdel.words import Batch, Errand, Mode, Verdict, size_of

BEFORE: Final = f"{files.UNDO}/before"

_THERE: Final = ("from", "both")
"""Where an entry was found that is on its list already."""
_OTHER: Final = ("to", "both")
"""Where it was found that is on the other list."""
_LEDGER_TAIL: Final = "tail"


def undo_side(job: Job) -> Side:
    """The run that puts back what the run of `job` deleted.

    Where it was begun before this, much may have changed since it was asked what is there: so each
    list is asked again just before it is written, unless our own calls may have changed it.
    """
    continued = look_beside(job.run_dir, BEFORE) is not None

    def deed_of(target: Target) -> Deed:
        provider = PROVIDERS[target.provider]
        again = continued and not provider.put_back.writes_both
        ask = provider.ask_friends[Mode.ONE_WAY] if again else None
        return PuttingBack(provider.put_back, job.mode, ask)

    return Side(
        folder=files.UNDO, errand=Errand.PUT_BACK, make=partial(_make, job), deed_of=deed_of
    )


def prepare(job: Job) -> None:
    """What must be so before the undo of a run is opened; the run's directory is held.

    A plan of it that was made before the run went on, and of which nothing was done, goes.

    Raises:
        WrongInput: there is nothing to put back, or another app is configured, or the backup was
            destroyed, and what an undo has planned with it.
    """
    meta, seen = _begun(job)
    settled = {name: counters.settled for name, counters in seen.counters.items()}
    if changes := identity_changes(seen.identity, identity_of(job, meta), settled):
        raise WrongInput(
            f"the job is not as this run was: {'; '.join(changes)}",
            where=job.source,
            mend="nothing is put back at another app than it was deleted from",
        )
    note = read_note(job.run_dir)
    if note is not None and note.state == "destroyed":
        raise WrongInput(
            f"the backup was destroyed {note.at}, so nothing can be put back", where=job.run_dir
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
        raise NothingToDo(
            "nothing was deleted from here, so there is nothing to put back", where=job.run_dir
        )
    return meta, seen


def _ledger_bytes(job: Job) -> int:
    return (job.run_dir / files.LEDGER).stat().st_size


# --- The plan of what is put back ----------------------------------------------------------------


def _make(job: Job, side_job: Job) -> PlanMeta:
    """Plans what is put back, from the run's ledger and its backup."""
    meta, seen = _begun(job)
    friends = whole_friends(job.run_dir)
    with PlanReader(job.run_dir, meta) as plan:
        tail = missing_lines(
            job.run_dir,
            seen.identity,
            plan.entry,
            operation=meta.deletion,
            mode=job.mode,
        )
    sizes = {target.name: target.batch_size for target in side_job.targets}
    calls = {target.name: PROVIDERS[target.provider].put_back for target in job.targets}
    first = {name: one.at_once if one.writes_both else () for name, one in calls.items()}

    def shares(con: duck.Connection) -> tuple[list[SideShare], Origin]:
        place = side_job.run_dir / files.WORKSHOP
        behind = place / _LEDGER_TAIL
        behind.write_bytes(tail)
        put_back.read_deleted(con, [job.run_dir / files.LEDGER, behind])
        _refuse_other_books(job.run_dir, seen, put_back.count_deleted(con))
        put_back.read_backup(con, friends, job.run_dir / files.BACKUP / files.LEDGER)
        names = [share.target for share in meta.shares]
        found = [put_back.found(con, name, meta.deletion, job.mode) for name in names]
        deleted, unheld = (sum(one.deleted for one in found), sum(one.unheld for one in found))
        if deleted == 0:
            raise NothingToDo(
                "nothing was deleted by this run, so there is nothing to put back",
                where=job.run_dir,
            )
        if deleted == unheld:
            raise NothingToDo(
                "the backup holds nothing of what this run deleted, so nothing can be put back",
                where=job.run_dir,
            )
        return [
            put_back.put_back_share(
                con, name, sizes[name], meta.deletion, job.mode, place=place, first=first[name]
            )
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


def _refuse_other_books(run_dir: Path, seen: Snapshot, lines: Mapping[str, int]) -> None:
    """Return if the ledger has the lines that its journal has counted.

    Raises:
        Corrupt: it has not: of what it lost, nothing would be put back.
    """
    for name, counters in seen.counters.items():
        if counters.deleted != lines.get(name, 0):
            raise Corrupt(
                f"{counters.deleted:,} pairs of {name} were deleted, and {lines.get(name, 0):,} "
                "whole lines say so",
                where=run_dir / files.LEDGER,
                mend=RESTORE,
            )


def whole_undo(job: Job, plans: Sequence[PlanMeta]) -> PlanMeta:
    """The plans of the undos beside a run's parts, as if they were one: what a person agrees to."""
    if len(plans) == 1 and len(plans[0].shares) == len(job.targets):
        return plans[0]
    shares = [share for plan in plans for share in plan.shares]
    unheld = sum(sum(plan.origin.unheld) for plan in plans if plan.origin)
    return replace(
        plans[0],
        books=replace(plans[0].books, pairs=sum(plan.books.pairs for plan in plans)),
        shares=tuple(
            Share(
                target=target.name,
                first=0,
                batches=sum(one.batches for one in shares if one.target == target.name),
                pairs=sum(one.pairs for one in shares if one.target == target.name),
                largest=(),
            )
            for target in job.targets
        ),
        origin=Origin(plan_digest="", whole_lists=False, unheld=(unheld,)),
    )


# --- What is asked before and after ---------------------------------------------------------------


def before_side(job: Job, meta: PlanMeta) -> Side:
    """The run that asks what is there of all that is to be put back; `meta` is that plan's."""

    def make(side_job: Job) -> PlanMeta:
        folder = job.run_dir / files.UNDO

        def shares(_: duck.Connection) -> tuple[list[SideShare], Origin]:
            return [
                SideShare(target=share.target, size=size, entries=_asked(plan, share))
                for share, (_, size) in zip(meta.shares, meta.fingerprint.targets, strict=True)
            ], _origin(meta)

        with PlanReader(folder, meta) as plan:
            return _made(job, side_job, shares)

    return Side(
        folder=BEFORE,
        errand=Errand.ASK,
        make=make,
        deed_of=_asking,
    )


def _asked(plan: PlanReader, share: Share) -> Iterator[tuple[str, list[str]]]:
    """The same entries, in the same order, so that an ordinal is one and the same in both plans."""
    for page in plan.scan(share.first, share.first + share.batches):
        for entry in page:
            if isinstance(entry, Batch):
                yield entry.from_account, list(entry.to_accounts)


def _origin(meta: PlanMeta) -> Origin:
    """Of a run that asks, beside the undo whose plan `meta` is."""
    if meta.origin is None:
        raise AssertionError("the plan of an undo is made of a run's")
    return Origin(plan_digest=meta.origin.plan_digest, whole_lists=False)


def _asking(target: Target) -> Deed:
    return Asking(PROVIDERS[target.provider], Mode.TWO_WAY)


def _made(job: Job, side_job: Job, shares: Shares) -> PlanMeta:
    return make_side_plan(
        side_job.run_dir, Errand.ASK, Mode.TWO_WAY, shares, memory_limit_mb=job.memory_limit_mb
    )


def known_before(job: Job) -> Iterator[tuple[int, int, tuple[Group, ...]]]:
    """What needs no call, as `SideRun.settle` takes it: who is there, and who cannot be asked for.

    Nobody is put back of whom it is not known whether he is there: he could lose what his list
    says of him now.
    """
    folder = job.run_dir / BEFORE
    meta = read_plan_meta(folder)
    if meta is None:
        raise AssertionError("what is there was never asked for")
    with open_history(folder) as history, PlanReader(folder, meta) as plan:
        for ordinal, target, settlement in history.settlements() if history else ():
            if all(group.status is Verdict.DELETED for group in settlement.groups):
                continue
            size = size_of(plan.entry(ordinal))
            groups = tuple(
                replace(group, items=tuple(places), note="", lost=0)
                for group, places in placed(settlement, size)
                if group.status is Verdict.FAILED or group.note in _THERE
            )
            if groups:
                yield ordinal, target, groups


def after_side(job: Job, meta: PlanMeta) -> Side | None:
    """The run that asks whether adding wrote the other list too; None where it never does that.

    It asks for those who were added where neither had the other, and of whom the undo puts back one
    side alone. `meta` is the undo's plan, which is finished.
    """
    providers = {target.name: PROVIDERS[target.provider] for target in job.targets}
    writes_both = [one.target for one in meta.shares if providers[one.target].put_back.writes_both]
    if not writes_both:
        return None

    def make(side_job: Job) -> PlanMeta:
        def shares(con: duck.Connection) -> tuple[list[SideShare], Origin]:
            undo, before = (job.run_dir / one / files.LEDGER for one in (files.UNDO, BEFORE))
            put_back.read_one_sided(con, undo, before, writes_both)
            place = side_job.run_dir / files.WORKSHOP
            sizes = meta.fingerprint.targets
            return [
                put_back.one_sided_share(con, name, size, place) for name, size in sizes
            ], _origin(meta)

        return _made(job, side_job, shares)

    return Side(folder=AFTER, errand=Errand.ASK, make=make, deed_of=_asking, gives_up=True)


# --- What is said of it ---------------------------------------------------------------------------


def agreed_before(run_dir: Path) -> bool:
    """Whether somebody has agreed to all of the undo, not to some accounts of it."""
    with open_history(run_dir / files.UNDO) as history:
        return any(
            one.circumstances is not None and "--account" not in one.circumstances.command
            for one in (history.agreements() if history else ())
        )


def backed_up_at(run_dir: Path) -> str:
    """When the backup was finished, UTC; empty where it is gone."""
    note = read_note(run_dir)
    return note.at if note is not None and note.is_whole else ""


def unsettled(run_dir: Path) -> int:
    """Pairs of the run that have no result."""
    meta, seen = read_plan_meta(run_dir), snapshot(run_dir)
    if meta is None or seen is None:
        return 0
    settled = sum(counters.settled for counters in seen.counters.values())
    return sum(share.pairs for share in meta.shares) - settled


def write_other_lists(job: Job) -> None:
    """Writes what adding put on the other lists, a file for each target, as a job can read it."""
    folder = job.run_dir / AFTER
    if not files.is_there(folder / files.LEDGER):
        return
    with ExitStack() as stack:
        out: dict[str, Any] = {}
        for line in stack.enter_context(files.open_to_read(folder / files.LEDGER)):
            found = orjson.loads(line)
            if found.get("where") not in _OTHER:
                continue
            target = found["target"]
            if target not in out:
                path = other_list(job.run_dir, target)
                text = TextIOWrapper(stack.enter_context(files.replacing(path)), "utf-8")
                stack.callback(text.detach)
                out[target] = csv.writer(text, lineterminator="\n")
                out[target].writerow(("From_Account", "To_Account"))
            out[target].writerow((found["to_account"], found["from_account"]))
