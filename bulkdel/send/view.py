"""What a person may see of a sitting while it sends, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bulkdel.ledger.values import Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One lane at this moment.

    Attributes:
        pairs: of the plan for this target.
        counters: over all sittings, as durable.
        qps: the ceiling, calls/s. pace: what the lane allows itself now, calls/s.
        rate: calls/s over the last seconds, as measured.
        in_flight: calls.
        waiting: why nothing is sent just now, in words ("held by the provider for 12 s", "provider
            does not answer, next probe in 8 s"); empty while it sends.
        ended: why the lane is over, in words; empty while it runs.
    """

    target: str
    pairs: int
    counters: Counters
    qps: float
    pace: float
    rate: float
    in_flight: int
    waiting: str
    ended: str


class End(StrEnum):
    """Why a lane or a sitting stopped sending."""

    FINISHED = "finished"  #: every pair is settled
    LEFT = "left"  #: tries used up for what is left
    DOWN = "down"  #: no accepted call for outage_limit
    REFUSED = "refused"  #: credentials, permission or app refused
    STOPPED = "stopped"  #: a signal
    LIMIT = "limit"  #: --limit reached
    WINDOW = "window"  #: outside schedule.window
    DURATION = "duration"  #: max_duration
    GUARD = "guard"  #: max_failure_ratio
    STORAGE = "storage"  #: a file of the run can be written or read no more
    CRASHED = "crashed"  #: what should not have happened


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEnd:
    """How one lane ended; `words` is one sentence for the user, empty when finished."""

    target: str
    end: End
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a sitting ended, lane by lane in the job's order."""

    lanes: tuple[LaneEnd, ...]
