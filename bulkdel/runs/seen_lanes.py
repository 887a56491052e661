"""How a lane was last seen, by what the journal and the process that sent it have said."""

from __future__ import annotations

from dataclasses import replace

from bulkdel.ledger.sittings import SittingRecord
from bulkdel.report.ending import why
from bulkdel.report.status import at_rest
from bulkdel.runs.live import FRESH_S, Live, cut_short
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import End, Ending, LaneEnd, LaneView


def seen_lane(  # noqa: PLR0917  # all that is known of it
    name: str, qps: float, last: SittingRecord, live: Live | None, now_ms: int, works: str
) -> LaneView:
    """A lane as it was last seen: while its process works, and after."""
    said = next((one for one in live.lanes if one.target == name), None) if live else None
    if works:
        if live is None or said is None or now_ms - live.at_ms > FRESH_S * 1000:
            since_ms = live.at_ms if live else last.started_ms
            fresh = live is None and now_ms - last.started_ms <= FRESH_S * 1000
            doing = Doing.OPENING if fresh else Doing.UNKNOWN
            return at_rest(name, qps=qps, state=LaneState(doing=doing, since_ms=since_ms))
        return replace(
            at_rest(name, qps=qps, state=said.state),
            pace=said.pace,
            rate=said.rate,
            in_flight=said.in_flight,
        )
    stop = next((one for one in last.lanes if one.target == name), None)
    if stop is not None:
        state = LaneState(
            doing=Doing.ENDED,
            since_ms=last.ended_ms,
            code=stop.code,
            end=End(stop.end),
            info=stop.words,
        )
    elif said is not None and said.state.doing is Doing.STOPPING:
        state = LaneState(doing=Doing.ENDED, end=said.state.end, info=cut_short(said.state))
    else:
        state = LaneState(doing=Doing.ENDED, end=End.GONE)
    return at_rest(name, qps=qps, state=state)


def why_it_ended(last: SittingRecord, live: Live | None) -> str:
    """How a sitting ended, in words; empty where nobody knows."""
    if last.ended_ms is not None:
        lanes = tuple(
            LaneEnd(target=one.target, end=End(one.end), words=one.words) for one in last.lanes
        )
        return why(Ending(lanes=lanes))
    for lane in live.lanes if live else ():
        if lane.state.doing is Doing.STOPPING:
            return cut_short(lane.state)
    return ""
