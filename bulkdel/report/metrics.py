"""A sitting's numbers for Prometheus.

Nothing is counted here: each collection reads the lanes as they were shown last, so metrics cost
nothing between two collections and hold nothing but those views.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from bulkdel.report.beside import SideStatus
from bulkdel.report.beside_words import name_of
from bulkdel.report.shards import ShardState
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

Labels: TypeAlias = tuple[str, ...]
"""The target's name; where the run is cut, its shard's as well."""
_Series: TypeAlias = tuple[Labels, LaneView]


class Metrics:
    """The lanes of one run as metrics, in a registry of its own.

    `run` is the job's name, a label of every sample: files of several runs may lie in one folder,
    where a sample that stands twice is an error. `now_s` is the wall clock, Unix seconds.
    """

    def __init__(self, run: str, *, now_s: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._run, self._now_s = run, now_s
        self._series: tuple[_Series, ...] = ()
        self._shards: Mapping[str, int] = {}
        self._changes = 0
        self._beside: tuple[SideStatus, ...] = ()
        self._settled: dict[Labels, int] = {}
        self._progress_s: dict[Labels, float] = {}
        self._exit: int | None = None
        self.registry.register(self)

    def show(self, views: Sequence[LaneView]) -> None:
        """The lanes at this moment."""
        self._take([((view.target,), view) for view in views])

    def shards(self, status: Status) -> None:
        """A run that is cut, at this moment: a series for each target of a shard, or slice of one.

        How long answers took is not among them: only the processes that send know.
        """
        series = [((lane.target, one.name), lane) for one in status.shards for lane in one.lanes]
        settled_ms = {target.name: target.settled_ms for target in status.targets}
        for labels, _ in series:
            at_ms = settled_ms[labels[0]] or status.began_ms or status.at_ms
            self._progress_s.setdefault(labels, at_ms / 1000)
        if not self._series:
            self._settled = {labels: view.counters.settled for labels, view in series}
        self._take(series)
        self._beside = status.beside.sides
        states = [one.state for one in status.shards]
        self._shards = {state: states.count(state) for state in ShardState}
        self._changes = sum(one.changed_hands for one in status.shards)

    def _take(self, series: Sequence[_Series]) -> None:
        for labels, view in series:
            settled = view.counters.settled
            if settled > self._settled.get(labels, 0):
                self._settled[labels] = settled
                self._progress_s[labels] = self._now_s()
        self._series = tuple(series)

    def at_rest(self, status: Status) -> None:
        """The run before its calls leave, or after."""
        if status.shards:
            self.shards(status)
            return
        self._beside = status.beside.sides
        answers = {view.target: view.answers for _, view in self._series}
        for target in status.targets:
            labels = (target.name,)
            self._settled[labels] = target.counters.settled
            at_ms = target.settled_ms or status.began_ms or status.at_ms
            self._progress_s[labels] = max(at_ms / 1000, self._progress_s.get(labels, 0.0))
        self._series = tuple(
            (
                (target.name,),
                replace(target.lane, answers=answers.get(target.name, target.lane.answers)),
            )
            for target in status.targets
        )

    def ended(self, code: int) -> None:
        """The command ends with this exit code."""
        self._exit = code

    def collect(self) -> Iterator[Metric]:
        """One family after the other, as Prometheus's client wants them."""
        series, code = self._series, self._exit
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
        yield self._pairs(series)
        yield self._lanes(
            "pairs_planned", "Pairs of the plan.", [(at, view.pairs) for at, view in series]
        )
        yield self._lanes(
            "last_progress_timestamp_seconds",
            "When a pair was settled last, Unix time; before the first, when the run began.",
            [(at, self._progress_s.get(at, 0.0)) for at, _ in series],
        )
        for name, words in _COUNTERS:
            counter = CounterMetricFamily(f"bulkdel_{name}", words, labels=self._labels())
            for at, view in series:
                counter.add_metric((self._run, *at), getattr(view.counters, name))
            yield counter
        if not self._shards:
            yield self._answers(series)
        for name, words, values in (
            (
                "in_flight_calls",
                "Calls that wait for their answer.",
                [one.in_flight for _, one in series],
            ),
            (
                "pace_calls_per_second",
                "The rate that is kept now.",
                [view.pace for _, view in series],
            ),
            ("ceiling_calls_per_second", "What qps allows.", [view.qps for _, view in series]),
        ):
            named = [(at, value) for (at, _), value in zip(series, values, strict=True)]
            yield self._lanes(name, words, named)
        yield self._waiting(series)
        yield self._ended(series)
        yield from self._of_shards()
        yield from self._sides()

    def _labels(self, *more: str) -> tuple[str, ...]:
        """Of what is said of each target; of a run that is cut, of each target of a shard."""
        return ("run", "target", *(("shard",) if self._shards else ()), *more)

    def _of_shards(self) -> Iterator[Metric]:
        """How many shards are in which state; no family where the run is not cut."""
        if not self._shards:
            return
        gauge = GaugeMetricFamily(
            "bulkdel_shards",
            f"Shards by how they stand: {', '.join(ShardState)}.",
            labels=("run", "state"),
        )
        for state, shards in self._shards.items():
            gauge.add_metric((self._run, state), shards)
        yield gauge
        yield self._gauge(
            "shard_hand_overs",
            "How often, over all shards, another process took one than had it first.",
            self._changes,
        )

    def _gauge(self, name: str, words: str, value: float) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"bulkdel_{name}", words, labels=("run",))
        gauge.add_metric((self._run,), value)
        return gauge

    def _lanes(
        self, name: str, words: str, values: Iterable[tuple[Labels, float]]
    ) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"bulkdel_{name}", words, labels=self._labels())
        for at, value in values:
            gauge.add_metric((self._run, *at), value)
        return gauge

    def _pairs(self, series: Sequence[_Series]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "bulkdel_pairs",
            "Pairs by what became of them; over all starts.",
            labels=self._labels("status"),
        )
        for at, view in series:
            now = view.counters
            for status, pairs in (
                ("deleted", now.deleted),
                ("already_gone", now.already_gone),
                ("failed", now.failed),
                ("unsettled", view.pairs - now.settled),
            ):
                gauge.add_metric((self._run, *at, status), pairs)
        return gauge

    def _answers(self, series: Sequence[_Series]) -> HistogramMetricFamily:
        histogram = HistogramMetricFamily(
            "bulkdel_answer_seconds",
            "How long answers took, from where their calls left; of this process.",
            labels=self._labels(),
        )
        for at, view in series:
            histogram.add_metric((self._run, *at), _buckets(view.answers), view.answers.sum_s)
        return histogram

    def _waiting(self, series: Sequence[_Series]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "bulkdel_waiting",
            "1 for the reason why a target is sent nothing now, or one call at a time; 0 for all "
            f"others: {', '.join(KEPT)}.",
            labels=self._labels("reason"),
        )
        for at, view in series:
            for reason in KEPT:
                gauge.add_metric((self._run, *at, reason), view.state.doing is reason)
        return gauge

    def _ended(self, series: Sequence[_Series]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(
            "bulkdel_ended",
            "1 for the reason why a target is sent nothing more: as `end` of `status --json`.",
            labels=self._labels("end"),
        )
        for at, view in series:
            if view.state.end is not None:
                gauge.add_metric((self._run, *at, view.state.end), 1)
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
