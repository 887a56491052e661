"""Who else sees a sitting: Prometheus, and whoever [notify] names. None of them can hurt it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bulkdel.errors import BulkdelError
from bulkdel.job.job import Event, Job
from bulkdel.report.status import State, Status
from bulkdel.report.status_json import KEYS as STATUS_KEYS
from bulkdel.report.status_json import status_values
from bulkdel.runs.news import Message, News
from bulkdel.runs.notify import Notifier, event_of
from bulkdel.runs.status import look
from bulkdel.send.sampled import LineQuota
from bulkdel.send.view import LaneView

if TYPE_CHECKING:
    from bulkdel.report.metrics import Metrics

LOOPBACK: Final = "127.0.0.1"
HOUR_S: Final = 3600.0
FEW_AN_HOUR: Final = 20
"""Messages of one event about single targets: what stands and falls all night wakes nobody more."""

KEYS: Final[Mapping[str, str]] = {
    "event": f"one of {', '.join(Event)}",
    "target": "the target that it is about; null where it is about the run",
    "end": "why that target is sent nothing more; null where it goes on",
    "exit_code": "of the command; null while it works",
    "text": "what there is to say, for a person",
    "left_out": "messages of this event that were not sent since the last one, being too many",
    **STATUS_KEYS,
}
"""What a message holds: all of `status --json` at that moment, and these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Where the metrics go: a file, a port, both or neither."""

    file: Path | None = None
    port: int | None = None
    host: str = LOOPBACK


class Observers:
    """Told of a sitting as it goes; `ended` once, at its end."""

    def __init__(self, job: Job, metrics: Metrics | None) -> None:
        self._job = job
        self._metrics = metrics
        self._notifier = Notifier(job)
        self._news = News()
        self._quota = LineQuota(time.monotonic(), few=FEW_AN_HOUR, span_s=HOUR_S)
        self._status: Status | None = None
        self._has_sent = False

    def looked(self, status: Status) -> None:
        """How the run stands while nothing of it is sent."""
        self._status, self._has_sent = status, False
        if self._metrics:
            self._metrics.at_rest(status)

    def started(self, status: Status) -> None:
        """Calls begin to leave now."""
        running = replace(status, state=State.RUNNING, reason="calls begin to leave")
        self._has_sent = True
        facts = message_values(self._job, "sending begins", running)
        self._notifier.tell(Event.START, lambda: facts)

    def show(self, views: Sequence[LaneView]) -> None:
        """The lanes at this moment; what is news of one is told at once."""
        if self._metrics:
            self._metrics.show(views)
        self._hear(views)

    def show_shards(self, status: Status) -> None:
        """A run that is cut, at this moment; likewise."""
        if self._metrics:
            self._metrics.shards(status)
        self._hear([target.lane for target in status.targets], status)

    def _hear(self, views: Sequence[LaneView], status: Status | None = None) -> None:
        now_s = time.monotonic()
        for message in self._news.look(views, now_s=now_s, now_ms=time.time_ns() // 1_000_000):
            left_out = self._quota.takes(message.event, now_s)
            if left_out is not None:
                facts = partial(self._news_facts, message, tuple(views), left_out, status)
                self._notifier.tell(message.event, facts)

    def ended(self, code: int, words: str) -> None:
        """The command leaves with `code`; `words` say why in a sentence. Waits, bounded."""
        if self._metrics:
            self._metrics.ended(code)
        event = event_of(code)
        if event is not None:
            self._notifier.tell(event, partial(self._end_facts, code, words))
        self._notifier.close()

    def _end_facts(self, code: int, words: str) -> Mapping[str, Any]:
        """What is told at the end; where an error cut the sending short, the run is looked at."""
        status = (self._seen() if self._has_sent else None) or self._status
        return message_values(self._job, words, status, exit_code=code)

    def _news_facts(
        self, message: Message, views: Sequence[LaneView], left_out: int, status: Status | None
    ) -> Mapping[str, Any]:
        """What is told of one target, with the run as it stands at this moment."""
        status = status or self._seen(views)
        return message_values(self._job, message.text, status, news=message, left_out=left_out)

    def _seen(self, views: Sequence[LaneView] = ()) -> Status | None:
        """The run as it stands; None where that cannot be read: what matters is the message."""
        try:
            return look(self._job, held=True, views=views)
        except BulkdelError:
            return None


def message_values(
    job: Job,
    words: str,
    status: Status | None,
    *,
    exit_code: int | None = None,
    news: Message | None = None,
    left_out: int = 0,
) -> dict[str, Any]:
    """What is told with an event."""
    known = {"job": job.name, "run_dir": str(job.run_dir)}
    return {
        "target": news.target if news else None,
        "end": news.end if news else None,
        "exit_code": exit_code,
        "text": f"{job.name}: {words}",
        "left_out": left_out,
        **(known if status is None else status_values(status)),
    }


@contextmanager
def observers(job: Job, watch: Watch, say: Callable[[str], None]) -> Iterator[Observers]:
    """Within it the metrics are served and written.

    Raises:
        WrongInput: the file cannot be written or the port is taken; nothing was sent.
    """
    if watch.file is None and watch.port is None:
        yield Observers(job, None)
        return
    from bulkdel.report.metrics import Metrics
    from bulkdel.report.metrics_file import metrics_file
    from bulkdel.report.metrics_port import metrics_port

    metrics = Metrics(job.name)
    with ExitStack() as stack:
        if watch.port is not None:
            port = stack.enter_context(metrics_port(metrics, watch.host, watch.port))
            shown = f"[{watch.host}]" if ":" in watch.host else watch.host
            say(f"Metrics at http://{shown}:{port}/metrics")
        if watch.file is not None:
            stack.enter_context(metrics_file(metrics, watch.file, say))
        try:
            yield Observers(job, metrics)
        except BulkdelError as error:
            metrics.ended(error.exit_code)
            raise
