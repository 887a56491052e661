"""A sitting's numbers for Prometheus, and as a text file.

Nothing is counted here: each collection reads the lanes as they were shown last, so metrics cost
nothing between two collections and hold nothing but those views.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.report.status import Status
from bulkdel.send.state import KEPT
from bulkdel.send.view import LaneView

FILE_EVERY_S: Final = 15.0

_COUNTERS: Final = (
    ("calls", "Calls sent, retries among them; over all starts."),
    ("retries", "Calls that carried pairs which a call had carried before."),
    ("throttled", "Calls that the provider refused for their rate."),
    ("lost_answers", "Calls that may have been carried out without a definite answer."),
)


class Metrics:
    """The lanes of one run as metrics, in a registry of its own.

    `run` is the job's name, a label of every sample: several runs may share a machine.
    """

    def __init__(self, run: str) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._run = run
        self._views: tuple[LaneView, ...] = ()
        self._exit: int | None = None
        self.registry.register(self)

    def show(self, views: Sequence[LaneView]) -> None:
        """The lanes at this moment."""
        self._views = tuple(views)

    def at_rest(self, status: Status) -> None:
        """The run before its calls leave, or after."""
        self._views = tuple(target.lane for target in status.targets)

    def ended(self, code: int) -> None:
        """The command ends with this exit code."""
        self._exit = code

    def collect(self) -> Iterator[Metric]:
        """One family after the other, as Prometheus's client wants them."""
        views, code = self._views, self._exit
        yield self._gauge("running", "1 while the process works, 0 when it ended.", code is None)
        if code is not None:
            yield self._gauge("exit_code", "The exit code that the process ended with.", code)
        yield self._pairs(views)
        yield self._lanes(
            "pairs_planned", "Pairs of the plan.", [(view.target, view.pairs) for view in views]
        )
        for name, words in _COUNTERS:
            counter = CounterMetricFamily(f"bulkdel_{name}", words, labels=("run", "target"))
            for view in views:
                counter.add_metric((self._run, view.target), getattr(view.counters, name))
            yield counter
        for name, words, values in (
            ("in_flight_calls", "Calls that wait for their answer.", [v.in_flight for v in views]),
            (
                "pace_calls_per_second",
                "The rate that is kept now.",
                [view.pace for view in views],
            ),
            ("ceiling_calls_per_second", "What qps allows.", [view.qps for view in views]),
            (
                "waiting",
                "1 while nothing is sent: held, paused, window closed, or no answer.",
                [view.state.doing in KEPT for view in views],
            ),
        ):
            named = [(view.target, value) for view, value in zip(views, values, strict=True)]
            yield self._lanes(name, words, named)

    def _gauge(self, name: str, words: str, value: float) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"bulkdel_{name}", words, labels=("run",))
        gauge.add_metric((self._run,), value)
        return gauge

    def _lanes(
        self, name: str, words: str, values: Iterable[tuple[str, float]]
    ) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"bulkdel_{name}", words, labels=("run", "target"))
        for target, value in values:
            gauge.add_metric((self._run, target), value)
        return gauge

    def _pairs(self, views: Sequence[LaneView]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "bulkdel_pairs",
            "Pairs by what became of them; over all starts.",
            labels=("run", "target", "status"),
        )
        for view in views:
            now = view.counters
            for status, pairs in (
                ("deleted", now.deleted),
                ("already_gone", now.already_gone),
                ("failed", now.failed),
                ("unsettled", view.pairs - now.settled),
            ):
                gauge.add_metric((self._run, view.target, status), pairs)
        return gauge


@contextmanager
def metrics_file(metrics: Metrics, path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Within it `path` is written every FILE_EVERY_S by a thread of its own, and once at the end.

    Whole or not at all, as the node exporter's textfile collector wants it. A file that cannot be
    written later on is stale, which `say` says once, and harms nothing else.

    Raises:
        WrongInput: it cannot be written at the beginning, or is no regular file.
    """
    try:
        _write(metrics, path)
    except OSError as error:
        raise WrongInput(
            _why(error),
            where=f"--metrics-file {path}",
            mend="choose another file; nothing was sent",
        ) from error
    ended = threading.Event()
    warned = False

    def write_again() -> None:
        nonlocal warned
        try:
            _write(metrics, path)
        except OSError as error:
            if not warned:
                warned = True
                say(f"Warning: --metrics-file {path}: {_why(error)}; its numbers are old now.")

    def keep_writing() -> None:
        while not ended.wait(FILE_EVERY_S):
            write_again()

    writer = threading.Thread(target=keep_writing, name="metrics-file", daemon=True)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join(FILE_EVERY_S)
        write_again()


class _NoFile(OSError):
    """What has the file's name is something else, and is not replaced."""


def _why(error: OSError) -> str:
    return str(error) if isinstance(error, _NoFile) else f"cannot be written: {error.strerror}"


def _write(metrics: Metrics, path: Path) -> None:
    """Puts a whole file in the place of the one that is there, which must be a regular one."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISREG(kind):
            what = "a link" if stat.S_ISLNK(kind) else "no regular file"
            raise _NoFile(f"is {what}, which is not replaced")
    with files.replacing(path) as out:
        os.fchmod(out.fileno(), 0o644)  # whoever scrapes may read it
        out.write(generate_latest(metrics.registry))
