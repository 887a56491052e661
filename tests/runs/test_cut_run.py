"""How --limit is shared by the shards of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.values import Counters
from bulkdel.report.shards import ShardState, ShardStatus
from bulkdel.report.status import Status, at_rest
from bulkdel.runs.cut_run import leave_for
from tests.support import front


def seen(tmp_path: Path, *left: int) -> Status:
    """A run whose shards have so many pairs left, of 10 settled ones each."""
    job = front.job(front.tencent(), run_dir=tmp_path)
    status = front.status(job, front.plan(job, front.books(read=1, pairs=1), {"tencent": 1}), {})
    shards = tuple(
        ShardStatus(
            name=str(at),
            lanes=(
                replace(at_rest("tencent", qps=1), pairs=pairs + 10, counters=Counters(deleted=10)),
            ),
            state=ShardState.WAITING,
        )
        for at, pairs in enumerate(left)
    )
    return replace(status, shards=shards)


def test_without_a_limit_nothing_is_left(tmp_path: Path) -> None:
    """Every shard sends all it has."""
    assert leave_for(seen(tmp_path, 5, 7), None) == {}


def test_each_shard_has_an_equal_part_and_what_small_ones_do_not_need_goes_to_the_others(
    tmp_path: Path,
) -> None:
    """Of 3, 100 and 100 pairs, a limit of 50 settles 3, 24 and 23."""
    left = leave_for(seen(tmp_path, 100, 3, 100), 50)
    assert left["1"] == 0
    assert sorted((100 - left["0"], 100 - left["2"])) == [23, 24]


@given(left=st.lists(st.integers(0, 40), min_size=1, max_size=8), limit=st.integers(1, 200))
def test_all_together_settle_the_limit(left: list[int], limit: int) -> None:
    """As many as are asked for, or as there are; no two shards differ by more than they must."""
    leave = leave_for(seen(Path("/nowhere"), *left), limit)
    sent = [pairs - leave[str(at)] for at, pairs in enumerate(left)]
    assert all(0 <= one <= pairs for one, pairs in zip(sent, left, strict=True))
    assert sum(sent) == min(limit, sum(left))
    cut_short = [one for one, pairs in zip(sent, left, strict=True) if one < pairs]
    assert not cut_short or max(sent) - min(cut_short) <= 1
