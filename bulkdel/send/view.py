"""What a person may see of a sitting while it sends, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from bulkdel.ledger.values import Counters
from bulkdel.send.answers import NO_ANSWERS, Answers
from bulkdel.send.state import End, LaneState
from bulkdel.words import AnyOperation, Operation

__all__ = ["End", "Ending", "LaneEnd", "LaneView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One lane at this moment.

    Attributes:
        pairs: of the plan for this target.
        counters: over all sittings, as durable.
        qps: the ceiling, calls/s. pace: what the lane allows itself now, calls/s.
        rate: calls/s over the last seconds, as measured.
        in_flight: calls.
        state: what it is doing, and why.
        answers: how long those of this sitting took.
        operation: what its calls do, which says what the counters' verdicts are called.
    """

    target: str
    pairs: int
    counters: Counters
    qps: float
    pace: float
    rate: float
    in_flight: int
    state: LaneState
    answers: Answers = NO_ANSWERS
    operation: AnyOperation = Operation.DELETE_FRIENDS


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEnd:
    """How one lane ended; `words` is one sentence for the user, empty when finished.

    `code` is the provider's, behind it; None where there is none.
    """

    target: str
    end: End
    words: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a sitting ended, lane by lane in the job's order."""

    lanes: tuple[LaneEnd, ...]
