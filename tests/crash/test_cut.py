"""SIGKILL at each file of a cut: the run is planned whole, or planned anew."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from bulkdel.library import load_job
from bulkdel.plan.check import check_plan
from bulkdel.plan.cut import read_cut, shard_dir
from bulkdel.plan.read import read_plan_meta
from tests.support.process import ROOT, Place, csv_text

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

JOB = """
operation = "delete_friends"
mode = "one_way"
[input]
files = ["pairs.csv"]
[cluster]
shard_qps = 1
slices = { one = 2 }
"""
TARGET = '[targets.{name}]\nprovider = "tencent"\napp_id = {app}\nendpoint = "emulator"\n'
POINTS = (
    ("cut-named", 1),  # from here on there is a cut before, of another input
    ("plan-written", 1),
    ("plan-named", 1),
    ("plan-written", 3),
    ("plan-named", 4),
    ("rejects-written", 1),
    ("rejects-named", 1),
    ("cut-written", 1),
)


def test_killed_at_each_file_of_a_cut(tmp_path: Path) -> None:
    """Wherever planning dies, the next one ends with the cut of the input that is there then.

    Each time the input is another, so that a shard of a plan before would be seen.
    """
    place = Place(tmp_path)
    targets = [TARGET.format(name=name, app=at) for at, name in enumerate(("one", "b", "c"), 1)]
    path = place.write("job.toml", JOB + "".join(targets))
    job, cut, number = load_job(path), None, 0
    for number, (point, passage) in enumerate((*POINTS, ("never", 1)), 1):
        pairs = [(f"from{at}", f"to{at}") for at in range(number)]
        place.write("pairs.csv", csv_text(pairs))
        dies = (str(ROOT / "tests/crash/dies.py"), point, str(passage), str(tmp_path / "left"))
        done = place.run("plan", "job.toml", program=dies)
        assert done.code == (0 if point == "never" else -signal.SIGKILL), (point, done)
        cut = read_cut(job.run_dir)
        assert (cut is not None) == (point in {"cut-named", "never"}), point
    assert cut is not None
    assert cut.meta.books.pairs == number
    assert sorted(one.name for one in (job.run_dir / "shards").iterdir()) == ["1", "2", "3", "4"]
    sliced = []
    for shard in cut.shards:
        meta = read_plan_meta(shard_dir(job, shard))
        assert meta is not None
        assert list(check_plan(shard_dir(job, shard), meta)) == []
        if shard.slices == 1:
            assert meta.books.pairs == number
        else:
            sliced.append(meta.books.pairs)
    assert sum(sliced) == number
