"""A file that is synced is lost all the same if the name of its directory is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import Place, csv_text, toml

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

TELLS = """
import os, sys
fsync = os.fsync
def telling(descriptor):
    fsync(descriptor)
    with open("synced", "a") as told:
        file = os.fstat(descriptor)
        told.write(f"{file.st_dev} {file.st_ino}\\n")
os.fsync = telling
from bulkdel.cli import app
sys.argv[0] = "bulkdel"
app.main()
"""


def test_every_name_is_synced(tmp_path: Path) -> None:
    """The directories that hold the run directory, its own and its files' names are all synced."""
    place = Place(tmp_path, program=("-c", TELLS))
    place.write("pairs.csv", csv_text([("a", "b")]))
    with Judge({"tencent": [("a", "b")]}) as judge:
        place.write("job.toml", toml(judge.address, head='run_dir = "some/where/new"'))
        assert place.run("run", "job.toml").code == 0
    synced = set((tmp_path / "synced").read_text().split("\n"))
    names = (".", "some", "some/where", "some/where/new", "some/where/new/ledger.jsonl")
    files = {name: (tmp_path / name).stat() for name in names}
    assert [name for name, at in files.items() if f"{at.st_dev} {at.st_ino}" not in synced] == []


def test_every_name_of_a_cut_is_synced(tmp_path: Path) -> None:
    """Each shard's directory and plan, what names them, and shards.json, which relies on them."""
    place = Place(tmp_path, program=("-c", TELLS))
    place.write("pairs.csv", csv_text([("a", "b")]))
    place.write("job.toml", toml("emulator", zego="", tail="[cluster]\nshard_qps = 1\n"))
    assert place.run("plan", "job.toml").code == 0
    synced = set((tmp_path / "synced").read_text().split("\n"))
    run = "runs/job"
    names = [run, f"{run}/shards.json", f"{run}/shards"]
    names += [f"{run}/shards/{one}{file}" for one in "12" for file in ("", "/plan.parquet")]
    files = {name: (tmp_path / name).stat() for name in names}
    assert [name for name, at in files.items() if f"{at.st_dev} {at.st_ino}" not in synced] == []
