"""Whole runs as a user sees them: the demo, limits, signals, continuing, what may change."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.judge import Judge, Pair, read_pairs
from tests.support.process import (
    ROOT,
    Place,
    csv_text,
    finished,
    ledger,
    statuses,
    toml,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n % 40:02}", f"to{n:03}") for n in range(120)]
DRAINS_S = 8.0
"""More than the longest call of these tests takes, and less than the call timeout."""

COUNTED = {
    "pairs",
    "batches",
    "deleted",
    "already_gone",
    "failed",
    "unsettled",
    "calls",
    "retries",
    "throttled",
    "lost_answers",
}


def key(line: dict[str, Any]) -> tuple[str, str, str]:
    """What a ledger has at most one line of."""
    return line["target"], line["from_account"], line["to_account"]


def balanced(told: dict[str, Any]) -> None:
    """That the books of `status --json` balance, by the sums of the contract."""
    rows = told["rows"]
    assert rows["read"] == sum(
        rows[name] for name in ("pairs", "duplicates", "rejected", "protected")
    )
    for target in told["targets"].values():
        assert target["pairs"] == rows["pairs"]
        assert target["pairs"] == sum(
            target[name] for name in ("deleted", "already_gone", "failed", "unsettled")
        )


def shipped(place: Place, name: str, rows: str) -> str:
    """A job of the checkout with its input, in the place, so that its run is there too."""
    place.folder.joinpath("demo").mkdir()
    place.write(f"demo/{rows}", (ROOT / "jobs/demo" / rows).read_bytes())
    return str(place.write(name, (ROOT / "jobs" / name).read_bytes()))


def test_the_demo_ends_balanced(place: Place) -> None:
    """The README's first command: exit 0, each pair of the input has one line for each target.

    And it prints what the README shows of it.
    """
    demo = shipped(place, "demo.toml", "pairs.csv")
    done = place.run("run", demo)
    assert done.code == 0, done.err
    shown = (ROOT / "README.md").read_text("utf-8").partition("```text\n")[2].partition("\n```")[0]
    assert done.out.startswith(shown)
    assert "The books are balanced" in done.out
    rows = read_pairs(ROOT / "jobs/demo/pairs.csv")
    lines = ledger(place.folder / "runs/demo")
    assert sorted(map(key, lines)) == sorted(
        (target, *pair) for target in ("tencent", "zego") for pair in rows
    )
    told = place.status(demo)
    balanced(told)
    assert told["state"] == "finished"
    for target in ("tencent", "zego"):
        assert told["targets"][target]["deleted"] == 254
        assert told["targets"][target]["already_gone"] == 254
    before = (place.folder / "runs/demo/ledger.jsonl").read_bytes()
    again = place.run("run", demo)
    assert again.code == 0
    assert (place.folder / "runs/demo/ledger.jsonl").read_bytes() == before


def test_wrong_rows_are_named_by_line(place: Place) -> None:
    """Wrong rows among good ones: exit 1, rejects.jsonl names them by physical line."""
    job = shipped(place, "demo-rejects.toml", "pairs-with-wrong-rows.csv")
    done = place.run("run", job)
    assert done.code == 1, done.err
    rejects = (place.folder / "runs/demo-rejects/rejects.jsonl").read_bytes().splitlines()
    told = [json.loads(line) for line in rejects]
    assert [reject["line"] for reject in told] == [12, 40, 77, 120, 163, 201, 250]
    source = (ROOT / "jobs/demo/pairs-with-wrong-rows.csv").read_text().splitlines()
    for reject in told:
        assert reject["raw"] == source[reject["line"] - 1]
        assert reject["file"].endswith("pairs-with-wrong-rows.csv")
        assert reject["reason"]
    books = place.status(job)
    balanced(books)
    assert books["rows"] == {
        "read": 516,
        "pairs": 508,
        "duplicates": 1,
        "rejected": 7,
        "protected": 0,
    }
    assert statuses(place.folder / "runs/demo-rejects", "zego").total() == 508


def test_no_more_pairs_than_the_limit_are_settled(place: Place) -> None:
    """--limit N settles N pairs, shared by the targets, and exits 75.

    What it says to go on with ends with the same ledger.
    """
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS, "zego": PAIRS}) as judge:
        place.write("job.toml", toml(judge.address, zego=""))
        settled = 0
        for limit, of_each in ((1, (1, 0)), (50, (26, 25)), (51, (52, 50))):
            done = place.run("run", "job.toml", "--limit", str(limit))
            assert done.code == 75, done.err
            now = len(ledger(place.folder / "runs/job"))
            assert now - settled == limit
            told = place.status()["targets"]
            each = tuple(told[name]["pairs"] - told[name]["unsettled"] for name in told)
            assert each == of_each
            gone = sum(len(PAIRS) - len(judge.seen(name).left) for name in ("tencent", "zego"))
            assert gone == now
            settled = now
            *_, verb, job = done.out.split()
            assert (verb, job) == ("run", "job.toml")
        assert place.run("run", "job.toml").code == 0
        whole(place, judge, PAIRS, providers=("tencent", "zego"))


def whole(
    place: Place, judge: Judge, pairs: list[Pair], *, providers: tuple[str, ...], died: bool = False
) -> None:
    """That the run is finished, and that judge, ledger and status tell the same story."""
    told = place.status()
    balanced(told)
    assert told["state"] == "finished"
    lines = ledger(place.folder / "runs/job")
    assert sorted(map(key, lines)) == sorted((name, *pair) for name in providers for pair in pairs)
    for name in providers:
        seen = judge.seen(name)
        assert seen.left.isdisjoint(pairs)
        assert seen.overlaps == 0
        assert seen.throttled == 0
        target = told["targets"][name]
        assert target["deleted"] + target["already_gone"] == len(pairs)
        if not died:
            assert target["calls"] == seen.calls
            assert target["lost_answers"] == 0


def running(place: Place, judge: Judge, *, calls: int, until: str = "tencent") -> Any:
    """A run that is under way: the judge has seen some calls of it."""
    process = place.start("run", "job.toml", "--no-progress")
    give_up = time.monotonic() + 20
    while judge.seen(until).calls < calls:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.01)
    return process


def test_first_signal_drains(place: Place) -> None:
    """The first signal: calls in flight are finished and recorded, exit 75, nothing is lost."""
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}, faults=("latency:0.5-1",)) as judge:
        place.write("job.toml", toml(judge.address, tencent="qps = 20\nmax_in_flight = 6"))
        process = running(place, judge, calls=6)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        done = finished(process)
        assert time.monotonic() - begun < DRAINS_S
        assert done.code == 75, done.err
        assert "Run the same command again" in done.out
        told = place.status()
        balanced(told)
        assert told["state"] == "stopped"
        assert told["reason"] == "stopped by SIGTERM"
        seen = judge.seen("tencent")
        assert seen.in_flight == 0
        assert told["targets"]["tencent"]["calls"] == seen.calls
        assert told["targets"]["tencent"]["lost_answers"] == 0
        assert told["targets"]["tencent"]["deleted"] == len(PAIRS) - len(seen.left)
        judge.break_with()
        assert place.run("run", "job.toml").code == 0
        whole(place, judge, PAIRS, providers=("tencent",))


def test_second_signal_leaves_at_once(place: Place) -> None:
    """The second signal does not wait for calls in flight: exit 75, and they are lost answers."""
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}, faults=("hang-after,for=60,calls=2-100",)) as judge:
        place.write("job.toml", toml(judge.address, tencent="qps = 50\nmax_in_flight = 5"))
        process = running(place, judge, calls=6)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        done = finished(process)
        assert done.code == 75
        assert time.monotonic() - begun < 2.0
        last = "bulkdel: left at once with 5 calls in flight; the same command continues.\n"
        assert done.err.endswith(last)
        state = place.status()["targets"]["tencent"]["state"]
        assert state["words"].startswith("stopped by SIGTERM, and left before all calls in flight")
        judge.break_with()
        assert place.run("run", "job.toml").code == 0
        figures = json.loads((place.folder / "runs/job/report.json").read_text())
        assert figures["sittings"][0]["why"] == state["words"]  # it is known later as well
        whole(place, judge, PAIRS, providers=("tencent",), died=True)
        target = place.status()["targets"]["tencent"]
        # The first call was answered, five were in flight.
        assert target["lost_answers"] == 5
        assert target["calls"] == judge.seen("tencent").calls
    lost = [line for line in ledger(place.folder / "runs/job") if line["lost_answers"]]
    assert {line["status"] for line in lost} == {"already_gone"}
    assert len({line["from_account"] for line in lost}) == 5


def test_second_process_is_refused(place: Place) -> None:
    """One process works in a run directory: a second exits 2 naming the first; status may look."""
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}, faults=("latency:6,calls=2-1000",)) as judge:
        place.write("job.toml", toml(judge.address, tencent="qps = 20\nmax_in_flight = 4"))
        process = running(place, judge, calls=3)
        second = place.run("run", "job.toml")
        assert second.code == 2
        assert f"process {process.pid}" in second.complaint
        told = place.status()
        assert told["state"] == "running"
        balanced(told)
        assert set(told["rows"]) == {"read", "pairs", "duplicates", "rejected", "protected"}
        assert set(told["targets"]["tencent"]) >= COUNTED
        assert told["reason"]
        judge.break_with()
        assert finished(process).code == 0
        whole(place, judge, PAIRS, providers=("tencent",))


def test_a_changed_input_is_planned_anew_or_refused(place: Place) -> None:
    """Changed input is planned anew before the first call, and refused after it."""
    first, second = PAIRS[:20], PAIRS[:30]
    place.write("pairs.csv", csv_text(first))
    with Judge({"tencent": PAIRS}) as judge:
        place.write("job.toml", toml(judge.address))
        assert place.run("plan", "job.toml").code == 0
        place.write("pairs.csv", csv_text(second))
        done = place.run("run", "job.toml", "--limit", "4")
        assert done.code == 75
        assert "anew" in done.err
        assert "pairs.csv" in done.err
        assert place.status()["rows"]["pairs"] == 30
        calls = judge.calls
        place.write("pairs.csv", csv_text(PAIRS))
        done = place.run("run", "job.toml")
        assert done.code == 2
        assert "pairs.csv" in done.complaint
        assert "--run-dir" in done.complaint
        place.write("job.toml", toml(judge.address, mode="two_way"))
        place.write("pairs.csv", csv_text(second))
        done = place.run("run", "job.toml")
        assert done.code == 2
        assert "mode" in done.complaint
        assert judge.calls == calls
        place.write("job.toml", toml(judge.address))
        (place.folder / "pairs.csv").unlink()
        done = place.run("run", "job.toml")
        assert done.code == 0, done.err
        assert re.search(r"Warning: .*pairs\.csv", done.err)
        whole(place, judge, second, providers=("tencent",))


def test_a_run_from_standard_input_continues_without_it(place: Place) -> None:
    """A run from standard input continues without it."""
    with Judge({"tencent": PAIRS}) as judge:
        place.write(
            "job.toml",
            toml(judge.address, files='"-"').replace("[input]\n", '[input]\nformat = "csv"\n'),
        )
        done = place.run("run", "job.toml", "--limit", "10", stdin=csv_text(PAIRS))
        assert done.code == 75, done.err
        done = place.run("run", "job.toml")
        assert done.code == 0, done.err
        whole(place, judge, PAIRS, providers=("tencent",))


def test_other_rows_on_standard_input_are_planned_anew_or_refused(place: Place) -> None:
    """Other rows on standard input are planned anew before the first call and refused after it."""
    first, second = PAIRS[:5], PAIRS[5:20]
    with Judge({"tencent": PAIRS}) as judge:
        text = toml(judge.address, files='"-"')
        place.write("job.toml", text.replace("[input]\n", '[input]\nformat = "csv"\n'))
        assert place.run("plan", "job.toml", stdin=csv_text(first)).code == 0
        done = place.run("run", "job.toml", "--limit", "3", stdin=csv_text(second))
        assert done.code == 75, done.err
        assert "anew" in done.err
        calls = judge.calls
        done = place.run("run", "job.toml", stdin=csv_text(first))
        assert done.code == 2
        assert "standard input holds other rows" in done.complaint
        assert judge.calls == calls
        done = place.run("run", "job.toml", stdin=csv_text(second))
        assert done.code == 0, done.err
        whole(place, judge, second, providers=("tencent",))


def test_replanning_needs_no_standard_input(place: Place) -> None:
    """A job that changed before its first call is planned anew from what was read before."""
    with Judge({"tencent": PAIRS}) as judge:
        text = toml(judge.address, files='"-"')
        text = text.replace("[input]\n", '[input]\nformat = "csv"\n')
        place.write("job.toml", text)
        assert place.run("plan", "job.toml", stdin=csv_text(PAIRS)).code == 0
        place.write("job.toml", text.replace("one_way", "two_way"))
        done = place.run("run", "job.toml")
        assert done.code == 0, done.err
        whole(place, judge, PAIRS, providers=("tencent",))


def test_an_empty_standard_input_is_refused(place: Place, idle_judge: Judge) -> None:
    """Nothing on standard input: exit 2, nothing sent."""
    place.write(
        "job.toml",
        toml(idle_judge.address, files='"-"').replace("[input]\n", '[input]\nformat = "csv"\n'),
    )
    done = place.run("run", "job.toml")
    assert done.code == 2
    assert "standard input is empty" in done.complaint
    assert idle_judge.calls == 0


@pytest.mark.parametrize("mode", ["one_way", "two_way"])
def test_whole_lists_of_named_accounts_are_cleared(place: Place, mode: str) -> None:
    """delete_all_friends clears the lists of the named accounts, and of nobody else."""
    friends = [*PAIRS, *((other, account) for account, other in PAIRS), ("x", "from00")]
    named = [f"from{n:02}" for n in range(20)]
    place.write("accounts.csv", "From_Account\n" + "".join(f"{name}\n" for name in named))
    with Judge({"tencent": friends, "zego": friends}) as judge:
        text = toml(
            judge.address,
            operation="delete_all_friends",
            mode=mode,
            files='"accounts.csv"',
            zego="",
        )
        place.write("job.toml", text)
        done = place.run("run", "job.toml")
        assert done.code == 0, done.err
        for name in ("tencent", "zego"):
            left = {
                (account, other)
                for account, other in friends
                if account not in named
                and not (mode == "two_way" and other in named and account != "x")
            }
            assert judge.seen(name).left == left
            assert judge.seen(name).calls == 20
    lines = ledger(place.folder / "runs/job")
    assert {line["to_account"] for line in lines} == {None}
    assert sorted((line["target"], line["from_account"]) for line in lines) == sorted(
        (target, name) for target in ("tencent", "zego") for name in named
    )


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_nobody_else_may_read(place: Place, umask: int) -> None:
    """Files are 0600 and the directory 0700, whatever the umask, also when continuing."""
    place.write("pairs.csv", csv_text(PAIRS + PAIRS[:1] + [("", "x")]))
    place.write("job.toml", toml("emulator"))
    assert place.run("run", "job.toml", "--limit", "9", umask=umask).code == 75
    only_mine(place.folder / "runs/job")
    assert place.run("run", "job.toml", umask=umask).code == 1
    only_mine(place.folder / "runs/job")


def only_mine(run_dir: Path) -> None:
    """That the directory and all in it are closed to others."""
    assert stat.S_IMODE(run_dir.stat().st_mode) == 0o700
    names = {path.name for path in run_dir.iterdir()}
    assert {"journal.db", "ledger.jsonl", "plan.parquet", "rejects.jsonl", "run.log"} <= names
    modes = {name: stat.S_IMODE((run_dir / name).lstat().st_mode) for name in names}
    assert set(modes.values()) == {0o600}, modes
