"""How a run stands: what was planned, what is settled, what is left, and whether it balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bulkdel.job.job import NO_REQUEST, Job, Request, Target
from bulkdel.ledger.history import Carried, CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.backup import BackupNote
from bulkdel.report.beside import SideStatus, undo_of
from bulkdel.report.estimate import left_s
from bulkdel.report.phrases import finished, place, title, unit
from bulkdel.report.rejects_files import RejectsFile, rejects_files
from bulkdel.report.shards import ShardState, ShardStatus
from bulkdel.report.sums import many_lanes
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import LaneView
from bulkdel.words import Mode, Operation, Orient

_NO_COUNTERS = Counters()
_NONE_CARRIED = Carried()


class State(StrEnum):
    """Where a run is in its life."""

    PLANNED = "planned"  #: nothing was sent yet
    RUNNING = "running"  #: a process works on it now
    STOPPED = "stopped"  #: work is left and no process works on it
    FINISHED = "finished"  #: every pair is settled, or what was deleted is being put back


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSitting:
    """The process that worked on the run last, or works on it now.

    Attributes:
        began_ms: Unix milliseconds.
        ended_ms: None while it lives, and for ever where it died without a word.
        why: how it ended, in words; empty while it lives, and where nobody knows.
    """

    began_ms: int
    ended_ms: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """One target's books and calls.

    Attributes:
        provider: its title. place: where the calls go, in words.
        lane: how it stands now, whoever works on it; its counters are over all sittings.
        settled_ms: when its last pair was settled; None where that is long ago or never was.
        failed_codes, unsettled_codes: the commonest, most pairs first; a pair that no call has
            carried yet is in none.
        carried: unsettled pairs that a call has carried.
        provider_key: the provider, as in the job file. secret: where its key is, in words; empty
            where it needs none.
    """

    name: str
    provider: str
    place: str
    batches: int
    lane: LaneView
    failed_codes: tuple[CodeCount, ...]
    unsettled_codes: tuple[CodeCount, ...]
    settled_ms: int | None = None
    carried: Carried = _NONE_CARRIED
    provider_key: str = ""
    secret: str = ""

    @property
    def pairs(self) -> int:
        """Of the plan."""
        return self.lane.pairs

    @property
    def counters(self) -> Counters:
        """Over all sittings."""
        return self.lane.counters

    @property
    def qps(self) -> float:
        """The ceiling, calls/s."""
        return self.lane.qps

    @property
    def state(self) -> LaneState:
        """What it is doing, or how it ended."""
        return self.lane.state

    @property
    def left_s(self) -> float | None:
        """Estimated seconds until every pair is settled; None while nobody can say."""
        return left_s(self.lane)

    @property
    def unsettled(self) -> int:
        """Pairs that have no final verdict; below zero when the books are wrong."""
        return self.pairs - self.counters.settled

    @property
    def half_asked(self) -> int:
        """Unsettled pairs that one side was asked for, and the other never."""
        return max(0, self.counters.in_reserve - self.carried.second)

    @property
    def never_sent(self) -> int:
        """Unsettled pairs that no call has carried to its end."""
        return max(0, self.unsettled - self.counters.in_reserve - self.carried.first)

    @property
    def may_last(self) -> tuple[CodeCount, ...]:
        """Of `unsettled_codes`, those that the pairs may be answered with for ever."""
        codes = PROVIDERS[self.provider_key].codes
        return tuple(one for one in self.unsettled_codes if codes.may_last(one.code))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The runs beside a run.

    Attributes:
        sides: of each kind the latest, in the order in which they are made.
        backup: what is said of the backup as a whole; None where there is none.
        unreadable: a sentence for each that cannot be read.
    """

    sides: tuple[SideStatus, ...] = ()
    backup: BackupNote | None = None
    unreadable: tuple[str, ...] = ()


_ALONE = Beside()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A run as it is at `at_ms` (Unix milliseconds). `targets` in the plan's order.

    Attributes:
        began_ms: when its first sitting began; None if there was none.
        last: the sitting that is or was the last one.
        rejects: the files that rejected rows are exported to, so that each can be read.
        beside: the runs beside it.
        shards: of a run that is cut, all of them, in the order in which they are taken.
        request: what it answers.
    """

    job: str
    operation: Operation
    mode: Mode
    run_dir: Path
    state: State
    reason: str
    rows: Books
    targets: tuple[TargetStatus, ...]
    began_ms: int | None
    last: LastSitting | None
    at_ms: int
    orient: Orient = Orient.AS_GIVEN
    rejects: tuple[RejectsFile, ...] = ()
    beside: Beside = _ALONE
    shards: tuple[ShardStatus, ...] = ()
    request: Request = NO_REQUEST

    @property
    def planned(self) -> int:
        """Pairs of the plan, over all targets."""
        return sum(target.pairs for target in self.targets)

    @property
    def failed(self) -> int:
        """Pairs that failed for good, over all targets."""
        return sum(target.counters.failed for target in self.targets)

    @property
    def unsettled(self) -> int:
        """Pairs left, over all targets."""
        return sum(target.unsettled for target in self.targets)

    @property
    def can_be_put_back(self) -> bool:
        """Whether a backup holds what was deleted, and nothing of it was put back yet."""
        gone = self.planned - self.unsettled - self.failed
        note, sides = self.beside.backup, self.beside.sides
        held = note is not None and note.is_whole and note.friends > 0
        return held and gone > 0 and undo_of(sides) is None

    @property
    def left_s(self) -> float | None:
        """Estimated seconds until the last target is done; None while nobody can say.

        Where shards wait to be taken, until all is done at the calls/s of all together.
        """
        if any(shard.state is ShardState.WAITING for shard in self.shards):
            return left_s(many_lanes("", [target.lane for target in self.targets]))
        open_ones = [target for target in self.targets if target.unsettled > 0]
        times = [target.left_s for target in open_ones if target.left_s is not None]
        return max(times) if times and len(times) == len(open_ones) else None


def wrongs(status: Status) -> tuple[str, ...]:
    """Every way in which the books do not balance, one sentence each; none if they do."""
    rows = status.rows
    sentences = []
    if rows.accounted != rows.read:
        sentences.append(f"{rows.read:,} rows were read, but {rows.accounted:,} are accounted for")
    for target in status.targets:
        if target.unsettled < 0:
            sentences.append(
                f"{target.name}: {target.counters.settled:,} pairs are settled, but only "
                f"{target.pairs:,} were planned"
            )
        if target.pairs != rows.pairs:
            sentences.append(
                f"{target.name}: {target.pairs:,} pairs are planned, but the input holds "
                f"{rows.pairs:,}"
            )
    return tuple(sentences)


def fold(
    meta: PlanMeta,
    counters: Mapping[str, Counters],
    *,
    job: Job,
    now_ms: int,
    began_ms: int | None = None,
    last: LastSitting | None = None,
    failed: Sequence[CodeCount] = (),
    unsettled: Sequence[CodeCount] = (),
    lanes: Mapping[str, LaneView] | None = None,
    carried: Mapping[str, Carried] | None = None,
    settled_ms: Mapping[str, int] | None = None,
    holder: str = "",
    beside: Beside = _ALONE,
) -> Status:
    """The run's status out of what its directory holds.

    Args:
        meta: the plan's.
        counters: by target's name; a target that is missing has not begun.
        job: for what the plan does not hold: places and ceilings.
        now_ms: Unix milliseconds.
        began_ms: when the first sitting began, if there was one.
        last: the latest sitting, if there was one.
        failed: the codes of failed pairs, over all targets.
        unsettled: the codes of pairs that wait, over all targets.
        lanes: by target's name, as they were last seen in the latest sitting.
        carried: unsettled pairs that a call has carried, by target's name.
        settled_ms: when the last pair was settled, by target's name.
        holder: which process works on the run now ("process 4711"); empty if none does.
        beside: the runs beside it.
    """
    named = {target.name: target for target in job.targets}
    targets = []
    for share in meta.shares:
        target = named[share.target]
        lane = (lanes or {}).get(share.target) or at_rest(share.target, qps=target.qps)
        now = counters.get(share.target, _NO_COUNTERS)
        targets.append(
            TargetStatus(
                name=share.target,
                provider=title(target),
                place=place(target),
                batches=share.batches,
                lane=replace(lane, pairs=share.pairs, counters=now),
                failed_codes=tuple(one for one in failed if one.target == share.target),
                unsettled_codes=tuple(one for one in unsettled if one.target == share.target),
                settled_ms=(settled_ms or {}).get(share.target),
                carried=(carried or {}).get(share.target, _NONE_CARRIED),
                provider_key=target.provider,
                secret=_secret(target),
            )
        )
    state = _state(
        running=bool(holder),
        begun=last is not None or any(target.counters.calls for target in targets),
        left=any(target.unsettled for target in targets) and undo_of(beside.sides) is None,
    )
    status = Status(
        job=job.name,
        operation=meta.deletion,
        mode=meta.fingerprint.mode,
        run_dir=job.run_dir,
        state=state,
        reason="",
        rows=meta.books,
        targets=tuple(targets),
        began_ms=began_ms,
        last=last,
        at_ms=now_ms,
        orient=meta.fingerprint.orient,
        rejects=rejects_files(meta.fingerprint.sources) if meta.books.rejected else (),
        beside=beside,
        request=job.request,
    )
    return replace(status, reason=_reason(status, holder))


def _secret(target: Target) -> str:
    if target.secret is None:
        return ""
    if target.secret.env:
        return f"the variable {target.secret.env}"
    return f"the file {target.secret.file}"


def at_rest(target: str, *, qps: float, state: LaneState | None = None) -> LaneView:
    """A lane of which nothing is sent; without pairs or counters."""
    return LaneView(
        target=target,
        pairs=0,
        counters=_NO_COUNTERS,
        qps=qps,
        pace=qps,
        rate=0.0,
        in_flight=0,
        state=state or LaneState(doing=Doing.PLANNED),
    )


def _state(*, running: bool, begun: bool, left: bool) -> State:
    if running:
        return State.RUNNING
    if not left:
        return State.FINISHED
    return State.STOPPED if begun else State.PLANNED


def _reason(status: Status, holder: str) -> str:
    match status.state:
        case State.RUNNING:
            return f"{holder} works on it"
        case State.FINISHED:
            return finished_words(status)
        case State.PLANNED:
            return "nothing was sent yet"
        case State.STOPPED:
            return "work is left" if status.last is None else how_it_ended(status.last)


def waiting_words(status: Status, target: TargetStatus) -> str:
    """What is said of a target's unsettled pairs that no answer was about.

    Some may be in flight, or have been where a process left at once.
    """
    whole = status.last is None or status.last.ended_ms is not None
    words = "not sent yet" if whole else "not sent yet, or no answer yet"
    return f"{words}, or the other side is to be asked" if target.counters.in_reserve else words


def finished_words(status: Status) -> str:
    """How a run stands of which nothing is left, as a part of a sentence."""
    rows = status.rows
    return finished(
        unit(status.operation), rows.pairs, failed=status.failed, rejected=rows.rejected
    )


def how_it_ended(last: LastSitting) -> str:
    """Why the last sitting is over, as far as anybody knows."""
    if last.ended_ms is None:
        return (
            last.why or "the process that worked on it is gone without a word: killed, or a crash"
        )
    return last.why or "work is left"
