"""One process's life in a run, as the journal keeps it for `status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bulkdel.ledger.values import Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStop:
    """How one target's lane ended: one word, and one sentence for the user."""

    target: str
    end: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A sitting. Times are Unix milliseconds.

    Attributes:
        before: the counters by target name when it began.
        ended_ms: None until it has ended, for ever if it died.
        end: one word; None as long as `ended_ms` is.
    """

    pid: int
    started_ms: int
    before: Mapping[str, Counters]
    ended_ms: int | None
    end: str | None
    lanes: tuple[LaneStop, ...]
