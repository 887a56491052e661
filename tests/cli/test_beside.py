"""What goes beside all shards of a run goes on, or ends, with one exit code for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.cli.beside import SideEnd, side_end, sit_over
from bulkdel.errors import Exit
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.plan.make_shards import make_shards
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import Origin
from bulkdel.runs.beside import Side
from bulkdel.runs.shards import parts_of
from bulkdel.runs.verification import verification_side
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Errand
from tests.support.beside import planned, settled

NAMES = ("a", "b", "c")
TARGET = '[targets.{}]\nprovider = "tencent"\napp_id = {}\nendpoint = "emulator"\n'


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Job, list[tuple[Job, Side]]]:
    """A run of three shards, and a planned verification beside each."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    (tmp_path / "job.toml").write_text(
        'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n[cluster]\nshard_qps = 1\n'
        + "".join(TARGET.format(name, at) for at, name in enumerate(NAMES, 1))
    )
    job = load_job(tmp_path / "job.toml")
    make_shards(job)
    for part, name in zip(parts_of(job), NAMES, strict=True):
        origin = Origin(plan_digest="d", whole_lists=False, population=(1,))
        planned(part.run_dir / "verification", Errand.ASK, {name: [("a", ["b"])]}, origin=origin)
    return job, [(part, verification_side(part, folder="verification")) for part in parts_of(job)]


@pytest.mark.parametrize(
    ("ends", "sat", "code"),
    [
        ((End.FINISHED, End.FINISHED, End.FINISHED), "abc", Exit.DONE),
        ((End.FINISHED, End.STOPPED, End.FINISHED), "ab", Exit.LEFT),
        ((End.CRASHED, End.FINISHED, End.FINISHED), "a", Exit.LEFT),
        ((End.REFUSED, End.DOWN, End.FINISHED), "abc", Exit.REFUSED),
        ((End.FINISHED, End.LEFT, End.FINISHED), "abc", Exit.LEFT),
    ],
)
def test_one_shard_after_another(
    sides: tuple[Job, list[tuple[Job, Side]]], ends: tuple[End, ...], sat: str, code: Exit
) -> None:
    """What stops the command stops all; what one provider does ends its shard alone.

    What no shard was asked for is left, and the exit code is the worst of all that applies.
    """
    job, parts = sides
    asked = []

    def sit(part: Job, side: Side) -> SideEnd:
        name = part.targets[0].name
        end = ends[NAMES.index(name)]
        asked.append(name)
        if end is End.FINISHED:
            meta = read_plan_meta(part.run_dir / side.folder)
            assert meta is not None
            settled(part.run_dir / side.folder, meta)
        lane = LaneEnd(target=name, end=end, words="")
        return side_end(part, side.folder, Ending(lanes=(lane,)))

    end = sit_over(job, parts, sit, quiet=True)
    assert "".join(asked) == sat
    assert end.exit_code is code
    assert [one.name for one in end.status.targets] == list(NAMES)
    assert end.status.unsettled == len(NAMES) - [ends[NAMES.index(one)] for one in sat].count(
        End.FINISHED
    )
