"""All that a report says of a run, as one value: the page and report.json show the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bulkdel.job.job import Reach
from bulkdel.ledger.history import LedgerEnd
from bulkdel.ledger.identity import Identity
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.ledger.values import Counters
from bulkdel.report.ledger_counts import LedgerCounts, WorstAccount
from bulkdel.report.rejects import Rejects
from bulkdel.report.status import Status, TargetStatus
from bulkdel.report.timeline import Timeline
from bulkdel.words import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """What came of one result code of a target.

    Attributes:
        words: the code in a few words. info: a text that the provider sent with it, if any.
        deleted, already_gone, failed: pairs that were settled with it.
        unsettled: pairs that wait, and got it last.
        answers: calls whose answer left something unsettled because of it.
    """

    code: int
    words: str
    info: str
    deleted: int
    already_gone: int
    failed: int
    unsettled: int
    answers: int


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
        ended_ms: None while it lives, and for ever where it died without a word.
        why: how it ended, in words.
        settled, calls: in this sitting, over all targets.
    """

    began_ms: int
    ended_ms: int | None
    why: str
    settled: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run as its report shows it.

    Attributes:
        plan_digest: of the plan that was sent.
        head: where the ledger ended when last recorded; None before the first call.
        counts: of the ledger's lines; None where they were not counted.
        input_format: of the first input file, as in the job file.
        sittings: the latest ones. sitting_count: all of them.
    """

    status: Status
    plan_digest: str
    targets: tuple[TargetFacts, ...]
    head: LedgerEnd | None
    counts: LedgerCounts | None
    sittings: tuple[SittingFacts, ...]
    sitting_count: int
    rejects: Rejects
    input_format: str

    @property
    def worst(self) -> tuple[WorstAccount, ...]:
        """The accounts with most failed pairs."""
        return self.counts.worst if self.counts else ()


def gather(
    status: Status,
    identity: Identity,
    *,
    words_of: Callable[[str, int], str],
    head: LedgerEnd | None = None,
    counts: LedgerCounts | None = None,
    sittings: Sequence[SittingRecord] = (),
    sitting_count: int = 0,
    timelines: Mapping[str, Timeline] | None = None,
    rejects: Rejects | None = None,
    input_format: str = "csv",
    why: Callable[[SittingRecord], str] = lambda sitting: sitting.end or "",
) -> RunFacts:
    """Put together what the run directory holds; `words_of` puts a provider's code into words."""
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
                codes=_codes(one, timeline, counts, lambda code: words_of(app.provider, code)),  # noqa: B023  # called at once
            )
        )
    return RunFacts(
        status=status,
        plan_digest=identity.plan_digest,
        targets=tuple(targets),
        head=head,
        counts=counts,
        sittings=_sittings(status, sittings, why),
        sitting_count=sitting_count,
        rejects=rejects or Rejects(),
        input_format=input_format,
    )


def _codes(
    target: TargetStatus,
    timeline: Timeline,
    counts: LedgerCounts | None,
    words: Callable[[int], str],
) -> tuple[CodeFacts, ...]:
    settled: dict[tuple[int, Verdict], int] = {}
    for row in counts.codes if counts else ():
        if row.target == target.name:
            settled[row.code, row.status] = row.pairs
    for failed in target.failed_codes if counts is None else ():
        settled[failed.code, Verdict.FAILED] = failed.pairs
    waiting = {one.code: one.pairs for one in target.unsettled_codes}
    info = {one.code: one.info for one in (*target.unsettled_codes, *target.failed_codes)}
    facts = [
        CodeFacts(
            code=code,
            words=words(code),
            info=info.get(code, ""),
            deleted=settled.get((code, Verdict.DELETED), 0),
            already_gone=settled.get((code, Verdict.ALREADY_GONE), 0),
            failed=settled.get((code, Verdict.FAILED), 0),
            unsettled=waiting.get(code, 0),
            answers=timeline.codes.get(code, 0),
        )
        for code in {*(code for code, _ in settled), *waiting, *timeline.codes}
    ]

    def weight(one: CodeFacts) -> tuple[int, int, int]:
        pairs = one.deleted + one.already_gone + one.failed + one.unsettled
        return (-pairs, -one.answers, one.code)

    return tuple(sorted(facts, key=weight))


def _sittings(
    status: Status, sittings: Sequence[SittingRecord], why: Callable[[SittingRecord], str]
) -> tuple[SittingFacts, ...]:
    """What was done in each: the counters when the next one began, less those when it began."""
    now = {one.name: one.counters for one in status.targets}
    after = [*(dict(one.before) for one in sittings[1:]), now]
    return tuple(
        SittingFacts(
            began_ms=sitting.started_ms,
            ended_ms=sitting.ended_ms,
            why=why(sitting),
            settled=_all_settled(then) - _all_settled(sitting.before),
            calls=_all_calls(then) - _all_calls(sitting.before),
        )
        for sitting, then in zip(sittings, after, strict=False)
    )


def _all_settled(counters: Mapping[str, Counters]) -> int:
    return sum(one.settled for one in counters.values())


def _all_calls(counters: Mapping[str, Counters]) -> int:
    return sum(one.calls for one in counters.values())
