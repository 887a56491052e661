"""`verify --remote` and `export --remaining`: what the providers really hold, and nothing else."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from typing import Any

import pytest

from bulkdel.report.remote import KEYS
from tests.support.hints import follow, hints, verbs
from tests.support.json_keys import undocumented, unwritten
from tests.support.judge import Judge, read_pairs
from tests.support.process import Done, Place, csv_text, finished, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n % 10:02}", f"to{n:03}") for n in range(60)]
BOTH = [*PAIRS, *((other, one) for one, other in PAIRS)]
OTHERS = [("stranger", "friend"), ("from00", "dear")]
"""Friendships that no job names."""
IMPATIENT = "[retry]\nmax_attempts = 2\nbase_delay_s = 0.01\nmax_delay_s = 0.02\n"
LINE = ["target", "from_account", "to_account", "status", "code", "info", "attempts", "at"]


def verify(place: Place, *options: str, code: int) -> Done:
    """The command, which leaves with this code."""
    done = place.run("verify", "job.toml", "--remote", *options)
    assert done.code == code, done.out + done.err
    return done


def told(place: Place, *options: str, code: int) -> dict[str, Any]:
    """What it says as JSON, every key of it documented."""
    value: dict[str, Any] = json.loads(verify(place, "--json", *options, code=code).out)
    assert undocumented(value, KEYS) == set()
    return value


def answers(place: Place, folder: str = "verification") -> dict[tuple[str, str, str | None], Any]:
    """The lines of a verification by target and pair; each pair has one."""
    lines = ledger(place.folder / "runs/job" / folder)
    by_pair = {(one["target"], one["from_account"], one["to_account"]): one for one in lines}
    assert len(by_pair) == len(lines)
    return by_pair


def own_files(place: Place) -> dict[str, str]:
    """The digests of the run's own files.

    Only who works in it is noted anew; what SQLite puts beside a database to read it is no file of
    the run.
    """
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (place.folder / "runs/job").iterdir()
        if path.is_file() and path.name not in {"lock", "journal.db-wal", "journal.db-shm"}
    }


def purged(place: Place, judge: Judge, **job: str) -> None:
    """A finished run, or what the job makes of it."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml(judge.address, **job))
    assert place.run("run", "job.toml").code == 0


@pytest.mark.parametrize(("mode", "orient"), [("one_way", "as_given"), ("two_way", "fewest_calls")])
def test_all_is_gone(place: Place, mode: str, orient: str) -> None:
    """After a purge with faults nothing remains, and nobody but the ledger's pairs is asked for.

    Nothing changes: neither who has whom, nor a byte of the run's own files. A line has the
    documented keys. Asked for a second time nothing is sent.
    """
    faults = ("cut-after:0.2", "30006:0.1", "http502:0.1")
    world = [*BOTH, *OTHERS]
    with Judge({"tencent": world, "zego": world}, secret=place.secret, faults=faults) as judge:
        purged(place, judge, mode=mode, zego="", tail=f'[plan]\norient = "{orient}"\n')
        before = own_files(place)
        left = {name: judge.seen(name).left for name in ("tencent", "zego")}
        done = verify(place, code=0)
        assert done.out.startswith("job: nothing remains of the 120 pairs that were asked for.\n")
        assert {name: judge.seen(name).left for name in left} == left
        calls = judge.calls
        value = told(place, code=0)
        assert judge.calls == calls
    assert (value["ok"], value["folder"], value["remaining"]) == (True, "verification", [])
    assert own_files(place) == before
    lines = answers(place)
    assert lines.keys() == {(at, *pair) for at in ("tencent", "zego") for pair in PAIRS}
    assert {(one["status"], *one) for one in lines.values()} == {("gone", *LINE)}
    assert place.run("verify", "job.toml").code == 0


def test_what_was_put_back_is_found_and_a_new_job_removes_it(place: Place) -> None:
    """On one side, on the other, on both: each pair says where, and a second purge is whole.

    A pair that only To's list holds is written from there, which surely removes it.
    """
    back = {"from": ("from00", "to000"), "to": ("from01", "to001"), "both": ("from02", "to002")}
    with Judge({"tencent": BOTH, "zego": BOTH}, secret=place.secret) as judge:
        purged(place, judge, mode="two_way", zego="")
        turned = {key: (other, one) for key, (one, other) in back.items()}
        judge.befriend("zego", back["from"], turned["to"], back["both"], turned["both"])
        done = verify(place, "--log-ids", code=1)
        assert done.out.startswith("job: 3 of 120 pairs REMAIN.\n")
        assert "from01 → to001 at zego, on To_Account's list alone\n" in done.out
        found = {pair: one for pair, one in answers(place).items() if one["status"] == "remains"}
        assert {one["where"]: pair for pair, one in found.items()} == {
            where: ("zego", *pair) for where, pair in back.items()
        }
        assert {tuple(one) for one in found.values()} == {(*LINE[:4], "where", *LINE[4:])}
        [listing, asking] = hints(done.out)
        assert verbs([listing, asking]) == ["export", "verify"]
        assert follow(place, listing).code == 0
        written = {back["from"], turned["to"], back["both"]}
        assert set(read_pairs(place.folder / "remaining-zego.csv")) == written
        rest = toml(judge.address, mode="two_way", tencent=None, zego="")
        place.write("rest.toml", rest.replace("pairs.csv", "remaining-zego.csv"))
        assert place.run("run", "rest.toml").code == 0
        assert not judge.seen("zego").left
        assert follow(place, asking).code == 0
        assert {one["status"] for one in answers(place, "verification-2").values()} == {"gone"}
        value = told(place, code=0)
    assert value["folder"] == "verification-2"
    assert len(answers(place)) == 120  # the first is kept


def test_one_way_asks_for_one_list(place: Place) -> None:
    """What To's own list holds was not meant, and is no remainder."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge, mode="one_way")
        judge.befriend("tencent", PAIRS[3])
        done = verify(place, code=1)
        assert "To_Account's own list was not meant" in " ".join(done.out.split())
    found = [one for one in answers(place).values() if one["status"] != "gone"]
    assert [(one["to_account"], one["where"]) for one in found] == [(PAIRS[3][1], "from")]


def test_what_cannot_be_asked_for_is_unknown_and_ends(place: Place) -> None:
    """Each with its code, whether it is refused at once or in every try; the others are asked.

    It ends, exit 1; another one asks again. What an export says of them is that they are not in it.
    """
    with Judge({"tencent": BOTH, "zego": BOTH}, secret=place.secret) as judge:
        purged(place, judge, mode="two_way", zego="", tail=IMPATIENT)
        judge.break_with("30003:1,account=from01", "30006:1,account=from02", "item30007:1,id=to003")
        judge.befriend("tencent", PAIRS[3], PAIRS[4])
        value = told(place, code=1)
        target = value["targets"]["tencent"]
        assert unwritten(value, KEYS) == set()
        assert (target["gone"], target["remains"], target["unknown"]) == (46, 1, 13)
        assert value["finished"]
        codes = {one["code"]: one["pairs"] for one in target["unknown_codes"]}
        assert codes == {30003: 6, 30006: 6, 30007: 1}
        lines = answers(place)
        assert lines["tencent", *PAIRS[3]]["status"] == "unknown"  # never gone, never remaining
        assert lines["tencent", *PAIRS[4]]["where"] == "from"
        shown = verify(place, code=1).out
        assert "13 more could not be asked for." in shown
        said = place.run("export", "job.toml", "--remaining", "--output", "r.csv", "--json")
        assert json.loads(said.out)["unknown"] == 13
        assert read_pairs(place.folder / "r.csv") == [PAIRS[4]]
        assert "13 pairs could not be asked for: not in this file" in said.err
        judge.break_with()
        assert told(place, "--again", code=1)["targets"]["tencent"]["remains"] == 2


def test_a_provider_that_says_yes_and_does_nothing(place: Place) -> None:
    """The ledger says deleted, and the verification says what is."""
    with Judge({"tencent": BOTH}, secret=place.secret, faults=["pretend:0.5"]) as judge:
        purged(place, judge, mode="two_way")
        left = judge.seen("tencent").left
        assert left
        judge.break_with()
        verify(place, code=1)
    remain = {pair[1:] for pair, one in answers(place).items() if one["status"] == "remains"}
    assert remain == {pair for pair in PAIRS if pair in left}


def test_cleared_lists(place: Place) -> None:
    """An account whose list is not empty remains, with how many are on it, and is exported."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        place.write("pairs.csv", "From_Account\n" + "".join(f"from{n:02}\n" for n in range(10)))
        place.write("job.toml", toml(judge.address, operation="delete_all_friends", mode="two_way"))
        assert place.run("run", "job.toml").code == 0
        judge.befriend("tencent", ("from03", "x"), ("from03", "y"), ("z", "from04"))
        done = verify(place, "--log-ids", code=1)
        assert "from03: 2 friends on the list\n" in done.out
        assert "Who still has a cleared account" in " ".join(done.out.split())
        exported = place.run("export", "job.toml", "--remaining").out
    line = answers(place)["tencent", "from03", None]
    assert (line["status"], line["where"], line["friends"]) == ("remains", "friends", 2)
    assert answers(place)["tencent", "from04", None]["status"] == "gone"
    assert exported == "From_Account\nfrom03\n"


def test_a_sample(place: Place) -> None:
    """The seed draws the same pairs; each target has its own; what it bounds is said.

    Options of another kind than it was begun with are refused. One that is too large asks for all.
    """
    with Judge({"tencent": BOTH, "zego": BOTH}, secret=place.secret) as judge:
        purged(place, judge, mode="two_way", zego="")
        done = verify(place, "--sample", "20", "--seed", "7", code=0)
        value = told(place, "--sample", "20", code=0)  # the same one, whatever its seed
        assert (value["sample"], value["seed"], value["folder"]) == (20, 7, "verification")
        refused = verify(place, code=2)
        assert "begun with --sample 20 --seed 7; add --again" in " ".join(refused.err.split())
        assert verify(place, "--sample", "20", "--seed", "8", code=2).out == ""
        verify(place, "--sample", "20", "--seed", "7", "--again", code=0)
        verify(place, "--sample", "20", "--again", code=0)
        whole = verify(place, "--sample", "1000", "--again", code=0)
    words = " ".join(done.out.split())
    assert "20 of 60 pairs were drawn at random, with seed 7. None of them remains." in words
    assert "at most 14.0% of the 60 pairs remain: at most 9 pairs." in words
    assert "The 95% are of each target by itself." in words
    assert value["targets"]["zego"]["bound"] == {
        "share": pytest.approx(0.13911, abs=1e-5),
        "pairs": 9,
    }
    assert answers(place).keys() == answers(place, "verification-2").keys()
    assert answers(place).keys() != answers(place, "verification-3").keys()
    by_target = {
        name: {p[1:] for p in answers(place) if p[0] == name} for name in ("tencent", "zego")
    }
    assert [len(pairs) for pairs in by_target.values()] == [20, 20]
    assert by_target["tencent"] != by_target["zego"]
    assert "the sample of 1,000 is as large as all there is" in " ".join(whole.out.split())
    assert len(answers(place, "verification-4")) == 120


def test_killed_in_the_middle_and_continued(place: Place) -> None:
    """After kill -9 the same command goes on: one line a pair, none asked again but what was out.

    An interrupt in the middle is exit 75, and the same command goes on likewise.
    """
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge, mode="two_way", tencent="qps = 3\n")
        began = judge.calls
        for stop in (signal.SIGKILL, signal.SIGTERM):
            judge.break_with("latency:0.3")
            at = judge.calls
            more = ["--again"] if stop is signal.SIGTERM else []  # it is not finished: it goes on
            process = place.start("verify", "job.toml", "--remote", "--no-progress", *more)
            deadline = time.monotonic() + 60
            while judge.calls < at + 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(stop)
            done = finished(process)
            assert done.code == (75 if stop is signal.SIGTERM else -9), done.err
        judge.break_with()
        assert told(place, code=0)["targets"]["tencent"]["gone"] == 60
        asked = judge.calls - began
    assert len(answers(place)) == 60
    assert not (place.folder / "runs/job/verification-2").exists()
    assert asked <= 10 + 10  # an account a call; those that were out when it was killed, again
    assert place.run("verify", "job.toml").code == 0


def test_an_outage_leaves_it_to_be_continued(place: Place) -> None:
    """What an outage has left is not settled as unknown."""
    tail = IMPATIENT + 'outage_limit = "1s"\n'
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge, mode="two_way", tail=tail)
        judge.break_with("http503:1")
        done = verify(place, code=75)
        assert "not finished" in done.out
        [going_on] = hints(done.out)
        judge.break_with()
        assert follow(place, going_on).code == 0


def test_more_was_settled_since(place: Place) -> None:
    """A verification of a part does not pass for one of the whole: another begins by itself."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address, mode="two_way"))
        assert place.run("run", "job.toml", "--limit", "10").code == 75
        first = told(place, code=0)["targets"]["tencent"]
        assert (first["population"], first["not_asked"]) == (10, 50)
        assert place.run("run", "job.toml").code == 0
        done = place.run("verify", "job.toml", "--remote", "--json")
        assert "another verification begins" in done.err
    value = json.loads(done.out)
    assert (value["folder"], value["targets"]["tencent"]["gone"]) == ("verification-2", 60)


def test_nothing_was_deleted(place: Place) -> None:
    """Where all pairs failed there is nothing to ask for: finished at once, and so with one."""
    with Judge({"tencent": BOTH, "zego": BOTH}, secret=place.secret) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address, mode="two_way", zego=""))
        judge.break_with("30003:1,provider=tencent")
        assert place.run("run", "job.toml").code == 1
        judge.break_with()
        value = told(place, code=0)
        assert value["targets"]["tencent"]["pairs"] == 0
        assert value["targets"]["zego"]["gone"] == 60
        assert place.run("export", "job.toml", "--remaining").out == "From_Account,To_Account\n"


def test_refusals(place: Place) -> None:
    """No run, other apps, a ledger that lacks a line, a refused app: nothing is asked."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address, mode="two_way"))
        assert "nothing was sent from here yet" in verify(place, code=2).err
        assert not (place.folder / "runs").exists()
        for options in (["--sample", "3"], ["--seed", "3"], ["--again"]):
            assert "goes with --remote only" in place.run("verify", "job.toml", *options).err
        assert place.run("run", "job.toml").code == 0
        lacking = place.run("export", "job.toml", "--remaining")
        assert lacking.code == 2
        assert verbs(hints(lacking.err)) == ["verify"]
        assert "goes with it" not in verify(place, "--seed", "3", code=2).err
        calls = judge.calls
        job = (place.folder / "job.toml").read_text()
        place.write("job.toml", job.replace("1400000000", "1400000001"))
        assert "app_id was 1400000000 and is now 1400000001" in verify(place, code=2).err
        place.write("job.toml", job)
        path = place.folder / "runs/job/ledger.jsonl"
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])
        assert "59 lines of tencent with status deleted" in " ".join(
            verify(place, code=2).err.split()
        )
        path.write_bytes(whole)
        assert judge.calls == calls
        judge.break_with("60006:1")
        assert verify(place, code=77).out.startswith("job: not finished.")
        judge.break_with()
        assert follow(place, hints(lacking.err)[0]).code == 0


def test_while_the_run_is_at_work(place: Place) -> None:
    """One process at a time works in a run directory: the second is told, exit 2."""
    hangs = "hang,for=60,calls=2-100"
    with Judge({"tencent": BOTH}, secret=place.secret, faults=[hangs]) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address, mode="two_way"))
        process = place.start("run", "job.toml")
        deadline = time.monotonic() + 60
        while judge.calls < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert "works in" in verify(place, code=2).err
        process.kill()
        finished(process)
        judge.break_with()
        assert place.run("run", "job.toml").code == 0
        verify(place, code=0)
