"""One process's life in a run, as the journal keeps it for `status`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStop:
    """How one target's lane ended: one word, and one sentence for the user."""

    target: str
    end: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A sitting. Times are Unix milliseconds; `ended_ms` and `end` are None until it has ended."""

    pid: int
    started_ms: int
    ended_ms: int | None
    end: str | None
    lanes: tuple[LaneStop, ...]
