"""A run that an earlier version has begun goes on with this one.

`begun/version_2.tar.xz` holds run directories that bulkdel wrote at 6409a84 (plan of version 2):
`limited` and `swept` stopped at --limit, `killed` by kill -9 with five calls in flight.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from tests.support.process import Place

BEGUN = Path(__file__).parent / "begun"


@pytest.fixture
def begun(place: Place) -> Place:
    """The folder as the earlier version left it, and its jobs."""
    with tarfile.open(BEGUN / "version_2.tar.xz") as kept:
        kept.extractall(place.folder, filter="data")
    for name in ("limited", "swept", "killed"):
        (place.folder / name).chmod(0o700)
        shutil.copy(BEGUN / f"{name}.toml", place.folder)
    return place


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "exit_code", "pairs"),
    [("limited", 1, 110), ("swept", 0, 40), ("killed", 1, 110)],
)
def test_a_run_begun_by_an_earlier_version_is_finished(
    begun: Place, name: str, exit_code: int, pairs: int
) -> None:
    """What it had settled stays byte for byte, and every pair has one line in the end."""
    ledger = begun.folder / name / "ledger.jsonl"
    before = ledger.read_bytes()
    done = begun.run("run", f"{name}.toml", "--no-progress")
    assert done.code == exit_code, done.err  # one row of pairs.csv is rejected: from equals to
    after = ledger.read_bytes()
    assert after.startswith(before)
    lines = [json.loads(line) for line in after.splitlines()]
    each = Counter((line["target"], line["from_account"], line["to_account"]) for line in lines)
    assert set(each.values()) == {1}
    assert Counter(line["target"] for line in lines) == {"tencent": pairs, "zego": pairs}
    assert begun.run("verify", f"{name}.toml").code == 0


@pytest.mark.e2e
def test_calls_in_flight_of_an_earlier_version_are_lost_answers(begun: Place) -> None:
    """What was out when an earlier version was killed is known, and counted."""
    assert begun.run("run", "killed.toml", "--no-progress").code == 1
    status = json.loads(begun.run("status", "killed.toml", "--json").out)
    lost = sum(target["lost_answers"] for target in status["targets"].values())
    assert lost == 5


@pytest.mark.e2e
def test_a_changed_input_of_a_run_begun_by_an_earlier_version_is_refused(begun: Place) -> None:
    """The fingerprint of an earlier version still guards its run."""
    with (begun.folder / "pairs.csv").open("a") as rows:
        rows.write("more,rows\n")
    done = begun.run("run", "limited.toml", "--no-progress")
    assert done.code == 2
    assert "pairs.csv" in done.complaint


@pytest.mark.e2e
def test_what_an_earlier_version_did_not_record_is_said_to_be_so(begun: Place) -> None:
    """Its sittings have no circumstances; this version's have, and both stand in the report."""
    assert begun.run("run", "limited.toml", "--no-progress").code == 1
    report = json.loads((begun.folder / "limited" / "report.json").read_bytes())
    first, last = report["sittings"][0], report["sittings"][-1]
    assert (first["host"], first["agreement"], first["settings"]) == (None, None, None)
    assert last["command"].endswith("bulkdel run limited.toml --no-progress")
    page = (begun.folder / "limited" / "report.html").read_text("utf-8")
    assert "not recorded (begun with an older version)" in page
