"""A cut is looked at against the plans of its shards: whatever does not belong together is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.job.job import Cluster, Job
from bulkdel.plan.check_cut import check_cut
from bulkdel.plan.cut import Cut, shard_dir
from bulkdel.plan.make_shards import make_shards
from bulkdel.plan.read import PLAN_FILE, read_plan_meta
from bulkdel.words import Mode
from tests.plan.jobs import a_job, a_target


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Job, Cut]:
    """Two slices of t1, in shards 1 and 2, and t2 in shard 3."""
    (tmp_path / "in.csv").write_text(
        "From_Account,To_Account\n" + "".join(f"a{n},b\n" for n in range(20))
    )
    targets = tuple(replace(a_target(name), app_id=at) for at, name in enumerate(("t1", "t2")))
    job = replace(
        a_job(tmp_path, ["in.csv"], targets=targets),
        mode=Mode.ONE_WAY,
        cluster=Cluster(slices={"t1": 2}),
    )
    return job, make_shards(job)


def wrongs(job: Job, cut: Cut) -> list[str]:
    """What is told of the shards as they lie there."""
    metas = {shard.name: read_plan_meta(shard_dir(job, shard)) for shard in cut.shards}
    plans = {name: meta for name, meta in metas.items() if meta is not None}
    return list(check_cut(job.run_dir, cut, plans))


def test_nothing_is_told_of_a_sound_cut(planned: tuple[Job, Cut]) -> None:
    """What was just planned agrees with itself; of a plan that is gone its shard tells itself."""
    job, cut = planned
    assert wrongs(job, cut) == []
    (shard_dir(job, cut.shards[2]) / PLAN_FILE).unlink()
    assert wrongs(job, cut) == []


def test_shards_that_do_not_belong_together_are_told(planned: tuple[Job, Cut]) -> None:
    """The plan of another shard, a slice twice, a pair more or fewer, a folder that is no shard."""
    job, cut = planned
    one, other, alone = (shard_dir(job, shard) / PLAN_FILE for shard in cut.shards)
    kept = other.read_bytes()
    shutil.copy(one, other)
    told = wrongs(job, cut)
    assert "the plans of its shards are not those that it was made with" in told
    assert "t1: 'a0' is in more than one of its slices" in told
    assert any(words.startswith("t1: its shards hold") for words in told)
    shutil.copy(alone, other)
    assert "shard 2: its plan is of other targets" in wrongs(job, cut)
    other.write_bytes(kept)
    assert wrongs(job, cut) == []
    (job.run_dir / "shards" / "9").mkdir()
    assert wrongs(job, cut) == ["shards/9: no shard of this run has that name"]
    lost = replace(cut, shards=cut.shards[1:])
    assert "t1: the slices of it in its shards are not the whole of it once" in wrongs(job, lost)
