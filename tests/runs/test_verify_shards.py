"""`verify` checks a run that is cut: each shard, what lies beside it, and the cut itself."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from bulkdel import files, library
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.audit.verify import Verified
from bulkdel.ledger.lock import hold
from bulkdel.plan.cut import read_cut
from bulkdel.plan.make_shards import make_shards
from bulkdel.report.text.verification import KEYS, verification_json, verification_text
from bulkdel.runs.shards import parts_of
from bulkdel.runs.verify import verify_run
from bulkdel.words import Verdict
from tests.support.json_keys import undocumented, unwritten

JOB = """
operation = "delete_friends"
mode = "one_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
[cluster]
shard_qps = 1
slices = { big = 2 }
[targets.app]
provider = "tencent"
app_id = 1
endpoint = "emulator"
[targets.big]
provider = "tencent"
app_id = 2
endpoint = "emulator"
"""
PAIRS = 24
SHARDS = ("1", "2", "3")
"""Of big's two slices, of which the second is sent in part, and of app."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three shards: two are sent, one in part."""
    folder = tmp_path_factory.mktemp("made")
    rows = "".join(f"f{at % 8},t{at}\n" for at in range(PAIRS))
    (folder / "pairs.csv").write_text(f"From_Account,To_Account\n{rows}f1\n")
    (folder / "job.toml").write_text(JOB)
    job = load_job(folder / "job.toml")
    make_shards(job)

    async def send() -> None:
        for part, limit in zip(parts_of(job), (None, 4, None), strict=True):
            async for _ in library.run(part, limit=limit):
                pass

    asyncio.run(send())
    return folder


@pytest.fixture
def job(made: Path, tmp_path: Path) -> Job:
    """A copy of that run."""
    shutil.copytree(made, tmp_path / "copy")
    return load_job(tmp_path / "copy/job.toml")


def found(job: Job) -> list[tuple[str, str]]:
    """What is wrong: the file and the words."""
    _, verified, _ = verify_run(job)
    assert verified.count == len(verified.findings)
    return [(one.file, one.what) for one in verified.findings]


def test_a_sound_run_is_told_as_one(job: Job) -> None:
    """Lines, settlements and books are sums over all shards; slices of a target are one target."""
    meta, verified, beside = verify_run(job)
    lines = [(part.run_dir / files.LEDGER).read_bytes() for part in parts_of(job)]
    settled = sum(len(one.splitlines()) for one in lines)
    assert PAIRS < settled < 2 * PAIRS
    assert (verified.count, verified.ok, verified.lines) == (0, True, settled)
    assert verified.length == sum(map(len, lines))
    assert verified.settled["app"][Verdict.DELETED] == PAIRS
    assert verified.settled["big"][Verdict.DELETED] == settled - PAIRS
    value = json.loads(verification_json(job, meta, verified, beside))
    assert undocumented(value, KEYS) == set()
    assert {one.partition(".")[0] for one in unwritten(value, KEYS)} <= {"findings[]", "beside"}
    assert value["targets"]["big"]["unsettled"] == 2 * PAIRS - settled
    text = verification_text(job, meta, verified, 100, beside=beside)
    assert "all agrees" in text
    assert "shard" not in text


def test_a_shard_that_is_sent_is_not_opened_and_is_said(job: Job) -> None:
    """Of the others all is checked; what is wrong in the one that is sent is not looked at."""
    at = job.run_dir / files.SHARDS / "2"
    ledger = (at / files.LEDGER).read_bytes()
    (at / files.LEDGER).write_bytes(ledger.replace(b"deleted", b"fleeted", 1))
    with hold(at):
        meta, verified, beside = verify_run(job)
    assert (verified.count, verified.ok, verified.settled) == (0, False, {})
    assert [(name, "process" in who) for name, who in verified.at_work.items()] == [("2", True)]
    value = json.loads(verification_json(job, meta, verified, beside))
    assert (value["ok"], list(value["shards_at_work"])) == (False, ["2"])
    text = verification_text(job, meta, verified, 200, beside=beside)
    assert "what was checked agrees" in text
    assert "1 shard was not checked while it is sent: 2 (" in text
    assert found(job)[0][0] == f"{files.SHARDS}/2/{files.LEDGER}"


def _cut_says(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def damage(run_dir: Path) -> None:
        content = orjson.loads((run_dir / files.CUT).read_bytes())
        change(content)
        (run_dir / files.CUT).write_bytes(orjson.dumps(content))

    return damage


def _again(content: dict[str, object]) -> None:
    shards = content["shards"]
    assert isinstance(shards, list)
    shards[1]["slice_at"] = 0


def _other_target(content: dict[str, object]) -> None:
    shards = content["shards"]
    assert isinstance(shards, list)
    shards[2]["targets"] = ["big"]


def _fewer(content: dict[str, object]) -> None:
    plan = content["plan"]
    assert isinstance(plan, dict)
    plan["shares"][1]["pairs"] -= 1


def _swapped(run_dir: Path) -> None:
    """The second slice's folder is a copy of the first's: each is sound by itself."""
    shutil.rmtree(run_dir / files.SHARDS / "2")
    shutil.copytree(run_dir / files.SHARDS / "1", run_dir / files.SHARDS / "2")


def _of_another_run(run_dir: Path) -> None:
    """A shard of a run with the same targets, and as many pairs: each file is sound by itself."""
    folder = run_dir.parent / "another"
    folder.mkdir()
    shutil.copy(run_dir.parent / "job.toml", folder)
    rows = (run_dir.parent / "pairs.csv").read_text()
    (folder / "pairs.csv").write_text(rows.replace("t3", "tx"))
    other = load_job(folder / "job.toml")
    make_shards(other)
    shutil.rmtree(run_dir / files.SHARDS / "3")
    shutil.copytree(other.run_dir / files.SHARDS / "3", run_dir / files.SHARDS / "3")


DAMAGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a line of a shard": (
        lambda at: _change(at / "shards/1/ledger.jsonl"),
        "shards/1/ledger.jsonl",
        "the line was changed",
    ),
    "a journal is gone": (
        lambda at: (at / "shards/1/journal.db").unlink(),
        "shards/1/journal.db",
        "missing",
    ),
    "a plan is gone": (
        lambda at: (at / "shards/1/plan.parquet").unlink(),
        "shards/1/plan.parquet",
        "missing",
    ),
    "a shard is gone": (
        lambda at: shutil.rmtree(at / "shards/1"),
        "shards/1/plan.parquet",
        "there is no plan",
    ),
    "a shard twice": (_swapped, "shards.json", "is in more than one of its slices"),
    "a shard of another run": (_of_another_run, "shards.json", "are not those that it was made"),
    "a slice twice": (_cut_says(_again), "shards.json", "the slices of it in its shards are not"),
    "another target": (
        _cut_says(_other_target),
        "shards.json",
        "shard 3: its plan is of other targets",
    ),
    "fewer pairs": (_cut_says(_fewer), "shards.json", "its shards hold 24 pairs, not 23"),
    "a strange shard": (
        lambda at: (at / "shards/4").mkdir(),
        "shards.json",
        "shards/4: no shard of this run has that name",
    ),
    "a rejected row": (
        lambda at: (at / "rejects.jsonl").unlink(),
        "rejects.jsonl",
        "it has 0 lines, but 1 rows",
    ),
    "the cut": (lambda at: (at / "shards.json").write_text("{}"), "shards.json", "is damaged"),
    "no cut": (lambda at: (at / "shards.json").unlink(), "shards.json", "it is missing"),
}


def _change(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"t', b'"x', 1))


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_is_found_and_named(job: Job, damage: str) -> None:
    """Whatever was done to a shard, or to the cut: the file is named, and what is wrong with it."""
    spoil, file, words = DAMAGE[damage]
    spoil(job.run_dir)
    assert [what for where, what in found(job) if where == file and words in what], found(job)


def test_what_lies_beside_each_shard_is_checked(job: Job) -> None:
    """It is named with its shard where something is wrong, and summed where nothing is."""
    for part in parts_of(job):
        (part.run_dir / "verification").mkdir()
        (part.run_dir / "verification" / files.LEDGER).write_text("{}\n")
    meta, verified, beside = verify_run(job)
    assert [one.folder for one in beside] == [f"shards/{name}/verification" for name in SHARDS]
    text = verification_text(job, meta, verified, 100, beside=beside)
    assert text.count("shards/2/verification/plan.parquet") == 1
    assert "DAMAGED, 3 findings" in text


def test_the_cut_names_what_verify_goes_by(job: Job) -> None:
    """The runs of these tests are cut as they say."""
    cut = read_cut(job.run_dir)
    assert cut is not None
    assert [(one.name, one.targets, one.slice_at) for one in cut.shards] == [
        ("1", ("big",), 0),
        ("2", ("big",), 1),
        ("3", ("app",), 0),
    ]
    assert Verified().ok
