"""What a lane's log holds of its answers, and of what was decided about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from structlog.typing import FilteringBoundLogger

from bulkdel.job.job import Job
from bulkdel.send.decide import KEPT_BACK, Decision
from bulkdel.send.judge import Judgement
from bulkdel.send.sampled import Fields, SampledLog
from bulkdel.send.transport import NoReply
from bulkdel.words import Entry, Ruling, batch_label


class LaneLog(SampledLog):
    """One lane's log. What may come with every call is sampled."""

    def __init__(
        self, log: FilteringBoundLogger, clock: Callable[[], float], job: Job, target: str
    ) -> None:
        super().__init__(log, clock)
        self._job, self._target = job, target

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
                unsent: Fields = partial(dict, ordinal=entry.ordinal, reason=heard.reason)
                self.write("call.not_sent", unsent, kind=heard.reason)
        elif last := heard.last:
            kind = f"{last.verdict} {last.code}"
            unsettled = partial(self._unsettled, entry, last)
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

    def _unsettled(self, entry: Entry, last: Ruling) -> Mapping[str, Any]:
        job = self._job
        return {
            "ordinal": entry.ordinal,
            "batch": batch_label(self._target, job.operation, job.mode, entry),
            "verdict": str(last.verdict),
            "code": last.code,
            "info": last.info,
            "known": last.known,
        }
