"""[request]: what screens say of it, and whether a plan can be sent before its deadline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.job.job import Cluster, Job, Request
from bulkdel.job.window import ALWAYS, Schedule, Window, finish
from bulkdel.plan.values import PlanMeta
from bulkdel.report.deadline import deadline_doubt, request_rows
from bulkdel.report.metrics import Metrics
from bulkdel.report.plan_json import plan_values
from bulkdel.report.preview import Preview
from bulkdel.report.status_json import status_json
from bulkdel.report.text.confirm import confirm_text
from bulkdel.report.text.preview import plan_text
from bulkdel.report.text.status_page import status_text
from tests.support import front

NOW_S = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()
HOUR_S = 3600.0
NIGHTS = Schedule(window=Window(begin=time(22), end=time(6), zone=ZoneInfo("UTC")), waits=True)


def job_of(*, due_s: float | None, qps: float = 100, **changes: Any) -> Job:
    """A job of one target whose deadline is so many seconds after NOW_S."""
    due = None if due_s is None else datetime.fromtimestamp(NOW_S + due_s, UTC)
    asked = Request(id="R-17", reason="GDPR Art. 17", deadline=due)
    return front.job(front.tencent(qps=qps), request=asked, **changes)


def plan_of(job: Job, calls: int) -> PlanMeta:
    """A plan of so many calls, a pair each."""
    rows = front.books(read=calls, pairs=calls)
    return front.plan(job, rows, {target.name: calls for target in job.targets})


def doubt(job: Job, calls: int, **more: Any) -> str:
    """What is said of the job's plan of so many calls."""
    return deadline_doubt(job, plan_of(job, calls), NOW_S, **more)


def test_what_can_be_sent_in_time_is_not_doubted() -> None:
    """An hour of calls in an hour; no deadline at all; nothing to be sent after the deadline."""
    assert doubt(job_of(due_s=HOUR_S), 360_000) == ""
    assert doubt(job_of(due_s=None), 360_000_000) == ""
    assert doubt(job_of(due_s=-HOUR_S), 0) == ""


def test_the_rate_that_would_do_is_named() -> None:
    """Two hours of calls in one: double the rate; above the documented ceiling it says so."""
    assert doubt(job_of(due_s=HOUR_S), 720_000) == (
        "request.deadline is 2026-11-02 13:00 UTC, in 1 h 00 min, and this takes at least "
        "2 h 00 min of sending: it cannot be done in time: tencent needs 200 calls/s (qps is 100)."
    )
    assert "needs 400 calls/s, above the documented ceiling of 200" in doubt(
        job_of(due_s=HOUR_S), 1_440_000
    )


def test_past_is_past() -> None:
    """No rate does, so none is named."""
    told = doubt(job_of(due_s=-HOUR_S), 10)
    assert "1 h 00 min ago" in told
    assert told.endswith("it cannot be done in time.")


def test_the_window_counts() -> None:
    """Of twenty hours only the eight of the night are for sending."""
    job = job_of(due_s=20 * HOUR_S, schedule=NIGHTS)
    assert doubt(job, 8 * 360_000) == ""
    assert "tencent needs 125 calls/s" in doubt(job, 10 * 360_000)


def test_a_backup_comes_before() -> None:
    """What it takes is missing for the rest."""
    assert doubt(job_of(due_s=2 * HOUR_S), 360_000, before_s=HOUR_S) == ""
    told = doubt(job_of(due_s=2 * HOUR_S), 720_000, before_s=HOUR_S)
    assert "takes at least 3 h 00 min" in told
    assert "tencent needs 200 calls/s" in told
    assert doubt(job_of(due_s=HOUR_S), 10, before_s=HOUR_S * 2).endswith("in time.")


def test_of_a_run_that_has_begun_the_rest_counts() -> None:
    """What is settled already takes no time any more."""
    assert doubt(job_of(due_s=HOUR_S), 720_000, left=300_000) == ""
    assert "needs 150 calls/s" in doubt(job_of(due_s=HOUR_S), 720_000, left=540_000)


def test_processes_are_counted_where_a_job_is_cut() -> None:
    """Each target's rate would do, and one process cannot send so fast: how many can is said."""
    due = datetime.fromtimestamp(NOW_S + HOUR_S, UTC)
    targets = [replace(front.tencent(qps=200), name=f"app-{at}") for at in range(40)]
    job = front.job(*targets, request=Request(deadline=due), cluster=Cluster())
    told = doubt(job, 600_000)
    assert re.search(r"one process takes at least .*: it takes \d+ processes to be done", told)
    assert doubt(replace(job, cluster=None), 600_000) == ""
    assert doubt(job, 1000) == ""


@given(
    calls=st.integers(1, 10_000_000),
    due_s=st.integers(60, 40 * 24 * 3600),
    schedule=st.sampled_from([ALWAYS, NIGHTS, replace(NIGHTS, max_duration_s=HOUR_S)]),
)
def test_the_rate_that_is_named_does(calls: int, due_s: int, schedule: Schedule) -> None:
    """Rule: it is silent exactly where all is sent in time, and with its rate all would be."""
    job = job_of(due_s=due_s, schedule=schedule)
    told = doubt(job, calls)
    end = finish(schedule, NOW_S, calls / 100)
    in_time = end is not None and end.at_s <= NOW_S + due_s + 1e-3
    assert in_time or told
    if in_time and end is not None and end.at_s < NOW_S + due_s - 1e-3:
        assert told == ""
    if found := re.search(r"needs ([\d,.]+) calls/s", told):
        wanted = float(found[1].replace(",", ""))
        if wanted < 1e3:  # larger ones are shown without a fraction
            sent = finish(schedule, NOW_S, calls / (wanted + 0.5))
            assert sent is not None
            assert sent.at_s <= NOW_S + due_s + 1


def words_of(text: str) -> str:
    """A screen without its lines' ends."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_is_on_every_screen(width: int) -> None:
    """Plan, question and status name the request and its deadline; no line is too long."""
    job = job_of(due_s=HOUR_S)
    meta = plan_of(job, 720_000)
    status = front.status(job, meta, {}, now_ms=round(NOW_S * 1000))
    plan = plan_text(job, Preview(meta=meta), width, command="", now_s=NOW_S)
    asked = confirm_text(job, meta, width, now_s=NOW_S)
    for text in (plan, asked, status_text(status, width)):
        assert "R-17, GDPR Art. 17" in words_of(text)
        assert "2026-11-02 13:00 UTC, in 1 h 00 min" in words_of(text)
        assert max(map(len, text.splitlines())) <= width
    for text in (plan, asked):
        assert "it cannot be done in time: tencent needs 200 calls/s" in words_of(text)


def test_it_is_in_the_forms_of_programs() -> None:
    """Plan and status carry it as it stands, and null where the job says nothing of it."""
    job = job_of(due_s=HOUR_S)
    meta = plan_of(job, 720_000)
    wanted: Mapping[str, object] = {
        "id": "R-17",
        "reason": "GDPR Art. 17",
        "requested_at": None,
        "deadline": "2026-11-02T13:00:00+00:00",
    }
    told = plan_values(job, Preview(meta=meta), now_s=NOW_S)
    assert told["request"] == wanted
    assert "tencent needs 200 calls/s" in told["doubts"][0]
    assert orjson.loads(status_json(front.status(job, meta, {})))["request"] == wanted
    silent = replace(job, request=Request())
    assert orjson.loads(status_json(front.status(silent, meta, {})))["request"] is None


def test_a_deadline_that_is_going_to_be_missed() -> None:
    """It is said while there is still time, and only where the rest will take longer."""
    request = job_of(due_s=HOUR_S).request
    rows = [dict(request_rows(request, NOW_S, left_s))["deadline"] for left_s in (HOUR_S, 3601.0)]
    assert ["MISSED" in one for one in rows] == [False, True]
    assert "MISSED" not in dict(request_rows(request, NOW_S + 2 * HOUR_S, 1.0))["deadline"]
    assert dict(request_rows(Request(), NOW_S)) == {}


def test_it_is_a_metric() -> None:
    """Seconds until then, below zero after it; no series without a deadline."""
    for due_s, wanted in ((HOUR_S, HOUR_S), (-HOUR_S, -HOUR_S), (None, None)):
        job = job_of(due_s=due_s)
        metrics = Metrics(job.name, now_s=lambda: NOW_S)
        metrics.at_rest(front.status(job, plan_of(job, 10), {}))
        seen = metrics.registry.get_sample_value("bulkdel_deadline_seconds", {"run": job.name})
        assert seen == wanted
