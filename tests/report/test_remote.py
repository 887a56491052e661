"""What a remote verification says of itself, in words that hold whatever the figures are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import orjson
import pytest

from bulkdel.job.job import Job
from bulkdel.ledger.history import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Origin
from bulkdel.report.beside import SideStatus, SideTarget
from bulkdel.report.remaining import Remaining
from bulkdel.report.remote import KEYS, RemoteVerification, remote_json, remote_verification
from bulkdel.report.text.remote import remote_text
from bulkdel.words import Errand, Mode
from tests.support import build
from tests.support.json_keys import undocumented, unwritten

ORIGIN = Origin(plan_digest="d", whole_lists=False, population=(60_000,), sample=3000, seed=7)


def status(counters: Counters, *, pairs: int = 3000, origin: Origin = ORIGIN) -> SideStatus:
    """A verification of one target that has come so far."""
    lists = origin.whole_lists
    return SideStatus(
        folder="verification",
        errand=Errand.ASK_LIST if lists else Errand.ASK,
        origin=origin,
        targets=(SideTarget(name="tencent", pairs=pairs, counters=counters),),
        failed=(CodeCount(target="tencent", code=30006, info="busy", pairs=counters.failed),)
        if counters.failed
        else (),
        began_ms=1_795_299_901_123,
    )


def facts(
    stands: SideStatus,
    remaining: Iterable[Remaining] = (),
    *,
    mode: Mode = Mode.TWO_WAY,
    not_asked: int = 0,
) -> RemoteVerification:
    """What it says."""
    return remote_verification(stands, remaining, mode=mode, not_asked={"tencent": not_asked})


def job() -> Job:
    """Of one target."""
    return build.job(build.target(), name="purge")


def text(told: RemoteVerification, width: int = 80) -> str:
    """The page, its lines joined."""
    page = remote_text(
        job(), told, lambda *words: " ".join(("bulkdel", *words)), again="same", width=width
    )
    return " ".join(page.split())


def left(number: int, where: str = "both") -> Remaining:
    """A pair that remains."""
    return Remaining(target="tencent", from_id=f"a{number}", to_id="b", where=where)


def test_a_clean_sample() -> None:
    """The population stands beside the share, and the confidence in numbers."""
    said = text(facts(status(Counters(deleted=3000))))
    assert said.startswith(
        "purge: nothing remains of the 3,000 pairs drawn at random that were asked for."
    )
    assert (
        "tencent: 3,000 of 60,000 pairs were drawn at random, with seed 7. None of them remains. "
        "So, with a confidence of 95%, at most 0.0999% of the 60,000 pairs remain: "
        "at most 60 pairs."
    ) in said
    assert "export" not in said


def test_unknown_pairs_count_as_remaining_and_it_says_so() -> None:
    """Both in the bound and in the verdict; a single one has its own grammar."""
    counters = Counters(deleted=2990, already_gone=1, failed=9)
    told = facts(status(counters), [left(1)])
    said = text(told)
    assert said.startswith(
        "purge: 1 of 3,000 pairs drawn at random REMAIN. 9 more could not be asked for."
    )
    assert (
        "1 of them remains, and 9 could not be asked for and were counted as if they remained."
        in said
    )
    assert (
        told.targets[0].bound
        == facts(status(Counters(deleted=2990, already_gone=10)), [left(n) for n in range(10)])
        .targets[0]
        .bound
    )
    assert "30006 busy" in said


def test_of_what_is_not_finished_nothing_is_concluded() -> None:
    """No bound, and the way on is the same command."""
    told = facts(status(Counters(deleted=2000)))
    assert told.targets[0].bound is None
    said = text(told)
    assert "not finished. 2,000 of 3,000 pairs drawn at random have an answer; so far none" in said
    assert said.endswith("To go on: same")


def test_only_so_many_are_named() -> None:
    """The others are counted, and exported."""
    origin = replace(ORIGIN, population=(100,), sample=None, seed=None)
    counters = Counters(deleted=60, already_gone=40)
    places = [*["from"] * 15, *["to"] * 5, *["both"] * 20]
    remain = [left(n, where) for n, where in enumerate(places)]
    said = text(facts(status(counters, pairs=100, origin=origin), remain))
    assert "a9 → b, on From_Account's list alone and 30 more" in said
    assert (
        "Of what remains: 15 on From_Account's list alone, 5 on To_Account's list alone, 20 on both"
        in said
    )
    assert "bulkdel export --remaining --output remaining.csv" in said
    assert "What the sample says" not in said


@pytest.mark.parametrize(
    ("mode", "lists", "limit"),
    [
        (Mode.ONE_WAY, False, "To_Account's own list was not meant, and was not looked at."),
        (Mode.TWO_WAY, False, "Both lists of each pair were asked."),
        (Mode.TWO_WAY, True, "no call of the providers names them."),
    ],
)
def test_it_says_how_far_it_goes(mode: Mode, lists: bool, limit: str) -> None:
    """What no call can show is said, and what of the run is not in question."""
    origin = replace(ORIGIN, whole_lists=lists)
    stands = status(Counters(deleted=3000), origin=origin)
    said = text(facts(stands, mode=mode, not_asked=12))
    assert limit in said
    noun = "accounts" if lists else "pairs"
    assert f"12 {noun} of the run were refused" in said


def test_ids_do_nothing_to_a_terminal() -> None:
    """They are somebody's, and may be anything."""
    evil = Remaining(target="tencent", from_id="\x1b[31m", to_id="b", where="both")
    assert "\x1b" not in text(facts(status(Counters(deleted=2999, already_gone=1)), [evil]))


@pytest.mark.parametrize("counters", [Counters(deleted=3000), Counters(deleted=1, failed=2999)])
def test_every_key_is_written_and_documented(counters: Counters) -> None:
    """Of a sample with a bound, with what is unknown and without."""
    told = facts(status(counters), [left(1)])
    value = orjson.loads(remote_json(job(), told))
    assert undocumented(value, KEYS) == set()
    assert unwritten(value, KEYS) == set()
