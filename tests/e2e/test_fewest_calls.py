"""`orient = "fewest_calls"` with the real command: fewer calls, and lines that are true."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.support.judge import Judge
from tests.support.process import Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ORIENT = '[plan]\norient = "fewest_calls"\n'
HUB = [(f"fan{n:02}", "star") for n in range(30)]
"""The input names each from the side that has one friend; the other side has them all."""


def test_a_star_takes_one_call(place: Place) -> None:
    """Thirty calls as given are one, and plan says so first; lines read as the input does."""
    mutual = [*HUB, *((other, one) for one, other in HUB)]
    with Judge({"tencent": mutual}) as judge:
        place.write("pairs.csv", csv_text(mutual))
        place.write("job.toml", toml(judge.address, mode="two_way", tail=ORIENT))
        planned = place.run("plan", "job.toml")
        assert planned.code == 0, planned.err
        shown = " ".join(planned.out.split())
        assert re.search(r"as given 31 ", shown), shown
        assert re.search(r"as planned 1 ", shown), shown
        assert re.search(r"no plan needs fewer 1 ", shown), shown
        assert judge.calls == 0
        assert place.run("run", "job.toml").code == 0
        seen = judge.seen("tencent")
        assert (seen.calls, len(seen.left)) == (1, 0)
        assert place.run("verify", "job.toml").code == 0
    told = place.status()
    assert told["rows"]["pairs"] == 30
    assert told["rows"]["duplicates"] == 30
    lines = ledger(place.folder / "runs/job")
    assert {(one["from_account"], one["to_account"]) for one in lines} == set(HUB)
    assert {(one["sent_from"], one["status"]) for one in lines} == {("star", "deleted")}


def test_one_sided_friendships_are_asked_from_both_sides(place: Place) -> None:
    """Nothing is called already gone, and nothing stays, that only one side has: also after a kill.

    star has half of its fans; a quarter of them have star only from their own side; the last
    quarter is nobody's friend any more.
    """
    fans = [one for one, _ in HUB[:28]]
    half, quarter, nobody = fans[:14], fans[14:21], fans[21:]
    world = [("star", one) for one in half] + [(one, "star") for one in quarter]
    job = "batch_size = 5\nmax_in_flight = 1\n"
    with Judge({"tencent": world}) as judge:
        place.write("pairs.csv", csv_text([(one, "star") for one in fans]))
        place.write("job.toml", toml(judge.address, mode="two_way", tencent=job, tail=ORIENT))
        stopped = place.run("run", "job.toml", "--limit", "14")
        assert stopped.code == 75, stopped.err
        assert place.run("verify", "job.toml").code == 0
        exported = place.run("export", "job.toml", "--status", "unsettled")
        assert exported.code == 0, exported.err
        left = {tuple(line.split(",")[:2]) for line in exported.out.splitlines()[1:]}
        assert left == {(one, "star") for one in (*quarter, *nobody)}
        assert place.run("run", "job.toml").code == 0
        seen = judge.seen("tencent")
        assert seen.left == frozenset()
        assert place.run("verify", "job.toml").code == 0
    lines = ledger(place.folder / "runs/job")
    assert Counter(one["status"] for one in lines) == {"deleted": 21, "already_gone": 7}
    told = {one["from_account"]: one for one in lines}
    assert set(told) == set(fans)
    for one in half:
        assert (told[one]["sent_from"], told[one]["attempts"]) == ("star", 1)
    for one in (*quarter, *nobody):
        assert "sent_from" not in told[one]
        assert told[one]["attempts"] == 2
    assert {told[one]["status"] for one in nobody} == {"already_gone"}
    assert place.status()["targets"]["tencent"]["in_reserve"] == 0


def test_closing_with_a_reserve(place: Place) -> None:
    """What waits for its other side can be given up: every pair has its line, and all agrees."""
    fans = [one for one, _ in HUB]
    with Judge({"tencent": []}) as judge:
        place.write("pairs.csv", csv_text([(one, "star") for one in fans]))
        tencent = "batch_size = 10\nmax_in_flight = 1\nqps = 20\n"
        place.write("job.toml", toml(judge.address, mode="two_way", tencent=tencent, tail=ORIENT))
        assert place.run("run", "job.toml", "--limit", "5").code == 75
        assert place.status()["targets"]["tencent"]["in_reserve"] == 25
        assert "the other side" in place.run("status", "job.toml").out.replace("their", "the")
        calls = judge.calls
        assert place.run("close", "job.toml", "--yes", "--all").code == 0
        assert judge.calls == calls
    assert place.run("verify", "job.toml").code == 0
    lines = ledger(place.folder / "runs/job")
    assert Counter(one["status"] for one in lines) == {"already_gone": 5, "failed": 25}
    assert {(one["code"], one["attempts"]) for one in lines if one["status"] == "failed"} == {
        (31704, 1)
    }
