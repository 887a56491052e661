"""A sitting's numbers for Prometheus.

Nothing is counted here: each collection reads the lanes as they were shown last, so metrics cost
nothing between two collections and hold nothing but those views.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from bulkdel.report.beside import SideStatus
from bulkdel.report.beside_words import name_of
from bulkdel.report.status import Status
from bulkdel.report.version import version
from bulkdel.send.answers import BOUNDS_S, Answers
from bulkdel.send.state import KEPT
from bulkdel.send.view import LaneView

_COUNTERS: Final = (
    ("calls", "Calls sent, retries among them; over all starts."),
    ("retries", "Calls that carried pairs which a call had carried before."),
    ("throttled", "Calls that the provider refused for their rate."),
    ("lost_answers", "Calls that may have been carried out without a definite answer."),
)


class Metrics:
    """The lanes of one run as metrics, in a registry of its own.

    `run` is the job's name, a label of every sample: files of several runs may lie in one folder,
    where a sample that stands twice is an error. `now_s` is the wall clock, Unix seconds.
    """

    def __init__(self, run: str, *, now_s: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._run, self._now_s = run, now_s
        self._views: tuple[LaneView, ...] = ()
        self._beside: tuple[SideStatus, ...] = ()
        self._settled: dict[str, int] = {}
        self._progress_s: dict[str, float] = {}
        self._exit: int | None = None
        self._due_s: float | None = None
        self.registry.register(self)

    def show(self, views: Sequence[LaneView]) -> None:
        """The lanes at this moment."""
        for view in views:
            settled = view.counters.settled
            if settled > self._settled.get(view.target, 0):
                self._settled[view.target] = settled
                self._progress_s[view.target] = self._now_s()
        self._views = tuple(views)

    def at_rest(self, status: Status) -> None:
        """The run before its calls leave, or after."""
        self._beside = status.beside.sides
        due = status.request.deadline
        self._due_s = None if due is None else due.timestamp()
        answers = {view.target: view.answers for view in self._views}
        for target in status.targets:
            self._settled[target.name] = target.counters.settled
            at_ms = target.settled_ms or status.began_ms or status.at_ms
            self._progress_s[target.name] = max(
                at_ms / 1000, self._progress_s.get(target.name, 0.0)
            )
        self._views = tuple(
            replace(target.lane, answers=answers.get(target.name, target.lane.answers))
            for target in status.targets
        )

    def ended(self, code: int) -> None:
        """The command ends with this exit code."""
        self._exit = code

    def collect(self) -> Iterator[Metric]:
        """One family after the other, as Prometheus's client wants them."""
        views, code = self._views, self._exit
        build = GaugeMetricFamily(
            "bulkdel_build_info", "Always 1; which bulkdel it is.", labels=("run", "version")
        )
        build.add_metric((self._run, version()), 1)
        yield build
        yield self._gauge("running", "1 while the process works, 0 when it ended.", code is None)
        yield self._gauge(
            "updated_timestamp_seconds",
            "When these numbers were made, Unix time: old in the file of a process that is gone.",
            self._now_s(),
        )
        if code is not None:
            yield self._gauge("exit_code", "The exit code that the process ended with.", code)
        if self._due_s is not None:
            words = "Seconds until the deadline of the request; below zero once it is past."
            yield self._gauge("deadline_seconds", words, self._due_s - self._now_s())
        yield self._pairs(views)
        yield self._lanes(
            "pairs_planned", "Pairs of the plan.", [(view.target, view.pairs) for view in views]
        )
        yield self._lanes(
            "last_progress_timestamp_seconds",
            "When a pair was settled last, Unix time; before the first, when the run began.",
            [(view.target, self._progress_s.get(view.target, 0.0)) for view in views],
        )
        for name, words in _COUNTERS:
            counter = CounterMetricFamily(f"bulkdel_{name}", words, labels=("run", "target"))
            for view in views:
                counter.add_metric((self._run, view.target), getattr(view.counters, name))
            yield counter
        yield self._answers(views)
        for name, words, values in (
            ("in_flight_calls", "Calls that wait for their answer.", [v.in_flight for v in views]),
            (
                "pace_calls_per_second",
                "The rate that is kept now.",
                [view.pace for view in views],
            ),
            ("ceiling_calls_per_second", "What qps allows.", [view.qps for view in views]),
        ):
            named = [(view.target, value) for view, value in zip(views, values, strict=True)]
            yield self._lanes(name, words, named)
        yield self._waiting(views)
        yield self._ended(views)
        yield from self._sides()

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

    def _answers(self, views: Sequence[LaneView]) -> HistogramMetricFamily:
        histogram = HistogramMetricFamily(
            "bulkdel_answer_seconds",
            "How long answers took, from where their calls left; of this process.",
            labels=("run", "target"),
        )
        for view in views:
            histogram.add_metric(
                (self._run, view.target), _buckets(view.answers), view.answers.sum_s
            )
        return histogram

    def _waiting(self, views: Sequence[LaneView]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "bulkdel_waiting",
            "1 for the reason why a target is sent nothing now, or one call at a time; 0 for all "
            f"others: {', '.join(KEPT)}.",
            labels=("run", "target", "reason"),
        )
        for view in views:
            for reason in KEPT:
                gauge.add_metric((self._run, view.target, reason), view.state.doing is reason)
        return gauge

    def _ended(self, views: Sequence[LaneView]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "bulkdel_ended",
            "1 for the reason why a target is sent nothing more: as `end` of `status --json`.",
            labels=("run", "target", "end"),
        )
        for view in views:
            if view.state.end is not None:
                gauge.add_metric((self._run, view.target, view.state.end), 1)
        return gauge

    def _sides(self) -> Iterator[GaugeMetricFamily]:
        """The runs beside the run, at most one of a kind; no family where there are none."""
        if not self._beside:
            return
        results = GaugeMetricFamily(
            "bulkdel_beside",
            "Pairs, lists or friends of the latest run of a kind (backup, canary, verification, "
            "undo) beside the run, by what its ledger says of them; unsettled for what is left.",
            labels=("run", "beside", "target", "status"),
        )
        finished = GaugeMetricFamily(
            "bulkdel_beside_finished",
            "1 if nothing is left of the latest run of this kind beside the run.",
            labels=("run", "beside"),
        )
        for side in self._beside:
            finished.add_metric((self._run, name_of(side)), side.is_finished)
            for target in side.targets:
                counts = {**target.by_status(side.errand), "unsettled": target.unsettled}
                for status, number in counts.items():
                    results.add_metric((self._run, name_of(side), target.name, status), number)
        yield results
        yield finished


def _buckets(answers: Answers) -> list[tuple[str, float]]:
    """Each bucket's upper end, and how many answers took no longer."""
    ends = (*map(str, BOUNDS_S), "+Inf")
    return list(zip(ends, accumulate(answers.counts), strict=True))
