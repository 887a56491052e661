"""What answers do to a lane, by whole runs on virtual time."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import orjson
import pytest

from bulkdel import load_job, run
from tests.support.refusing import Refusing


@pytest.mark.parametrize("asked", ["999999999", "3600", "Fri, 31 Dec 9999 23:59:59 GMT", "400"])
async def test_a_provider_that_holds_us_for_ever_is_an_outage(tmp_path: Path, asked: str) -> None:
    """However long it asks to wait, the lane ends once outage_limit has passed without a call."""
    headers = f"Retry-After: {asked}\r\n"
    async with Refusing(60007, until_s=math.inf, headers=headers) as provider:
        job = provider.job(tmp_path, '[retry]\noutage_limit = "10m"\n')
        assert [settled async for settled in run(load_job(job))] == []
    assert 600 <= asyncio.get_running_loop().time() <= 620
    assert '"end":"down"' in (tmp_path / "run/run.log").read_text()


async def test_a_short_hold_is_kept_as_asked(tmp_path: Path) -> None:
    """And the run goes on after it."""
    async with Refusing(60007, until_s=30.0, headers="Retry-After: 40\r\n") as provider:
        job = provider.job(tmp_path, '[retry]\noutage_limit = "10m"\n')
        told = [settled async for settled in run(load_job(job))]
    assert sum(len(settled.deleted) for settled in told) == provider.rows
    assert provider.refused == 1


async def test_the_log_of_endless_trouble_is_small(tmp_path: Path) -> None:
    """Some lines of a kind a minute with how many more there were; each names its account."""
    async with Refusing(39999, since_s=0.5, until_s=math.inf, rows=60) as provider:
        job = provider.job(tmp_path, '[retry]\nmax_attempts = 8\noutage_limit = "10m"\n')
        settled = [settled async for settled in run(load_job(job))]
    lines = [orjson.loads(line) for line in (tmp_path / "run/run.log").read_bytes().splitlines()]
    unsettled = [line for line in lines if line["event"] == "answer.unsettled"]
    counted = sum(line.get("more", 0) for line in unsettled)
    rest = [line for line in lines if line["event"] == "log.left_out"]
    counted += sum(line["more"] for line in rest if line["of"].startswith("answer.unsettled"))
    assert len(unsettled) + counted == provider.calls - len(settled)
    assert len(unsettled) <= 10 * (2 + asyncio.get_running_loop().time() / 60)
    assert len(unsettled) < provider.calls / 3
    assert all(len(line["account"]) == 12 for line in unsettled)
    assert not any("batch" in line for line in unsettled)
    assert not any("from1" in str(line) for line in unsettled)


async def test_what_a_refused_target_leaves_of_the_limit_goes_to_the_others(tmp_path: Path) -> None:
    """Each gets its share; one that ends without using it gives it back, and the sum is exact."""
    async with Refusing(70009, until_s=math.inf) as wrong, Refusing(0, until_s=0) as right:
        second = (
            '[targets.other]\nprovider = "tencent"\napp_id = 2\nsecret_file = "key"\n'
            f'qps = 50\nendpoint = "http://127.0.0.1:{right.port}"\n'
        )
        job = wrong.job(tmp_path, second)
        told = [settled async for settled in run(load_job(job), limit=11)]
    assert sum(len(settled.deleted) for settled in told) == right.calls == 11
    assert {settled.target for settled in told} == {"other"}
    lines = [orjson.loads(line) for line in (tmp_path / "run/run.log").read_bytes().splitlines()]
    ends = {line["target"]: line["end"] for line in lines if line["event"] == "lane.ended"}
    assert ends == {"tencent": "refused", "other": "limit"}
    states = [line["doing"] for line in lines if line.get("target") == "other" and "doing" in line]
    assert "limit" in states  # it had settled its share while the first was tried
