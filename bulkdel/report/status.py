"""The fold of a run: what was planned, what is settled, what is left, and whether it balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bulkdel.job.job import Job
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, PlanMeta
from bulkdel.report.phrases import Face, place, title
from bulkdel.words import Mode, Operation

_NO_COUNTERS = Counters()


class State(StrEnum):
    """Where a run is in its life."""

    PLANNED = "planned"  #: nothing was sent yet
    RUNNING = "running"  #: a process works on it now
    STOPPED = "stopped"  #: work is left and no process works on it
    FINISHED = "finished"  #: every pair is settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many pairs last got this code; `info` is one example of the provider's text."""

    code: int
    info: str
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """One target's codes, most pairs first: of pairs that failed, and of pairs still unsettled."""

    failed: tuple[Tally, ...] = ()
    unsettled: tuple[Tally, ...] = ()


_NO_CODES = Codes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One process's life in the run.

    Attributes:
        began_ms: Unix milliseconds.
        ended_ms: None while it lives, and for ever where it died without a word.
        why: how it ended, in words; empty as long as `ended_ms` is None.
        before: the counters when it began, by target; what is missing began at nothing.
    """

    began_ms: int
    ended_ms: int | None
    why: str
    before: Mapping[str, Counters]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """One target's books and calls.

    Attributes:
        provider: its title. place: where the calls go, in words.
        unsettled: pairs less those that are settled; below zero when the books are wrong.
        qps: the ceiling, calls/s.
        rate: calls/s of the sitting that runs, on average; None while none runs.
        left_s: estimated seconds until every pair is settled; None while nobody can say.
    """

    name: str
    provider: str
    place: str
    pairs: int
    batches: int
    deleted: int
    already_gone: int
    failed: int
    unsettled: int
    calls: int
    retries: int
    throttled: int
    lost_answers: int
    qps: float
    codes: Codes
    rate: float | None
    left_s: float | None

    @property
    def settled(self) -> int:
        """Pairs that have their final verdict."""
        return self.deleted + self.already_gone + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A run as it is at `at_ms` (Unix milliseconds). `targets` in the job's order."""

    job: str
    operation: Operation
    mode: Mode
    run_dir: Path
    state: State
    reason: str
    rows: Books
    targets: tuple[TargetStatus, ...]
    sittings: tuple[Sitting, ...]
    at_ms: int

    @property
    def unsettled(self) -> int:
        """Pairs left, over all targets."""
        return sum(target.unsettled for target in self.targets)

    @property
    def left_s(self) -> float | None:
        """Estimated seconds until the last target is done; None while nobody can say."""
        open_ones = [target for target in self.targets if target.unsettled > 0]
        times = [target.left_s for target in open_ones if target.left_s is not None]
        return max(times) if times and len(times) == len(open_ones) else None


def wrongs(status: Status) -> tuple[str, ...]:
    """Every way in which the books do not balance, one sentence each; none if they do."""
    rows = status.rows
    told = rows.pairs + rows.duplicates + rows.rejected + rows.protected
    found = []
    if told != rows.read:
        found.append(f"{rows.read:,} rows were read, but {told:,} are accounted for")
    for target in status.targets:
        if target.unsettled < 0:
            found.append(
                f"{target.name}: {target.settled:,} pairs are settled, but only "
                f"{target.pairs:,} were planned"
            )
        if target.pairs != rows.pairs:
            found.append(
                f"{target.name}: {target.pairs:,} pairs are planned, but the input holds "
                f"{rows.pairs:,}"
            )
    return tuple(found)


def fold(
    meta: PlanMeta,
    counters: Mapping[str, Counters],
    *,
    job: Job,
    faces: Mapping[str, Face],
    now_ms: int,
    sittings: Sequence[Sitting] = (),
    codes: Mapping[str, Codes] | None = None,
    holder: str = "",
) -> Status:
    """The run's status out of what its directory holds.

    Args:
        meta: the plan's.
        counters: by target's name; a target that is missing has not begun.
        job: for what the plan does not hold: places and ceilings.
        faces: the providers, by name.
        now_ms: Unix milliseconds.
        sittings: oldest first.
        codes: by target's name.
        holder: which process works on the run now ("process 4711"); empty if none does.
    """
    running = bool(holder)
    current = sittings[-1] if running and sittings and sittings[-1].ended_ms is None else None
    named = {target.name: target for target in job.targets}
    targets = []
    for share in meta.shares:
        target = named[share.target]
        now = counters.get(share.target, _NO_COUNTERS)
        settled = now.deleted + now.already_gone + now.failed
        left = share.pairs - settled
        speed, left_s = _pace(now, left, current, share.target, now_ms)
        targets.append(
            TargetStatus(
                name=share.target,
                provider=title(target, faces),
                place=place(target, faces),
                pairs=share.pairs,
                batches=share.batches,
                deleted=now.deleted,
                already_gone=now.already_gone,
                failed=now.failed,
                unsettled=left,
                calls=now.calls,
                retries=now.retries,
                throttled=now.throttled,
                lost_answers=now.lost_answers,
                qps=target.qps,
                codes=(codes or {}).get(share.target, _NO_CODES),
                rate=speed,
                left_s=left_s,
            )
        )
    begun = bool(sittings) or any(target.calls for target in targets)
    state = _state(running=running, begun=begun, left=any(t.unsettled for t in targets))
    return Status(
        job=job.name,
        operation=meta.fingerprint.operation,
        mode=meta.fingerprint.mode,
        run_dir=job.run_dir,
        state=state,
        reason=_reason(state, holder, sittings),
        rows=meta.books,
        targets=tuple(targets),
        sittings=tuple(sittings),
        at_ms=now_ms,
    )


def _pace(
    now: Counters, left: int, current: Sitting | None, target: str, now_ms: int
) -> tuple[float | None, float | None]:
    """Calls/s of the current sitting and seconds left at its pace, as far as they are known."""
    if current is None or now_ms <= current.began_ms:
        return None, None
    elapsed_s = (now_ms - current.began_ms) / 1000
    before = current.before.get(target, _NO_COUNTERS)
    speed = (now.calls - before.calls) / elapsed_s
    settled = (now.deleted + now.already_gone + now.failed) - (
        before.deleted + before.already_gone + before.failed
    )
    if left <= 0:
        return speed, 0.0
    return speed, left * elapsed_s / settled if settled > 0 else None


def _state(*, running: bool, begun: bool, left: bool) -> State:
    if running:
        return State.RUNNING
    if not left:
        return State.FINISHED
    return State.STOPPED if begun else State.PLANNED


def _reason(state: State, holder: str, sittings: Sequence[Sitting]) -> str:
    match state:
        case State.RUNNING:
            return f"{holder} works on it"
        case State.FINISHED:
            return "every pair is settled"
        case State.PLANNED:
            return "nothing was sent yet"
        case State.STOPPED:
            if sittings and sittings[-1].ended_ms is None:
                return "the process that worked on it is gone and left no word: killed, or a crash"
            return sittings[-1].why if sittings else "work is left"
