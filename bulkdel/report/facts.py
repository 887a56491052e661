"""All that a report says of a run, as one value: the page and report.json show the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bulkdel.job.job import Reach
from bulkdel.ledger.history import LedgerEnd
from bulkdel.ledger.identity import Identity
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Fingerprint
from bulkdel.providers.purge import Purge
from bulkdel.report.beside import SideFacts
from bulkdel.report.ledger_counts import LedgerCounts, WorstAccount
from bulkdel.report.rejects import Rejects
from bulkdel.report.shards import ShardStatus
from bulkdel.report.status import State, Status, TargetStatus, waiting_words
from bulkdel.report.timeline import Timeline
from bulkdel.words import NEVER_SENT, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """What came of one result code of a target.

    Attributes:
        words: the code in a few words. info: a text that the provider sent with it, if any.
        deleted, already_gone, failed: pairs that were settled with it.
        unsettled: pairs that wait, and got it last.
        answers: calls whose answer left something unsettled because of it.
        purge: what the failed pairs mean for a purge; None where none failed.
    """

    code: int
    words: str
    info: str
    deleted: int
    already_gone: int
    failed: int
    unsettled: int
    answers: int
    purge: Purge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """One target: which app it is, its books, what it did, and what it answered."""

    status: TargetStatus
    provider: str
    region: str
    app_id: int
    reach: Reach
    timeline: Timeline
    codes: tuple[CodeFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingFacts:
    """One process's life in the run. Times are Unix milliseconds.

    Attributes:
        record: as the journal has it.
        seen_ms: when it ended or was last seen at work.
        works: whether it is at work now.
        why: how it ended, in words.
        settled, calls: in this sitting, over all targets.
        shard: whose sitting it was, of a run that is cut; else empty.
    """

    record: SittingRecord
    seen_ms: int
    works: bool
    why: str
    settled: int
    calls: int
    shard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFacts:
    """A shard: how it stands, and when it was worked on (Unix milliseconds; None where never).

    `head` is where its ledger ended when last recorded; None before its first call, and while a
    process sends it.
    """

    status: ShardStatus
    began_ms: int | None = None
    ended_ms: int | None = None
    head: LedgerEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When a run was worked on. Times are Unix milliseconds.

    Attributes:
        began_ms: when its first sitting began. ended_ms: when its last one ended or was last seen;
            both None where there was none.
        worked_ms: how long its sittings were at work, all that are shown together.
    """

    began_ms: int | None = None
    ended_ms: int | None = None
    worked_ms: int = 0

    @property
    def wall_ms(self) -> int | None:
        """From the beginning to the end, the nights between the sittings and all."""
        if self.began_ms is None or self.ended_ms is None:
            return None
        return self.ended_ms - self.began_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run as its report shows it.

    Attributes:
        plan_digest: of the plan that was sent. decided: what decided it, the input files too.
        head: where the ledger ended when last recorded; None before the first call.
        counts: of the ledger's lines; None where they were not counted.
        ledger_sha256: of the ledger as far as `head` says, hex digits; empty where not computed.
        input_format: of the first input file, as in the job file.
        sittings: the latest ones. sitting_count: all of them.
        agreements: the latest sittings in which somebody agreed to the plan.
        beside: the runs beside it, of each kind the latest.
        ids: whether accounts are named by their ids.
        shards: of a run that is cut; each has a ledger of its own, and `head` is None.
    """

    status: Status
    plan_digest: str
    decided: Fingerprint
    targets: tuple[TargetFacts, ...]
    head: LedgerEnd | None
    counts: LedgerCounts | None
    ledger_sha256: str
    sittings: tuple[SittingFacts, ...]
    sitting_count: int
    agreements: tuple[SittingRecord, ...]
    times: Times
    rejects: Rejects
    input_format: str
    beside: tuple[SideFacts, ...] = ()
    shards: tuple[ShardFacts, ...] = ()
    ids: bool = True

    @property
    def names_accounts(self) -> bool:
        """Whether ids of accounts stand in what is shown of it."""
        waiting = (code.example for one in self.status.targets for code in one.unsettled_codes)
        shown = (*self.worst, *self.rejects.first, *(one.first for one in self.beside), *waiting)
        return self.ids and any(shown)

    @property
    def worst(self) -> tuple[WorstAccount, ...]:
        """The accounts with most failed pairs."""
        return self.counts.worst if self.counts else ()


def gather(
    status: Status,
    identity: Identity,
    *,
    decided: Fingerprint,
    words_of: Callable[[str, int], str],
    purge_of: Callable[[str, int], Purge],
    head: LedgerEnd | None = None,
    counts: LedgerCounts | None = None,
    ledger_sha256: str = "",
    sittings: Sequence[SittingRecord] = (),
    sitting_count: int = 0,
    agreements: Sequence[SittingRecord] = (),
    timelines: Mapping[str, Timeline] | None = None,
    rejects: Rejects | None = None,
    input_format: str = "csv",
    why: Callable[[SittingRecord], str] = lambda sitting: sitting.end or "",
    beside: Sequence[SideFacts] = (),
) -> RunFacts:
    """Put together what the run directory holds.

    `words_of` puts a provider's code into words, `purge_of` says what it means for a purge.
    """
    known = {target.name: target for target in identity.targets}
    targets = []
    for one in status.targets:
        app = known[one.name]
        timeline = (timelines or {}).get(one.name, Timeline())
        targets.append(
            TargetFacts(
                status=one,
                provider=app.provider,
                region=app.region,
                app_id=app.app_id,
                reach=app.reach,
                timeline=timeline,
                codes=_codes(
                    one,
                    timeline,
                    counts,
                    partial(words_of, app.provider),
                    partial(purge_of, app.provider),
                    waiting_words(status, one),
                ),
            )
        )
    seen = [span.end_ms for one in targets for span in one.timeline.spans]
    shown = sitting_facts(status, sittings, why, seen)
    return RunFacts(
        status=status,
        plan_digest=identity.plan_digest,
        decided=decided,
        targets=tuple(targets),
        head=head,
        counts=counts,
        ledger_sha256=ledger_sha256,
        sittings=shown,
        sitting_count=sitting_count,
        agreements=tuple(agreements),
        times=times_of(status, shown),
        rejects=rejects or Rejects(),
        input_format=input_format,
        beside=tuple(beside),
    )


def _codes(  # noqa: PLR0917  # all that is known of them
    target: TargetStatus,
    timeline: Timeline,
    counts: LedgerCounts | None,
    words: Callable[[int], str],
    purge: Callable[[int], Purge],
    unanswered: str,
) -> tuple[CodeFacts, ...]:
    settled: dict[tuple[int, Verdict], int] = {}
    for row in counts.codes if counts else ():
        if row.target == target.name:
            settled[row.code, row.status] = row.pairs
    for failed in target.failed_codes if counts is None else ():
        settled[failed.code, Verdict.FAILED] = failed.pairs
    waiting = {one.code: one.pairs for one in target.unsettled_codes if one.code}
    if target.counters.calls and (rest := target.unsettled - sum(waiting.values())) > 0:
        waiting[NEVER_SENT] = rest
    info = {one.code: one.info for one in (*target.unsettled_codes, *target.failed_codes)}
    facts = [
        CodeFacts(
            code=code,
            words=unanswered if code == NEVER_SENT and code in waiting else words(code),
            info=info.get(code, ""),
            deleted=settled.get((code, Verdict.DELETED), 0),
            already_gone=settled.get((code, Verdict.ALREADY_GONE), 0),
            failed=settled.get((code, Verdict.FAILED), 0),
            unsettled=waiting.get(code, 0),
            answers=timeline.codes.get(code, 0),
            purge=purge(code) if settled.get((code, Verdict.FAILED)) else None,
        )
        for code in {*(code for code, _ in settled), *waiting, *timeline.codes}
    ]

    def weight(one: CodeFacts) -> tuple[int, int, int]:
        pairs = one.deleted + one.already_gone + one.failed + one.unsettled
        return (-pairs, -one.answers, one.code)

    return tuple(sorted(facts, key=weight))


def sitting_facts(
    status: Status,
    sittings: Sequence[SittingRecord],
    why: Callable[[SittingRecord], str],
    seen: Sequence[int],
) -> tuple[SittingFacts, ...]:
    """What was done in each: the counters when the next one began, less those when it began.

    `seen` are the times at which some lane was at work.
    """
    now = {one.name: one.counters for one in status.targets}
    after = [*(dict(one.before) for one in sittings[1:]), now]
    until = [*(one.started_ms for one in sittings[1:]), status.at_ms]
    last = status.last if status.state is State.RUNNING else None
    return tuple(
        SittingFacts(
            record=sitting,
            seen_ms=_seen(sitting, until_ms, seen, works=works),
            works=works,
            why=why(sitting),
            settled=_all_settled(then) - _all_settled(sitting.before),
            calls=_all_calls(then) - _all_calls(sitting.before),
        )
        for sitting, then, until_ms in zip(sittings, after, until, strict=False)
        for works in [last is not None and sitting.started_ms == last.began_ms]
    )


def _seen(sitting: SittingRecord, until_ms: int, seen: Sequence[int], *, works: bool) -> int:
    """When a sitting ended; of one that died, the last that was seen of it before the next."""
    if sitting.ended_ms is not None:
        return sitting.ended_ms
    if works:
        return until_ms
    within = (at for at in seen if sitting.started_ms <= at <= until_ms)
    return max(within, default=sitting.started_ms)


def times_of(status: Status, sittings: Sequence[SittingFacts]) -> Times:
    """When the run was worked on, by these sittings."""
    return Times(
        began_ms=status.began_ms,
        ended_ms=max((one.seen_ms for one in sittings), default=None),
        worked_ms=sum(one.seen_ms - one.record.started_ms for one in sittings),
    )


def _all_settled(counters: Mapping[str, Counters]) -> int:
    return sum(one.settled for one in counters.values())


def _all_calls(counters: Mapping[str, Counters]) -> int:
    return sum(one.calls for one in counters.values())
