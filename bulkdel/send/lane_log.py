"""What a lane's log holds of its answers, and of what was decided about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from structlog.typing import FilteringBoundLogger

from bulkdel.plan.values import Fingerprint
from bulkdel.send.decide import KEPT_BACK, Decision
from bulkdel.send.judge import Judgement
from bulkdel.send.sampled import Fields, SampledLog
from bulkdel.send.state import Doing
from bulkdel.send.transport import NoReply
from bulkdel.words import Batch, Entry, batch_label


class LaneLog(SampledLog):
    """One lane's log. What may come with every call is sampled."""

    def __init__(
        self,
        log: FilteringBoundLogger,
        clock: Callable[[], float],
        planned: Fingerprint,
        target: str,
    ) -> None:
        super().__init__(log, clock)
        self._planned, self._target = planned, target

    def does(self, doing: Doing) -> None:
        """The lane does something else from now on."""
        self.write("lane.state", partial(dict, doing=str(doing)), kind=str(doing))

    def decided(
        self,
        decision: Decision,
        entry: Entry,
        heard: Judgement | NoReply,
        *,
        held_s: float | None,
        pace: float,
    ) -> None:
        """What was heard of a call for `entry`, and what follows for its lane."""
        if isinstance(heard, NoReply):
            if heard is not KEPT_BACK:
                unsent = self.of_entry(entry, reason=heard.reason)
                self.write("call.not_sent", unsent, kind=heard.reason)
        elif last := heard.last:
            kind = f"{last.verdict} {last.code}"
            values = {
                "verdict": str(last.verdict),
                "code": last.code,
                "info": last.info,
                "known": last.known,
            }
            unsettled = self.of_entry(entry, **values)
            self.write("answer.unsettled", unsettled, kind=kind, warn=not last.known)
        if decision.renewal is not None:
            code, next_try_s = decision.renewal.code, decision.alone_s
            self._log.info("credentials.renewed", code=code, next_try_s=next_try_s)
        if decision.throttled is not None and held_s is not None:
            code = decision.throttled.code
            self.write(
                "lane.held", partial(dict, code=code, hold_s=held_s, pace=pace), kind=str(code)
            )
        if decision.batch_most is not None:
            self._log.warning("lane.batch_size_lowered", batch_size=decision.batch_most)

    def of_entry(self, entry: Entry, **values: Any) -> Fields:
        """Fields that name an entry, and these values: the same keys in every event.

        `batch` is what the ledger's lines of its pairs hold. Where the planner chose the sides, the
        other sides of several batches may go together: `batches`. The log itself decides what of
        them, and of `account`, it may hold.
        """
        return partial(self._named, entry, values)

    def _named(self, entry: Entry, values: Mapping[str, Any]) -> Mapping[str, Any]:
        planned, sides = self._planned, entry.sides if isinstance(entry, Batch) else None
        if sides is not None and sides.asked is not None:
            labels = list(dict.fromkeys(one.label for one in sides.asked))
        else:
            labels = [batch_label(self._target, planned.operation, planned.mode, entry)]
        more = {"batches": labels} if len(labels) > 1 else {}
        named = {"ordinal": entry.ordinal, "account": entry.from_account, "batch": labels[0]}
        return {**named, **more, **values}
