"""The tables that status, summary and preview share: the books, the calls, the codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import RenderableType

from bulkdel.job.job import Target
from bulkdel.ledger.history import CodeCount
from bulkdel.plan.values import Books, PlanMeta, Share
from bulkdel.report.few import ROWS_MOST, by_provider, few
from bulkdel.report.figures import count, percent, plain, span
from bulkdel.report.lane_words import lane_words
from bulkdel.report.status import Status, TargetStatus, waiting_words
from bulkdel.report.sums import urgency
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, table, words
from bulkdel.report.tone import Tone
from bulkdel.report.verdict import RunVerdict
from bulkdel.send.state import Doing, End
from bulkdel.send.view import LaneView
from bulkdel.words import INFO_CAP, NEVER_SENT, NO_REPLY, UNREADABLE

CODES_SHOWN = 10
"""Codes of a target and a status, the commonest."""
_NAMED_MOST: Final = 3
"""Targets that are named, where the same is said of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do some of a target's work; `qps` is the ceiling of its calls, calls/s."""

    target: str
    name: str
    calls: int
    qps: float

    @property
    def takes_s(self) -> float:
        """Seconds at the ceiling and without a retry."""
        return self.calls / self.qps


def ways(rows: Sequence[Way]) -> RenderableType:
    """Ways to do the same work, one under the other; a target is named once."""
    named = [
        "" if at and rows[at - 1].target == way.target else way.target
        for at, way in enumerate(rows)
    ]
    return table(
        ("target", "", "calls", "take at least"),
        ("target", ""),
        [
            (name, way.name, count(way.calls), span(way.takes_s))
            for name, way in zip(named, rows, strict=True)
        ],
    )


def share_of(meta: PlanMeta, target: Target) -> Share:
    """The target's part of the plan."""
    return next(share for share in meta.shares if share.target == target.name)


def doubt(job: str, verdict: RunVerdict) -> Iterator[RenderableType]:
    """What comes first where nearly nothing of what was asked was a friendship; or nothing."""
    if verdict.no_friendships:
        yield words(f"{plain(job)}: {verdict.no_friendships.sentence}", BAD)
        yield words(verdict.no_friendships.look)


def rows_line(rows: Books) -> RenderableType:
    """The books of the input, as the sum that they are."""
    return table(
        ("rows read", "= pairs", "+ duplicates", "+ rejected", "+ protected"),
        (),
        [[*map(count, (rows.read, rows.pairs, rows.duplicates, rows.rejected, rows.protected))]],
    )


def balance(status: Status, wrongs: Sequence[str]) -> Iterator[RenderableType]:
    """The books of the input and of each target, and whether they balance: loud if not.

    `wrongs` are the run's, of its verdict.
    """
    yield rows_line(status.rows)
    yield words("")
    yield table(
        ("target", "pairs", "= deleted", "+ already gone", "+ failed", "+ unsettled"),
        ("target",),
        [
            (
                target.name,
                count(target.pairs),
                *map(count, (now.deleted, now.already_gone, now.failed)),
                count(target.unsettled),
            )
            for target in few(status.targets)
            for now in (target.counters,)
        ],
    )
    yield words("")
    if not wrongs:
        yield words("The books are balanced: every row and every pair is counted once.", GOOD)
        return
    yield words("THE BOOKS DO NOT BALANCE. Do not rely on these numbers:", BAD)
    for sentence in wrongs:
        yield words(f"- {sentence}", BAD, indent=2)


def calls(status: Status) -> RenderableType:
    """What the work cost."""
    return table(
        ("target", "settled", "batches", "calls", "retries", "throttled", "lost answers"),
        ("target",),
        [
            (
                target.name,
                percent(now.settled, target.pairs),
                count(target.batches),
                *map(count, (now.calls, now.retries, now.throttled, now.lost_answers)),
            )
            for target in few(status.targets)
            for now in (target.counters,)
        ],
    )


def states(lanes: Sequence[LaneView], at_ms: int) -> Iterator[RenderableType]:
    """What each target is doing that does not simply send, or how its part ended; or nothing."""
    whose: dict[str, list[str]] = {}
    for lane in sorted(lanes, key=urgency) if len(lanes) > ROWS_MOST else lanes:
        said = lane_words(lane, at_ms)
        simple = said.tone is Tone.GOOD or lane.state.doing is Doing.PLANNED
        alone = len(lanes) == 1 and lane.state.end is End.FINISHED
        if not (simple or alone):
            whose.setdefault(plain(said.words, 600), []).append(lane.target)
    if whose:
        yield words("")
        rows = [(_named(names), said) for said, names in whose.items()]
        more = [("...", f"and {count(len(rows) - ROWS_MOST)} other things")] * (
            len(rows) > ROWS_MOST
        )
        yield facts([*rows[:ROWS_MOST], *more])


def _named(names: Sequence[str]) -> str:
    if len(names) <= _NAMED_MOST:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def codes(status: Status) -> Iterator[RenderableType]:
    """What stands behind failed and unsettled pairs, once anything was sent; or nothing."""
    rows: list[tuple[str, ...]] = []
    for target in by_provider(status.targets):
        if target.counters.calls:
            failed = target.counters.failed
            rows += _rows(target, "failed", failed, target.failed_codes, "other codes")
            rows += _left(status, target)
    yield from _codes("What failed or is not settled, by the provider's last code:", rows)


def unsettled_codes(status: Status) -> Iterator[RenderableType]:
    """What stands behind unsettled pairs alone."""
    rows: list[tuple[str, ...]] = []
    for target in by_provider(status.targets):
        rows += _left(status, target)
    yield from _codes("What is left, by the provider's last code:", rows)


def _left(status: Status, target: TargetStatus) -> Iterator[tuple[str, ...]]:
    rest = waiting_words(status, target)
    return _rows(target, "unsettled", target.unsettled, target.unsettled_codes, rest)


def _codes(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[RenderableType]:
    if not rows:
        return
    yield words("")
    yield words(title, TITLE)
    yield table(
        ("target", "pairs", "status", "code", "the provider says"),
        ("target", "status", "the provider says"),
        rows,
    )


def _rows(
    target: TargetStatus, status: str, whole: int, counts: tuple[CodeCount, ...], rest: str
) -> Iterator[tuple[str, str, str, str, str]]:
    shown = counts[:CODES_SHOWN]
    for one in shown:
        yield target.name, count(one.pairs), status, _code(one.code), _says(one)
    others = whole - sum(one.pairs for one in shown)
    if others > 0:
        what = rest if len(shown) == len(counts) else f"other codes, or {rest}"
        yield target.name, count(others), status, "-", what


def _code(code: int) -> str:
    return "-" if code in (NO_REPLY, UNREADABLE, NEVER_SENT) else str(code)


def _says(one: CodeCount) -> str:
    answer = _answer(one)
    return f"{answer} (for example {plain(one.example, 60)})" if one.example else answer


def _answer(one: CodeCount) -> str:
    info = plain(one.info, INFO_CAP)
    match one.code:
        case code if code == NO_REPLY:
            return f"no answer: {info}" if info else "no answer"
        case code if code == UNREADABLE:
            return f"an answer that cannot be read: {info}" if info else "unreadable answer"
        case _:
            return info or "(no text)"
