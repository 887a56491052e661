"""`rehearse` as a user meets it: refused, stopped, killed; and an emulator made of its file."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.hints import follow, hints, verbs
from tests.support.judge import Judge, Pair
from tests.support.process import KEY, Place, csv_text, finished, toml
from tests.support.terminal import on_a_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

THREE = ("a", "b", "c")
WITH = ("--accounts", "a,b,c", "--yes")


@contextmanager
def judged(
    place: Place, *faults: str, friends: Iterable[Pair] = (), habits: Iterable[str] = ()
) -> Iterator[Judge]:
    """A provider that knows a, b, c and whoever else is named, and a job that is sent to it."""
    everyone = {*THREE, *(one for pair in friends for one in pair), "x", "y"}
    with Judge(
        {"tencent": list(friends)},
        secret=place.secret,
        faults=faults,
        habits=habits,
        existing=everyone,
    ) as judge:
        place.write("pairs.csv", csv_text([("x", "y")]))
        place.write("job.toml", toml(judge.address))
        yield judge


def file_of(place: Place) -> Path:
    """What a rehearsal writes."""
    return place.folder / "runs" / "job" / "rehearsal-tencent.json"


def found(place: Place) -> dict[str, Any]:
    """What it found."""
    told: dict[str, Any] = json.loads(file_of(place).read_bytes())["found"]
    return told


def test_all_holds(place: Place) -> None:
    """Exit 0, each call on standard error, the table on the other, and the run comes next."""
    with judged(place, friends=[("x", "y"), ("y", "a")]) as judge:
        done = place.run("rehearse", "job.toml", "tencent", *WITH)
        assert done.code == 0, done.err
        told = json.loads(file_of(place).read_bytes())
        calls = [line for line in done.err.splitlines() if line[:3].strip().isdecimal()]
        assert told["calls"] == judge.calls == len(calls) < 60
        assert f"{judge.calls} calls; no friendship was left behind" in done.out
        assert "nobody has" in done.out
        assert max(map(len, done.out.splitlines())) <= 80
        assert "NO" not in done.out.split()
        assert judge.seen("tencent").left == {("x", "y"), ("y", "a")}
        assert file_of(place).stat().st_mode & 0o777 == 0o600
        assert verbs(hints(done.out)) == ["run"]
        assert follow(place, hints(done.out)[0]).code == 0
        assert judge.seen("tencent").left == {("y", "a")}


def test_an_emulator_of_what_was_found(place: Place) -> None:
    """Exit 1 names what does not hold; `emulator --like` does the same as the rehearsed one."""
    habits = ("reverse_only=remove", "all_failed=code_only", "nonce_twice=refused")
    with judged(place, habits=habits):
        done = place.run("rehearse", "job.toml", "tencent", *WITH)
    assert done.code == 1, done.err
    assert done.out.split().count("NO") == 3  # two of them, and the line that counts them
    assert "2 assumptions do not hold" in done.out
    first = found(place)
    assert (first["reverse_only"], first["all_failed"]) == ("remove", "code_only")
    assert first["nonce_twice"] == "refused"
    like = place.write("found.json", file_of(place).read_bytes())
    known = place.write("known.csv", "account\na\nb\nc\n")
    options = ("--friends", str(known), "--only-known", "--secret-env", KEY, "--port", "0")
    cold = Place(place.folder, secret=place.secret, cold=True)
    emulator = cold.start("emulator", "--provider", "tencent", "--like", str(like), *options)
    try:
        assert isinstance(emulator, subprocess.Popen)
        assert emulator.stdout is not None
        place.write("job.toml", toml(emulator.stdout.readline().strip()))
        again = place.run("rehearse", "job.toml", "tencent", *WITH)
        assert again.code == 1, again.err
        assert found(place) == first
    finally:
        emulator.send_signal(signal.SIGTERM)
        finished(emulator)


def test_asked(place: Place) -> None:
    """It is shown what is about to be done; only the whole word yes agrees, else 75."""
    three = ("rehearse", "job.toml", "tencent", "--accounts", "a,b,c")
    with judged(place) as judge:
        code, said = on_a_terminal(place.folder, b"y\n", *three, secret=place.secret)
        assert (code, judge.calls) == (75, 0)
        assert "Makes friendships among a, b and c" in " ".join(said.split())
        assert "only the whole word yes" in " ".join(said.split())
        code, said = on_a_terminal(place.folder, b"yes\n", *three, secret=place.secret)
        assert code == 0, said


def test_refused(place: Place) -> None:
    """Friends among each other, a stranger, nobody to ask: exit 2, nothing changed or written."""
    friends = [("c", "b"), ("x", "y")]
    with judged(place, friends=friends) as judge:
        for options, words in (
            (("a,b,c", "--yes"), "c has b"),
            (("a,x,ghost", "--yes"), "ghost"),
            (("a,b", "--yes"), "needs three"),
            (("a,x,y",), "there is no terminal to ask on"),
        ):
            done = place.run("rehearse", "job.toml", "tencent", "--accounts", *options)
            assert done.code == 2, done.err
            assert words in done.err
            assert done.complaint
        assert judge.seen("tencent").left == {*friends}
        assert not file_of(place).exists()


def test_a_wrong_secret(place: Place) -> None:
    """Exit 77, and the key stands nowhere."""
    with judged(place):
        wrong = Place(place.folder, secret="f" * 32)
        done = wrong.run("rehearse", "job.toml", "tencent", *WITH)
    assert done.code == 77
    assert "secret_env" in done.complaint
    assert "f" * 32 not in done.out + done.err


def test_nobody_answers(place: Place) -> None:
    """Exit 75, and the same command is to be run again."""
    with judged(place):
        pass
    done = place.run("rehearse", "job.toml", "tencent", *WITH)
    assert done.code == 75
    assert "nothing was changed; run the same command again" in done.complaint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped(place: Place, number: signal.Signals) -> None:
    """While a friendship is there: it is removed, exit 75, and the same command goes through."""
    with judged(place, "latency:0.05-0.06") as judge:
        process = place.start("rehearse", "job.toml", "tencent", *WITH)
        _until_made(judge)
        process.send_signal(number)
        done = finished(process)
        assert done.code == 75, done.err
        assert f"stopped by {number.name}; no friendship was left behind" in done.complaint
        assert judge.seen("tencent").left == frozenset()
        judge.break_with()
        assert place.run("rehearse", "job.toml", "tencent", *WITH).code == 0


def test_killed(place: Place) -> None:
    """What a kill leaves is named before anything else is done, removed, and all goes through."""
    with judged(place, "latency:0.05-0.06") as judge:
        process = place.start("rehearse", "job.toml", "tencent", *WITH)
        _until_made(judge)
        process.kill()
        process.wait()
        process.communicate()
        judge.break_with()
        done = place.run("rehearse", "job.toml", "tencent", *WITH)
        assert done.code == 0, done.err
        assert "an earlier rehearsal left" in done.err
        assert judge.seen("tencent").left == frozenset()
        again = place.run("rehearse", "job.toml", "tencent", *WITH)
        assert "an earlier rehearsal left" not in again.err


def _until_made(judge: Judge) -> None:
    """Returns once one of the three has another."""
    give_up = time.monotonic() + 60
    while not judge.seen("tencent").left:
        assert time.monotonic() < give_up
        time.sleep(0.01)
