"""A file that is synced is lost all the same if the name of its directory is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import Place, csv_text, toml

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

TELLS = """
import os, sys
from pathlib import Path
fsync = os.fsync
def telling(descriptor):
    fsync(descriptor)
    with open("synced", "a") as told:
        told.write(os.readlink(f"/proc/self/fd/{descriptor}") + "\\n")
os.fsync = telling
from bulkdel.cli import app
sys.argv[0] = "bulkdel"
app.main()
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_every_name_is_synced(tmp_path: Path) -> None:
    """The directories that hold the run directory, its own and its files' names are all synced."""
    place = Place(tmp_path, program=("-c", TELLS))
    place.write("pairs.csv", csv_text([("a", "b")]))
    with Judge({"tencent": [("a", "b")]}) as judge:
        place.write("job.toml", toml(judge.address, head='run_dir = "some/where/new"'))
        assert place.run("run", "job.toml").code == 0
    synced = set((tmp_path / "synced").read_text().split("\n"))
    folders = {str(tmp_path / name) for name in (".", "some", "some/where", "some/where/new")}
    assert folders <= synced
    assert str(tmp_path / "some/where/new/ledger.jsonl") in synced
