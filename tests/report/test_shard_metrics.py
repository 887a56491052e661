"""Metrics of a run that is cut: a series for each target of a shard, and how its shards stand."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bulkdel.report.metrics import Metrics
from bulkdel.report.shards import ShardState
from bulkdel.report.status import Status
from tests.support.shards import NOW_MS, lane, many, shard, status_of

_OF_THE_RUN = {
    "bulkdel_build_info",
    "bulkdel_running",
    "bulkdel_updated_timestamp_seconds",
    "bulkdel_shard_hand_overs",
}


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Values by the sample's name and all its labels but the run."""
    text = generate_latest(metrics.registry).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            labels = (value for name, value in sorted(one.labels.items()) if name != "run")
            found[one.name, *labels] = one.value
    return found


def shown(*states: Status) -> Metrics:
    """The metrics of a run that was seen so, one after the other, ten seconds apart."""
    now_s = NOW_MS / 1000
    metrics = Metrics("purge", now_s=lambda: now_s)
    for at, status in enumerate(states):
        now_s = NOW_MS / 1000 + 10 * at
        metrics.at_rest(status)
    return metrics


def test_slices_have_series_of_their_own() -> None:
    """Two slices of a target are two series, told apart by the shard, and none of them is lost."""
    slices = [shard(at, ShardState.SENDING, lane("big", ShardState.SENDING)) for at in (1, 2)]
    found = samples(shown(status_of([*slices, shard(3, ShardState.WAITING)])))
    assert found["bulkdel_calls_total", "0001", "big"] == 50
    assert found["bulkdel_calls_total", "0002", "big"] == 50
    assert found["bulkdel_pairs", "0003", "unsettled", "app-3"] == 100
    assert found["bulkdel_pairs_planned", "0001", "big"] == 100
    assert found["bulkdel_ceiling_calls_per_second", "0002", "big"] == 200
    of_target = {name for name, *labels in found if len(labels) == 1 and name != "bulkdel_shards"}
    assert not of_target - _OF_THE_RUN
    assert not {name for name, *_ in found if name.startswith("bulkdel_answer")}


def test_how_shards_stand() -> None:
    """How many shards are in each state is told, of all states, and how often any changed hands."""
    found = samples(shown(many(9)))
    states = {key[1]: value for key, value in found.items() if key[0] == "bulkdel_shards"}
    assert states == {"settled": 3, "sending": 2, "waiting": 2, "ended": 2}
    assert found["bulkdel_shard_hand_overs",] == 2


def test_progress() -> None:
    """Progress is when a pair was settled last, as one look after the other has seen it."""
    before = status_of([shard(1, ShardState.SENDING), shard(2, ShardState.SENDING)])
    first = before.shards[0]
    (view,) = first.lanes
    more = replace(view, counters=replace(view.counters, deleted=41))
    after = replace(before, shards=(replace(first, lanes=(more,)), before.shards[1]))
    found = samples(shown(before, after))
    name = "bulkdel_last_progress_timestamp_seconds"
    assert found[name, "0001", "app-1"] == NOW_MS / 1000 + 10
    assert found[name, "0002", "app-2"] == NOW_MS / 1000 - 3600
