"""How long what is left will take: the one estimate of every screen."""

from __future__ import annotations

from bulkdel.send.state import Doing
from bulkdel.send.view import LaneView


def left_s(lane: LaneView) -> float | None:
    """Estimated seconds until every pair of a target is settled; None while nobody can say.

    At the calls/s of the last seconds, and at as many calls for a pair as the settled ones have
    cost so far. Nobody can say while nothing is sent.
    """
    settled = lane.counters.settled
    if settled >= lane.pairs:
        return 0.0
    if lane.state.doing is not Doing.SENDING or not settled or lane.rate <= 0:
        return None
    return (lane.pairs - settled) * (lane.counters.calls / settled) / lane.rate
