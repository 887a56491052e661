"""What one lane is doing, since when and why: read off its gate and its carriers when asked."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

from bulkdel.send.allowance import Allowance
from bulkdel.send.carriers import Carriers
from bulkdel.send.gate import Gate
from bulkdel.send.pace import Pacer
from bulkdel.send.state import Closed, Doing, LaneState
from bulkdel.send.view import LaneEnd
from bulkdel.words import Ruling, is_providers

_UNKEPT: Final = (Doing.SENDING, Doing.OPENING)


class Standing:
    """How one lane stands.

    Attributes:
        closed: why it was told to send nothing; None while it may send.
        last: the last ruling that left something unsettled.
        ended: how it ended; None while it works.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        carriers: Carriers,
        pacer: Pacer,
        allowance: Allowance,
        index: int,
        now_ms: Callable[[], int],
        changed: Callable[[Doing], None],
    ) -> None:
        """How the lane at this `index` stands; `changed` is told of each change that is seen."""
        self._gate, self._carriers, self._pacer = gate, carriers, pacer
        self._allowance, self._index = allowance, index
        self._now_ms, self._changed = now_ms, changed
        self._loop = asyncio.get_running_loop()
        self._doing, self._since_ms = Doing.OPENING, now_ms()
        self.closed: Closed | None = None
        self.last: Ruling | None = None
        self.ended: LaneEnd | None = None

    def doing(self) -> tuple[Doing, float]:
        """What it is doing, and until when if that ends by itself; the loop's time."""
        if self.ended is not None:
            return Doing.ENDED, math.inf
        if self._carriers.stopped is not None:
            return Doing.STOPPING, math.inf
        doing, until = self._gate.doing(self._loop.time())
        if doing in _UNKEPT and self._allowance.waits(self._index):
            return Doing.LIMIT, math.inf
        return (self.closed.doing if self.closed else doing), until

    def state(self) -> LaneState:
        """What it is doing; notes when that began, which is as exact as this is asked often."""
        now, (doing, until) = self._loop.time(), self.doing()
        if doing is not self._doing:
            self._doing, self._since_ms = doing, self._now_ms()
            self._changed(doing)
        since_ms, until_ms = self._since_ms, None
        if until < math.inf:
            until_ms = self._now_ms() + round(max(0.0, until - now) * 1000)
        code, info, by = None, "", ""
        over = self.ended or self._carriers.stopped
        if over is not None:
            code, info = over.code, over.words
        elif doing in (Doing.SILENT, Doing.REFUSED) and self.last is not None:
            code, info = code_of(self.last), self.last.info
            if doing is Doing.SILENT:
                since_ms = self._now_ms() - round(self._gate.silent_for_s(now) * 1000)
        elif doing is Doing.MACHINE:
            info = self._gate.trouble
        elif self.closed is not None:
            by, until_ms = self.closed.by, self.closed.until_ms
        return LaneState(
            doing=doing,
            since_ms=since_ms,
            until_ms=until_ms,
            code=code,
            info=info,
            by=by,
            end=over.end if over else None,
            slower=self._pacer.slower if doing is Doing.SENDING else None,
        )


def code_of(last: Ruling | None) -> int | None:
    """The provider's own code of a ruling, if it has one."""
    return last.code if last is not None and is_providers(last.code) else None
