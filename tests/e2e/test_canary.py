"""A canary, as a user meets it: some accounts first, asked for, let on; and nothing before that."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from tests.support.judge import Judge, Pair
from tests.support.process import KEY, Done, Place, csv_text, environment, finished, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS: list[Pair] = [(f"from{n % 30:02}", f"to{n:03}") for n in range(120)]
BOTH: list[Pair] = PAIRS + [(other, account) for account, other in PAIRS]
CANARY = "[canary]\naccounts = 5\n"
IMPATIENT = "[retry]\nmax_attempts = 2\nbase_delay_s = 0.01\nmax_delay_s = 0.02\n"


def job(place: Place, judge: Judge, tail: str = CANARY, **more: Any) -> Path:
    """The job of these tests: four pairs for each of thirty accounts, two-way."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml(judge.address, mode="two_way", tail=tail, **more))
    return place.folder / "runs/job"


def note(run_dir: Path) -> dict[str, Any]:
    """How far the canary is."""
    told: dict[str, Any] = json.loads((run_dir / "canary.json").read_bytes())
    return told


def senders(run_dir: Path) -> set[str]:
    """Whose pairs the ledger holds."""
    return {line["from_account"] for line in ledger(run_dir)} if has_ledger(run_dir) else set()


def has_ledger(run_dir: Path) -> bool:
    """Whether anything was settled."""
    return (run_dir / "ledger.jsonl").exists()


def words(done: Done) -> str:
    """All that was said, on one line."""
    return " ".join((done.out + done.err).split())


def untouched(judge: Judge, but: Collection[str]) -> bool:
    """Whether the friendships of all other accounts are there."""
    left = judge.seen("tencent").left
    return {pair for pair in PAIRS if pair[0] not in but} <= left


def test_the_canary_goes_first_and_alone_and_waits(place: Place) -> None:
    """Five accounts and all of their pairs; then 75, and how to go on; then no question again."""
    with Judge({"tencent": BOTH}) as judge:
        run_dir = job(place, judge)
        done = place.run("run", "job.toml")
        first = senders(run_dir)
        assert done.code == 75, done.err
        assert len(first) == 5
        assert len(ledger(run_dir)) == 20
        assert untouched(judge, first)
        assert "--go-on" in done.out
        assert "20 of 20 pairs are gone" in words(done)
        assert [line["status"] for line in ledger(run_dir / "canary")] == ["gone"] * 20
        again = place.run("run", "job.toml")
        assert again.code == 75
        assert senders(run_dir) == first
        calls = judge.calls
        done = place.run("run", "job.toml", "--go-on")
        assert done.code == 0, done.err
        assert not judge.seen("tencent").left
        # What was asked for is not asked for again: the rest are one call for each account.
        assert judge.calls == calls + 25
    assert note(run_dir)["let_on"] == "option"
    assert len(ledger(run_dir)) == len(PAIRS)
    assert place.run("run", "job.toml").code == 0


def test_a_provider_that_says_yes_and_does_nothing(place: Place) -> None:
    """Exit 3, naming the canary and a pair that remains; nothing else is sent, ever."""
    with Judge({"tencent": BOTH}, faults=["pretend,action=delete"]) as judge:
        run_dir = job(place, judge, CANARY + 'then = "go"\n')
        for folder in ("canary", "canary-2"):
            done = place.run("run", "job.toml", "--log-ids")
            assert done.code == 3, done.out + done.err
            assert "tencent stopped: 20 pairs of the canary are still friends" in words(done)
            assert "from" in words(done)
            assert len(ledger(run_dir)) == 20
            assert {line["status"] for line in ledger(run_dir / folder)} == {"remains"}
            assert ("Asking the provider again" in words(done)) is (folder == "canary-2")
        assert judge.seen("tencent").left == set(BOTH)
        told = place.status()
        assert "canary" in told["reason"]
        # When the provider does what it says, and somebody has deleted them, it goes on.
        judge.break_with()
        canary = senders(run_dir)
        judge.begin_anew(
            {"tencent": [pair for pair in BOTH if pair[0] not in canary and pair[1] not in canary]}
        )
        done = place.run("run", "job.toml")
        assert done.code == 0, done.out + done.err
        assert not judge.seen("tencent").left
    assert note(run_dir)["let_on"] == "go"


def test_pairs_that_fail_stop_it_beyond_what_is_allowed(place: Place) -> None:
    """More than max_failed: exit 3, also when it is run again; as many are allowed: it goes on."""
    fault = "item30003:1,action=delete" + "".join(f",id=to{n:03}" for n in range(120))
    with Judge({"tencent": BOTH}, faults=[fault]) as judge:
        tail = CANARY + 'seed = 7\nthen = "go"\n'
        run_dir = job(place, judge, tail)
        for _ in range(2):
            done = place.run("run", "job.toml")
            assert done.code == 3, done.out + done.err
            assert "more than canary.max_failed = 0" in words(done)
            assert len(ledger(run_dir)) == 20
        assert not (run_dir / "canary-2").exists()
        job(place, judge, tail + "max_failed = 20\n")
        assert place.run("run", "job.toml").code == 1
    assert len(ledger(run_dir)) == len(PAIRS)


def test_what_cannot_be_asked_for_stops_it(place: Place) -> None:
    """A canary whose pairs cannot be asked for is no success."""
    with Judge({"tencent": BOTH}, faults=["30006,action=check"]) as judge:
        run_dir = job(place, judge, CANARY + 'then = "go"\n' + IMPATIENT)
        done = place.run("run", "job.toml")
        assert done.code == 3, done.out + done.err
        assert "20 pairs of the canary could not be asked for" in words(done)
        assert len(ledger(run_dir)) == 20
        judge.break_with()
        assert place.run("run", "job.toml").code == 0
    assert len(ledger(run_dir)) == len(PAIRS)


def test_a_canary_that_is_the_whole_plan(place: Place) -> None:
    """Nobody is asked, since nothing is left; but what remains is said all the same."""
    with Judge({"tencent": BOTH}) as judge:
        run_dir = job(place, judge, "[canary]\naccounts = 1000\n")
        assert place.run("run", "job.toml").code == 0
        assert len(ledger(run_dir / "canary")) == len(PAIRS)
        judge.begin_anew({"tencent": BOTH})
        judge.break_with("pretend,action=delete")
        for _ in range(2):  # also when all is settled before the command begins
            done = place.run("run", "job.toml", "--run-dir", "other")
            assert done.code == 3, done.out + done.err


def test_after_a_time_it_goes_on_by_itself(place: Place) -> None:
    """It says until when it waits, and sends the rest then; Ctrl-C before that stops it."""
    with Judge({"tencent": BOTH}) as judge:
        run_dir = job(place, judge, CANARY + 'then = "30m"\n')
        port = free_port()
        process = place.start("run", "job.toml", "--metrics-port", str(port))
        wait_for(lambda: (run_dir / "canary.json").exists() and note(run_dir)["asked_ms"])
        wait_for(lambda: "Waiting behind the canary" in place.run("status", "job.toml").out)
        assert "the rest waits until it follows by itself" in words(place.run("status", "job.toml"))
        wait_for(lambda: waits_by_its_metrics(port))
        wait_for(lambda: paused(place))
        assert place.run("resume", "job.toml").code == 0
        process.send_signal(signal.SIGINT)
        done = finished(process)
        assert done.code == 75, done.out + done.err
        assert "stopped by SIGINT" in words(done)
        assert len(ledger(run_dir)) == 20
        # The time counts from the canary's end: what is over is not waited for again.
        job(place, judge, CANARY + 'then = "1s"\n')
        done = place.run("run", "job.toml")
        assert done.code == 0, done.out + done.err
    assert note(run_dir)["let_on"] == "time"
    assert len(ledger(run_dir)) == len(PAIRS)


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def waits_by_its_metrics(port: int) -> bool:
    """Whether Prometheus is told that the canary is what keeps the target from sending."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        lines = page.read().decode().splitlines()
    waiting = [
        line
        for line in lines
        if line.startswith("bulkdel_waiting{") and float(line.rpartition(" ")[2]) == 1
    ]
    return bool(waiting) and all('reason="canary"' in line for line in waiting)


def paused(place: Place) -> bool:
    """Whether the waiting process takes a pause."""
    return place.run("pause", "job.toml").code == 0


def wait_for(is_so: Any) -> None:
    """Returns when it is so; the test's own timeout is the bound."""
    while not is_so():
        time.sleep(0.05)


def test_max_duration_bounds_the_wait(place: Place) -> None:
    """One bound for all phases: it ends a wait that is longer, with work left."""
    with Judge({"tencent": BOTH}) as judge:
        run_dir = job(place, judge, CANARY + 'then = "30m"\n[schedule]\nmax_duration = "4s"\n')
        done = place.run("run", "job.toml")
        assert done.code == 75, done.out + done.err
        assert "max_duration" in words(done)
        assert len(ledger(run_dir)) == 20


def test_max_duration_is_one_bound_for_all_that_is_sent(place: Place) -> None:
    """What the canary's calls took is not there any more for the calls that ask for it."""
    with Judge({"tencent": BOTH}) as judge:
        tail = CANARY + 'then = "go"\n[schedule]\nmax_duration = "4s"\n'
        run_dir = job(place, judge, tail, tencent="qps = 2")
        done = place.run("run", "job.toml")  # 2.5 s for each, and a second between them
        assert done.code == 75, done.out + done.err
        assert "Stopped after max_duration" in words(done)
        assert len(ledger(run_dir)) == 20
        assert len(ledger(run_dir / "canary")) < 20


@pytest.mark.parametrize(("answer", "code"), [(b"yes\n", 0), (b"y\n", 75), (b"\x03", 75)])
def test_a_person_is_asked_with_the_figures(place: Place, answer: bytes, code: int) -> None:
    """On a terminal: only the whole word yes lets the rest on."""
    with Judge({"tencent": BOTH}) as judge:
        run_dir = job(place, judge)
        done, said = on_a_terminal(place.folder, answer, "run", "job.toml", "--no-progress")
        assert done == code, said
    assert "20 of 20 pairs are gone" in " ".join(said.split())
    assert "Go on with the other 100 pairs?" in " ".join(said.split())
    assert len(ledger(run_dir)) == (len(PAIRS) if code == 0 else 20)
    assert note(run_dir)["let_on"] == ("typed" if code == 0 else "")


def on_a_terminal(folder: Path, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command, which is answered once it has asked."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        process = subprocess.Popen(  # noqa: S603  # our own arguments
            [sys.executable, "-m", "bulkdel", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=environment(**{KEY: "0123456789abcdef0123456789abcdef"}),
            start_new_session=True,
            preexec_fn=None,
        )
        os.close(theirs)
        said = b""
        while b"Type yes" not in said:
            said += terminal.read(4096)
        if answer == b"\x03":  # the terminal is not the session's own, so the key is no signal
            process.send_signal(signal.SIGINT)
        else:
            terminal.write(answer)
        try:
            while more := terminal.read(4096):
                said += more
        except OSError:  # the other end is closed
            pass
        return process.wait(), said.decode(errors="replace")


@pytest.mark.parametrize("mode", ["one_way", "two_way"])
@pytest.mark.parametrize("operation", ["delete_friends", "delete_all_friends"])
def test_every_kind_of_job_has_a_canary(place: Place, operation: str, mode: str) -> None:
    """Both targets, each its own; cleared lists are asked for as lists."""
    with Judge({"tencent": BOTH, "zego": BOTH}) as judge:
        rows = "From_Account\n" + "".join(f"from{n:02}\n" for n in range(30))
        clears = operation == "delete_all_friends"
        place.write("pairs.csv", rows if clears else csv_text(PAIRS))
        tail = '[canary]\naccounts = 3\nthen = "go"\n'
        text = toml(judge.address, operation=operation, mode=mode, zego="", tail=tail)
        place.write("job.toml", text)
        done = place.run("run", "job.toml")
        assert done.code == 0, done.out + done.err
    asked = ledger(place.folder / "runs/job/canary")
    assert {line["status"] for line in asked} == {"gone"}
    for target in ("tencent", "zego"):
        own = {line["from_account"] for line in asked if line["target"] == target}
        assert len(own) == 3


def test_chosen_sides_have_a_canary(place: Place) -> None:
    """fewest_calls: the second phase of the canary's own friendships belongs to it."""
    half = [(other, account) for account, other in PAIRS]
    with Judge({"tencent": half}) as judge:
        tail = CANARY + '[plan]\norient = "fewest_calls"\n'
        run_dir = job(place, judge, tail)
        done = place.run("run", "job.toml")
        assert done.code == 75, done.out + done.err
        assert "--go-on" in done.out
        settled = {(line["from_account"], line["to_account"]) for line in ledger(run_dir)}
        assert 0 < len(settled) < len(PAIRS)
        assert {line["status"] for line in ledger(run_dir)} == {"deleted"}
        left = {(account, other) for other, account in judge.seen("tencent").left}
        assert left == set(PAIRS) - settled
        assert place.run("run", "job.toml", "--go-on").code == 0
        assert not judge.seen("tencent").left


def test_limit_counts_over_the_canary_and_the_rest(place: Place) -> None:
    """A smaller limit ends in the canary; a larger one is what both settle together."""
    with Judge({"tencent": BOTH}) as judge:
        run_dir = job(place, judge, CANARY + 'then = "go"\n')
        assert place.run("run", "job.toml", "--limit", "8").code == 75
        assert len(ledger(run_dir)) == 8
        assert not (run_dir / "canary").exists()
        done = place.run("run", "job.toml", "--limit", "40")
        assert done.code == 75
        assert len(ledger(run_dir)) == 48
        assert note(run_dir)["let_on"] == "go"
        assert place.run("run", "job.toml").code == 0


def test_the_backup_comes_before_everything(place: Place) -> None:
    """All of it is pulled before the first call that deletes; then the canary; then the rest."""
    with Judge({"tencent": BOTH}) as judge:
        tail = CANARY + 'then = "go"\n[backup]\nenabled = true\n'
        run_dir = job(place, judge, tail)
        done = place.run("run", "job.toml")
        assert done.code == 0, done.out + done.err
        assert not judge.seen("tencent").left
    logs = [(run_dir / one / "run.log").read_text() for one in ("backup", "canary", ".")]
    assert [log.count("lane.started") for log in logs] == [1, 1, 2]  # each its own
    assert len(ledger(run_dir / "backup")) == 150
    assert max(line["at"] for line in ledger(run_dir / "backup")) <= min(
        line["at"] for line in ledger(run_dir)
    )


def test_nothing_is_deleted_where_the_backup_cannot_be_made(place: Place) -> None:
    """The provider refuses the calls that pull: work is left, and no call that deletes has left."""
    with Judge({"tencent": BOTH}, faults=["30006,action=list"]) as judge:
        run_dir = job(place, judge, "[backup]\nenabled = true\n" + IMPATIENT)
        place.write("pairs.csv", csv_text(PAIRS[:2]))
        done = place.run("run", "job.toml")
        assert done.code == 75, done.out + done.err
        assert judge.seen("tencent").left == set(BOTH)
        assert "backup: 4 pairs made no progress" in words(done)
        judge.break_with()
        assert place.run("run", "job.toml").code == 0
    assert len(ledger(run_dir)) == 2


def test_a_backup_that_was_cut_short_is_not_asked_about_again(place: Place) -> None:
    """Somebody said yes, and the provider is away: the next start needs no terminal and no yes."""
    place.write("pairs.csv", csv_text(PAIRS[:2]))
    tail = '[backup]\nenabled = true\n[retry]\noutage_limit = "1s"\n'
    place.write("job.toml", toml("https://bulkdel.invalid", tail=tail))
    code, said = on_a_terminal(place.folder, b"yes\n", "run", "job.toml", "--no-progress")
    assert code == 75, said
    done = place.run("run", "job.toml")
    assert done.code == 75, done.err
    assert "Continuing job: 2 pairs left." in done.err
    place.write("pairs.csv", csv_text(PAIRS[:3]))
    done = place.run("run", "job.toml")
    assert done.code == 2
    assert "add --yes" in done.err


def test_a_pause_reaches_what_goes_beside_a_run(place: Place) -> None:
    """One process works in the run directory, and it is the one that is told."""
    with Judge({"tencent": BOTH}, faults=["latency:0.05"]) as judge:
        run_dir = job(place, judge, "[backup]\nenabled = true\n", tencent="qps = 20")
        place.write("pairs.csv", csv_text(PAIRS[:40]))
        process = place.start("run", "job.toml")
        wait_for(lambda: (run_dir / "backup/journal.db").exists() and paused(place))
        wait_for(lambda: judge.seen("tencent").in_flight == 0)
        calls = judge.calls
        assert judge.seen("tencent").left == set(BOTH)
        assert place.run("rate", "job.toml", "tencent", "19").code == 0
        assert judge.calls == calls < 70
        assert place.run("resume", "job.toml").code == 0
        assert finished(process).code == 0
    assert json.loads((run_dir / "rates.json").read_bytes()) == {"tencent": 19}
    assert len(ledger(run_dir)) == 40


def test_one_targets_canary_keeps_all_targets(place: Place) -> None:
    """What one provider does not do is no reason to go on at the other."""
    pretends = "pretend,action=delete,provider=zego"
    with Judge({"tencent": BOTH, "zego": BOTH}, faults=[pretends]) as judge:
        run_dir = job(place, judge, CANARY + 'then = "go"\n', zego="")
        done = place.run("run", "job.toml")
        assert done.code == 3, done.out + done.err
        assert "waits for the canary of zego" in words(done)
        assert judge.seen("zego").left == set(BOTH)
        assert untouched(judge, senders(run_dir))
    assert len(ledger(run_dir)) == 40
    assert place.run("verify", "job.toml").code == 0
