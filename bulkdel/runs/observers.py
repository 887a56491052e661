"""Who else sees a sitting: Prometheus, and whoever [notify] names. None of them can hurt it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bulkdel.errors import BulkdelError
from bulkdel.job.job import Event, Job
from bulkdel.report.status import State, Status
from bulkdel.report.status_json import status_values
from bulkdel.runs.notify import Notifier, event_of
from bulkdel.send.view import LaneView

if TYPE_CHECKING:
    from bulkdel.report.metrics import Metrics

LOOPBACK: Final = "127.0.0.1"


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
        self._status: Status | None = None

    def looked(self, status: Status) -> None:
        """How the run stands while nothing of it is sent."""
        self._status = status
        if self._metrics:
            self._metrics.at_rest(status)

    def started(self, status: Status) -> None:
        """Calls begin to leave now."""
        running = replace(status, state=State.RUNNING, reason="calls begin to leave")
        self._notifier.tell(Event.START, self._told(running, None, "sending begins"))

    def show(self, views: Sequence[LaneView]) -> None:
        """The lanes at this moment."""
        if self._metrics:
            self._metrics.show(views)

    def ended(self, code: int, words: str) -> None:
        """The command leaves with `code`; `words` say why in a sentence. Waits, bounded."""
        if self._metrics:
            self._metrics.ended(code)
        event = event_of(code)
        if event is not None:
            self._notifier.tell(event, self._told(self._status, code, words))
        self._notifier.close()

    def _told(self, status: Status | None, code: int | None, words: str) -> dict[str, Any]:
        known = {"job": self._job.name, "run_dir": str(self._job.run_dir)}
        if status is not None:
            known |= status_values(status)
        return {"exit_code": code, "text": f"{self._job.name}: {words}", **known}


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
