"""A sitting's numbers for Prometheus: as a text file and on a port; the only door to its client.

Nothing is counted here: each collection reads the lanes as they were shown last, so metrics cost
nothing between two collections and hold nothing but those views.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import TCPServer
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bulkdel.errors import WrongInput
from bulkdel.ledger.values import Counters
from bulkdel.report.status import Status
from bulkdel.send.view import LaneView

FILE_EVERY_S: Final = 15.0
_CLIENT_S: Final = 5.0
"""Seconds that a client may leave the port waiting: there is one at a time."""

_COUNTERS: Final = (
    ("calls", "Calls sent, retries among them; over all sittings."),
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
        self._views = tuple(_resting(status))

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
                "What the lane allows itself now.",
                [view.pace for view in views],
            ),
            ("ceiling_calls_per_second", "What qps allows.", [view.qps for view in views]),
            (
                "waiting",
                "1 while the lane sends nothing: held, paused, window closed, or no answer.",
                [bool(view.waiting) for view in views],
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
            "Pairs by what became of them; over all sittings.",
            labels=("run", "target", "status"),
        )
        for view in views:
            now = view.counters
            left = view.pairs - now.deleted - now.already_gone - now.failed
            for status, pairs in (
                ("deleted", now.deleted),
                ("already_gone", now.already_gone),
                ("failed", now.failed),
                ("unsettled", left),
            ):
                gauge.add_metric((self._run, view.target, status), pairs)
        return gauge


@contextmanager
def metrics_file(metrics: Metrics, path: Path) -> Iterator[None]:
    """Within it `path` is written every FILE_EVERY_S by a thread of its own, and once at the end.

    Whole or not at all, as the node exporter's textfile collector wants it. A file that cannot be
    written later on is stale, and harms nothing else.

    Raises:
        WrongInput: it cannot be written at the beginning.
    """
    try:
        write_to_textfile(str(path), metrics.registry)
    except OSError as error:
        raise WrongInput(
            f"--metrics-file {path}: cannot be written: {error.strerror}; nothing was sent"
        ) from error
    ended = threading.Event()

    def keep_writing() -> None:
        while not ended.wait(FILE_EVERY_S):
            _write(metrics, path)

    writer = threading.Thread(target=keep_writing, name="metrics-file", daemon=True)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join(FILE_EVERY_S)
        _write(metrics, path)


@contextmanager
def metrics_port(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Within it `port` serves the metrics, one client at a time; yields the port's number.

    Raises:
        WrongInput: it cannot be listened on.
    """
    try:
        server = make_server(
            host,
            port,
            make_wsgi_app(metrics.registry),
            server_class=_Server6 if ":" in host else _Server,
            handler_class=_Quiet,
        )
    except OSError as error:
        raise WrongInput(
            f"--metrics-port {port}: cannot listen on {host}:{port} ({error.strerror}); choose "
            "another port; nothing was sent"
        ) from error
    waiter = threading.Thread(target=server.serve_forever, name="metrics-port", daemon=True)
    waiter.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        waiter.join(_CLIENT_S)


class _Server(WSGIServer):
    allow_reuse_port = False

    def server_bind(self) -> None:
        """Bind without asking DNS for this machine's name, which can take its time."""
        TCPServer.server_bind(self)
        host, self.server_port = self.socket.getsockname()[:2]
        self.server_name = str(host)
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is nobody's business."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = _CLIENT_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class says so
        """Say nothing: standard error is for people."""


def _write(metrics: Metrics, path: Path) -> None:
    with suppress(OSError):
        write_to_textfile(str(path), metrics.registry)


def _resting(status: Status) -> Iterator[LaneView]:
    for target in status.targets:
        yield LaneView(
            target=target.name,
            pairs=target.pairs,
            counters=Counters(
                deleted=target.deleted,
                already_gone=target.already_gone,
                failed=target.failed,
                calls=target.calls,
                retries=target.retries,
                throttled=target.throttled,
                lost_answers=target.lost_answers,
            ),
            qps=target.qps,
            pace=0.0,
            rate=0.0,
            in_flight=0,
            waiting="",
            ended="",
        )
