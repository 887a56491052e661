"""Lanes that are shown as one: the slices of a target, or targets in one row. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bulkdel.ledger.history import Carried, CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.send.state import Doing, End
from bulkdel.send.view import LaneView

WORDS_MOST: Final = 3
"""Different ways to end that are said of several; more are counted."""
LET_GO: Final = frozenset({End.STOPPED, End.GONE})
"""Ends after which anybody goes on at once: nothing is wrong with what is left."""

_FIRST: Final = (
    Doing.REFUSED,
    Doing.MACHINE,
    Doing.NETWORK,
    Doing.SILENT,
    Doing.HELD,
    Doing.UNKNOWN,
    Doing.PAUSED,
    Doing.CANARY,
    Doing.WINDOW,
    Doing.SENDING,
    Doing.STOPPING,
    Doing.OPENING,
    Doing.STARTING,
    Doing.LIMIT,
    Doing.ENDED,
    Doing.PLANNED,
)
"""What a person must know first; an end that needs somebody goes before all."""


def urgency(lane: LaneView) -> int:
    """How soon a person must know of a lane: the less, the sooner."""
    if lane.counters.settled >= lane.pairs:
        return len(_FIRST) + (1 if lane.counters.failed else 2)
    state = lane.state
    if state.doing is Doing.ENDED and state.end not in LET_GO:
        return -1
    return _FIRST.index(state.doing)


def one_lane(name: str, lanes: Sequence[LaneView]) -> LaneView:
    """Lanes, at least one, as one: their sums, and the state that a person must know first."""
    return replace(
        min(lanes, key=urgency),
        target=name,
        pairs=sum(lane.pairs for lane in lanes),
        counters=sum((lane.counters for lane in lanes), Counters()),
        qps=sum(lane.qps for lane in lanes),
        pace=sum(lane.pace for lane in lanes),
        rate=sum(lane.rate for lane in lanes),
        in_flight=sum(lane.in_flight for lane in lanes),
    )


def many_lanes(name: str, lanes: Sequence[LaneView]) -> LaneView:
    """Lanes of several targets as one, which sends as long as one of them does."""
    whole = one_lane(name, lanes)
    sends = next((lane for lane in lanes if lane.state.doing is Doing.SENDING), whole)
    return replace(whole, state=sends.state)


def one_carried(carried: Iterable[Mapping[str, Carried]]) -> dict[str, Carried]:
    """What calls have carried of each target, added up over its slices."""
    sums: dict[str, Carried] = {}
    for name, one in (item for each in carried for item in each.items()):
        seen = sums.get(name, Carried())
        sums[name] = Carried(first=seen.first + one.first, second=seen.second + one.second)
    return sums


def by_code(codes: Iterable[CodeCount]) -> tuple[CodeCount, ...]:
    """Each code of a target once, those with most pairs first."""
    found: dict[tuple[str, int], CodeCount] = {}
    for one in codes:
        seen = found.get((one.target, one.code))
        pairs = one.pairs + (0 if seen is None else seen.pairs)
        found[one.target, one.code] = replace(seen or one, pairs=pairs)
    return tuple(sorted(found.values(), key=lambda one: -one.pairs))


def most_said(words: Iterable[str]) -> str:
    """What is said of several, at most WORDS_MOST different ones, those said most often first."""
    said = Counter(words).most_common()
    more = f"; and {len(said) - WORDS_MOST} other reasons" if len(said) > WORDS_MOST else ""
    return "; ".join(one for one, _ in said[:WORDS_MOST]) + more
