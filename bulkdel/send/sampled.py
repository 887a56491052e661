"""What a lane logs of single calls: a few of each kind a minute, and how many more there were.

A night of outage is millions of calls; the log grows with the kinds of trouble and with time, not
with calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from structlog.typing import FilteringBoundLogger

FEW: Final = 10
"""Lines of a kind in a span."""
SPAN_S: Final = 60.0
KINDS_MOST: Final = 50
"""Kinds that are told apart in a span; a provider could answer with a new code each time."""
OTHERS: Final = "others"


Fields: TypeAlias = Callable[[], Mapping[str, Any]]
"""Makes what a line holds, and is called only for a line that is written."""


class LineQuota:
    """Which lines are written; pure, times are in seconds."""

    def __init__(self, now: float, *, few: int = FEW, span_s: float = SPAN_S) -> None:
        """At most `few` of a kind in each `span_s`."""
        self._began, self._few, self._span_s = now, few, span_s
        self._written: dict[str, int] = {}
        self._left_out: dict[str, int] = {}

    def takes(self, kind: str, now: float) -> int | None:
        """How many of its kind were left out since the last one; None: this one is too."""
        if now - self._began >= self._span_s:
            self._began = now
            self._written.clear()
        if kind not in self._written and len(self._written) >= KINDS_MOST:
            kind = OTHERS
        written = self._written.setdefault(kind, 0)
        if written < self._few:
            self._written[kind] += 1
            return self._left_out.pop(kind, 0)
        self._left_out[kind] = self._left_out.get(kind, 0) + 1
        return None

    def rest(self) -> Iterator[tuple[str, int]]:
        """How many of each kind were left out since its last line; counted anew from now."""
        yield from self._left_out.items()
        self._left_out.clear()


class SampledLog:
    """A lane's log for what may come with every call."""

    def __init__(self, log: FilteringBoundLogger, clock: Callable[[], float]) -> None:
        self._log, self._clock = log, clock
        self._quota = LineQuota(clock())

    def write(
        self,
        event: str,
        fields: Fields,
        *,
        kind: str = "",
        warn: bool = False,
    ) -> None:
        """Write `fields`, unless enough was written of this event and `kind` in this span.

        A line that follows lines which were left out has their number as `more`.
        """
        more = self._quota.takes(f"{event} {kind}".rstrip(), self._clock())
        if more is None:
            return
        beside = {"more": more} if more else {}
        (self._log.warning if warn else self._log.info)(event, **fields(), **beside)

    def close(self) -> None:
        """Write how many were left out since the last line of their kind."""
        for kind, more in self._quota.rest():
            self._log.info("log.left_out", of=kind, more=more)
