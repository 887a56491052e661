"""Between the plan and the call nothing gets in: changed plans, protected accounts, moved jobs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bulkdel.errors import Guarded
from bulkdel.send.call import ensure_unprotected
from bulkdel.words import Asked, Batch, Sides, Sweep
from tests.support.forge import Kept, consistent, of_version_2, rewrite
from tests.support.judge import Judge
from tests.support.process import Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [("ann", "bob"), ("cat", "dan"), ("eve", "fay")]
WORLD = [*PAIRS, ("boss", "bob"), ("ann", "boss"), ("cat", "boss")]
GUARD = '[guards]\nprotect = ["boss"]\n'
FORGED = [
    "CASE from_account WHEN 'cat' THEN 'boss' ELSE from_account END AS from_account",
    "CASE to_accounts WHEN 'dan' THEN 'boss' ELSE to_accounts END AS to_accounts",
]


def planned(place: Place, judge: Judge) -> Path:
    """A plan that was made and not begun."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml(judge.address, tail=GUARD))
    assert place.run("plan", "job.toml").code == 0
    return place.folder / "runs/job/plan.parquet"


@pytest.mark.parametrize("forged", FORGED)
def test_a_changed_plan_sends_nothing(place: Place, forged: str) -> None:
    """A row that is not as it was planned is found before the first call."""
    with Judge({"tencent": WORLD}) as judge:
        rewrite(planned(place, judge), f"SELECT * REPLACE ({forged}) FROM plan ORDER BY ordinal")  # noqa: S608 - our own words
        done = place.run("run", "job.toml")
        assert done.code == 2, done.err
        assert "than were planned" in done.complaint
        assert judge.calls == 0


@pytest.mark.parametrize("change", [consistent, of_version_2])
@pytest.mark.parametrize("forged", FORGED)
def test_no_call_names_a_protected_account(
    place: Place, forged: str, change: Callable[[Kept, Any], Kept]
) -> None:
    """Also where a plan was forged whole; one of an older version is made anew if it can be."""
    with Judge({"tencent": WORLD}) as judge:
        select = f"SELECT * REPLACE ({forged}) FROM plan ORDER BY ordinal"  # noqa: S608 - our own words
        rewrite(planned(place, judge), select, change)
        done = place.run("run", "job.toml")
        left = judge.seen("tencent").left
        assert {("boss", "bob"), ("ann", "boss"), ("cat", "boss")} <= set(left)
        if change is of_version_2:
            assert done.code == 0, done.err
            assert "anew" in done.err
            assert "older version" in done.err
        else:
            assert done.code == 3, done.err
            assert "guards.protect" in done.err
    assert all("boss" not in str(line) for line in ledger(place.folder / "runs/job"))


def test_both_ends_and_both_phases_are_guarded() -> None:
    """From, any To, a cleared account, and an entry of the second phase."""
    asked = Sides(b"\0", (Asked("x", 1, 0, 0),))
    guarded = frozenset({"boss"})
    for entry in (
        Batch(1, "boss", ("a",)),
        Batch(1, "a", ("b", "boss", "c")),
        Batch(1, "a", ("boss",), asked),
        Sweep(1, "boss"),
    ):
        with pytest.raises(Guarded, match=r"guards\.protect"):
            ensure_unprotected(entry, guarded)
        ensure_unprotected(entry, frozenset())
    ensure_unprotected(Batch(1, "Boss", ("boss ",)), guarded)


def test_verify_names_a_changed_plan(place: Place) -> None:
    """After a finished run, rows that were changed since are found."""
    with Judge({"tencent": WORLD}) as judge:
        plan = planned(place, judge)
        assert place.run("run", "job.toml").code == 0
        assert place.run("verify", "job.toml").code == 0
        select = f"SELECT * REPLACE ({FORGED[0]}) FROM plan ORDER BY ordinal"  # noqa: S608 - our own words
        rewrite(plan, select)
        done = place.run("verify", "job.toml")
        assert done.code == 1, done.err
        assert "than were planned" in done.out + done.err


def test_a_moved_job_goes_on(place: Place) -> None:
    """The folder of job and input was renamed between two sittings."""
    with Judge({"tencent": WORLD}) as judge:
        first = Place(place.folder / "one")
        first.folder.mkdir()
        planned(first, judge)
        assert first.run("run", "job.toml", "--limit", "1").code == 75
        second = Place(place.folder / "two")
        first.folder.rename(second.folder)
        done = second.run("run", "job.toml")
        assert done.code == 0, done.err
        assert "gone since" not in done.err
        assert judge.calls == len(PAIRS)


@pytest.mark.parametrize("name", [b"a\xffb", rb"x\y*[z]", b"a\nb", b"%41=b"])
def test_whatever_the_folder_is_called(place: Place, name: bytes) -> None:
    """No name of a folder keeps a run from being planned, sent, checked and reported."""
    folder = place.folder / os.fsdecode(name)
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    with Judge({"tencent": WORLD}) as judge:
        here = Place(folder)
        planned(here, judge)
        done = here.run("run", "job.toml", "--yes")
        assert done.code == 0, done.err
        assert "Report: " in done.err
        assert here.run("verify", "job.toml").code == 0
        assert judge.calls == len(PAIRS)
