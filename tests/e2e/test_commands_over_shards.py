"""Each command with a run that is cut into shards: what it says and does is that of one run."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bulkdel import files, library
from bulkdel.ledger.lock import hold
from bulkdel.report.remote import KEYS
from bulkdel.report.undone import KEYS as UNDO_KEYS
from bulkdel.runs.shards import parts_of
from tests.support.json_keys import undocumented
from tests.support.judge import Judge, Pair
from tests.support.process import KEY, Done, Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n % 10:02}", f"to{n:03}") for n in range(40)]
OTHERS = [("stranger", "friend"), ("from00", "dear")]
CUT = "[cluster]\nshard_qps = 1\nslices = { tencent = 2 }\n[retry]\nbase_delay_s = 0.02\n"
NAMES = ("1", "2", "3")
"""Two slices of tencent, and zego."""


@contextmanager
def planned(place: Place, tail: str = "", **more: str) -> Iterator[Judge]:
    """A run of three shards, planned: tencent's two slices, and zego."""
    world = [*PAIRS, *OTHERS]
    with Judge({"tencent": world, "zego": world}, secret=place.secret) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address, zego="", tail=tail + CUT, **more))
        assert place.run("plan", "job.toml").code == 0
        yield judge


def send(place: Place, *names: str, limit: int | None = None) -> None:
    """Sends these shards, one after another, as a process does that has them."""
    job = library.load_job(place.folder / "job.toml")

    async def work() -> None:
        for part in parts_of(job):
            if part.run_dir.name in names:
                async for _ in library.run(part, limit=limit):
                    pass

    asyncio.run(work())


def run_dir(place: Place) -> Path:
    """Of the run."""
    return place.folder / "runs/job"


def lines(place: Place, folder: str = "") -> list[dict[str, Any]]:
    """Of all shards' ledgers, or of those of what is beside each."""
    each = [run_dir(place) / files.SHARDS / name / folder for name in NAMES]
    return [line for one in each if (one / files.LEDGER).exists() for line in ledger(one)]


def did(place: Place, *arguments: str, code: int) -> Done:
    """The command, which leaves with this code."""
    done = place.run(*arguments)
    assert done.code == code, done.out + done.err
    return done


def asked(place: Place, *options: str, code: int) -> dict[str, Any]:
    """What a verification says as JSON, every key of it documented."""
    done = did(place, "verify", "job.toml", "--remote", "-q", "--json", *options, code=code)
    value: dict[str, Any] = json.loads(done.out)
    assert undocumented(value, KEYS) == set()
    return value


def test_what_remains_is_found_over_all_shards(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is gone is asked for once; one exit code, one summary, one file of what remains.

    A sample of a sliced target is as many pairs of it as were wanted, over all its slices. What was
    settled since makes another verification of all shards.
    """
    monkeypatch.setenv(KEY, place.secret)
    with planned(place) as judge:
        assert "nothing was sent" in did(place, "verify", "job.toml", "--remote", code=2).complaint
        send(place, "1", "3")
        first = asked(place, code=0)
        settled = Counter(line["target"] for line in lines(place))
        targets = first["targets"]
        assert [targets[name]["gone"] for name in ("tencent", "zego")] == [
            settled["tencent"],
            settled["zego"],
        ]
        assert targets["tencent"]["not_asked"] == len(PAIRS) - settled["tencent"] > 0
        calls = judge.calls
        assert asked(place, code=0)["folder"] == first["folder"] == "shards/*/verification"
        assert judge.calls == calls  # it is finished: nothing is asked again
        send(place, "2")
        there = [PAIRS[0], PAIRS[7], PAIRS[15]]
        judge.befriend("tencent", *there)
        second = asked(place, code=1)
        assert second["folder"] == "shards/*/verification-2"
        assert second["targets"]["tencent"]["remains"] == len(there)
        assert second["targets"]["zego"]["gone"] == len(PAIRS)
        verified = lines(place, "verification-2")
        assert (
            len({(one["target"], one["from_account"], one["to_account"]) for one in verified}) == 80
        )
        done = did(place, "export", "job.toml", "--remaining", "--target", "tencent", code=0)
        assert sorted(rows(done)) == sorted(there)
        part = asked(place, "--again", "--sample", "7", "--seed", "5", code=1)
        tencent = part["targets"]["tencent"]
        assert (tencent["pairs"], tencent["population"]) == (7, len(PAIRS))
        assert tencent["bound"] is not None
        with hold(run_dir(place) / files.SHARDS / "2"):
            assert (
                "shard 2 is sent by"
                in did(place, "verify", "job.toml", "--remote", code=2).complaint
            )
        done = did(place, "verify", "job.toml", code=0)
        assert "verification-3" in done.out


def rows(done: Done) -> list[Pair]:
    """The pairs of an exported CSV."""
    return [(one, other) for one, other in list(csv.reader(io.StringIO(done.out)))[1:]]


def test_a_backup_is_pulled_undone_and_destroyed_over_all_shards(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was deleted is back with all his data, once, and the question is asked once.

    A shard of which nothing was sent has nothing to be put back. The backup is destroyed whole.
    """
    monkeypatch.setenv(KEY, place.secret)
    with planned(place, tail="[backup]\nenabled = true\n") as judge:
        before = {name: judge.snapshot(name) for name in ("tencent", "zego")}
        done = did(place, "backup", "job.toml", "-q", code=0)
        assert "the backup is whole" in done.out
        assert done.out.count("friends kept") == 1
        send(place, "1", "3")
        assert len(judge.snapshot("tencent")) < len(before["tencent"])
        assert (
            "nothing of that account to put back"
            in did(place, "undo", "job.toml", "-q", "--account", "dear", code=2).complaint
        )
        part = did(place, "undo", "job.toml", "-q", "--json", "--account", "from00", code=75)
        assert undocumented(json.loads(part.out), UNDO_KEYS) == set()
        refused = did(place, "forget", "job.toml", "--yes", code=2)
        assert "an undo is not finished" in refused.complaint
        done = did(place, "undo", "job.toml", "-q", "--json", code=0)
        value = json.loads(done.out)
        assert value["targets"]["zego"]["restored"] == len(PAIRS)
        assert done.err.count("undoes") == 1
        assert judge.snapshot("tencent") == before["tencent"]
        other = value["other_lists"]["zego"]  # which adds to both lists by itself
        assert other["entries"] == len(PAIRS)
        assert judge.snapshot("zego").keys() == {
            *before["zego"],
            *((to, one) for one, to in PAIRS),
        }
        assert did(place, "undo", "job.toml", "-q", code=0).out.startswith("Undone: ")
        did(place, "forget", "job.toml", "--yes", code=0)
        assert list(run_dir(place).rglob(files.FRIENDS)) == []
        assert did(place, "undo", "job.toml", "-q", code=0).out.startswith("Undone: ")
        did(place, "verify", "job.toml", code=0)


def test_a_run_is_exported_and_closed_over_all_shards(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file has each pair once for each target; closed, each has its line, asked for once."""
    monkeypatch.setenv(KEY, place.secret)
    with planned(place) as judge:
        assert "nothing was sent" in did(place, "close", "job.toml", "--yes", code=2).complaint
        send(place, "1")
        send(place, "3", limit=9)
        done = did(place, "export", "job.toml", "--full", code=0)
        read = list(csv.DictReader(io.StringIO(done.out)))
        assert Counter((one["target"], one["From_Account"], one["To_Account"]) for one in read) == {
            (at, *pair): 1 for at in ("tencent", "zego") for pair in PAIRS
        }
        left = [one for one in read if one["status"] == "unsettled"]
        assert len(left) == 80 - len(lines(place)) > 0
        with hold(run_dir(place) / files.SHARDS / "3"):
            settled = did(place, "export", "job.toml", "--status", "deleted", code=0)
            assert len(rows(settled)) == len(lines(place))
            assert "shard 3 is sent by" in did(place, "close", "job.toml", code=2).complaint
        calls = judge.calls
        assert (
            "could still be settled" in did(place, "close", "job.toml", "--yes", code=2).complaint
        )
        assert len(lines(place)) == 80 - len(left)
        did(place, "close", "job.toml", "--yes", "--all", code=0)
        assert judge.calls == calls
        assert Counter(one["status"] for one in lines(place))["failed"] == len(left)
        assert len(lines(place)) == 80
        did(place, "close", "job.toml", "--yes", code=0)
        did(place, "verify", "job.toml", code=0)
        assert place.status()["state"] == "finished"
