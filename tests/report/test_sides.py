"""Chosen sides: what they save is shown beside the input as given, and what they mean is said."""

from __future__ import annotations

import re
from dataclasses import replace

from bulkdel.job.job import Job
from bulkdel.plan.values import Heavy, PlanMeta
from bulkdel.report.preview import Preview
from bulkdel.report.savings import Saving
from bulkdel.report.text.confirm import confirm_text
from bulkdel.report.text.preview import plan_text
from bulkdel.words import Batch, Entry, Orient, Sides
from tests.support import front

ROWS = front.books(read=251_652, pairs=125_826, duplicates=125_826)
JOB = front.job(front.tencent(), front.zego(), orient=Orient.FEWEST_CALLS)
PLAN = front.plan(
    JOB,
    ROWS,
    {"tencent": 21_936, "zego": 21_951},
    sides={"tencent": (41_773, 21_356), "zego": (42_865, 21_357)},
)


def planned(job: Job, meta: PlanMeta, *sample: Entry) -> str:
    """The page of `plan` as one line for each table row or paragraph, blanks made single."""
    text = plan_text(job, Preview(meta=meta, sample=sample), 120)
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def test_calls_and_time_are_shown_three_times() -> None:
    """As given, as planned, at the least: calls, and the time they take at the target's rate.

    21,936 calls at 200/s are 109.7 s; 42,865 at 20/s are 2,143.25 s.
    """
    for text in (planned(JOB, PLAN), confirm_text(JOB, PLAN, 80)):
        found = [" ".join(line.split()) for line in text.splitlines()]
        at = found.index("tencent as given 41,773 3 min 29 s")
        assert found[at : at + 6] == [
            "tencent as given 41,773 3 min 29 s",
            "as planned 21,936 1 min 50 s",
            "no plan needs fewer 21,356 1 min 47 s",
            "zego as given 42,865 35 min 44 s",
            "as planned 21,951 18 min 18 s",
            "no plan needs fewer 21,357 17 min 48 s",
        ]
        assert "At tencent that saves 19,837 of 41,773 calls, 1 min 40 s." in found
        assert "At zego that saves 20,914 of 42,865 calls, 17 min 26 s." in found


def test_it_says_what_was_chosen() -> None:
    """That a friendship is sent once, that a second phase may follow, and that it adds calls."""
    told = planned(JOB, PLAN).replace("\n", " ")
    assert "Each friendship is sent once, from the side that makes calls few" in told
    assert "Rows a,b and b,a name one friendship" in told
    assert "the other side is asked in a second phase" in told
    assert "How many calls that adds is known only then" in told


def test_no_line_is_wider_than_the_terminal() -> None:
    """Eighty columns hold the page, whatever is told."""
    heavy = {"tencent": Heavy(accounts=10**8, pairs=10**11, batches=10**9)}
    plan = front.plan(
        JOB,
        ROWS,
        {"tencent": 10**9, "zego": 1},
        heavy=heavy,
        sides=dict.fromkeys(("tencent", "zego"), (2 * 10**9, 10**9)),
    )
    sample = Batch(0, "h" * 32, ("i" * 32,) * 4, Sides(bytes([1] * 4)))
    text = plan_text(JOB, Preview(meta=plan, sample=(sample,)), 80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "1,000,000,000" in text


def test_as_given_says_nothing_of_sides() -> None:
    """Where rows go as they are given there is nothing to compare and no second phase."""
    job = front.job(front.tencent())
    plan = front.plan(job, ROWS, {"tencent": 41_773})
    for text in (planned(job, plan), confirm_text(job, plan, 80)):
        assert not re.search("as given|second phase|friendship is sent once", text)


def test_nothing_saved_is_said() -> None:
    """A plan that saves nothing claims nothing, and an input without pairs is not praised."""
    job = front.job(front.tencent(), orient=Orient.FEWEST_CALLS)
    even = front.plan(job, ROWS, {"tencent": 500}, sides={"tencent": (500, 500)})
    assert "At tencent that saves nothing." in planned(job, even)
    empty = front.plan(
        job, front.books(read=1, pairs=0, rejected=1), {"tencent": 0}, sides={"tencent": (0, 0)}
    )
    assert "as given" not in planned(job, empty)


def test_the_sample_says_who_is_named_the_other_way_round() -> None:
    """First calls go out from the chosen side; of how many pairs that is not the input's is said.

    Of 4 + 1 pairs, the first and the third of the first call are named the other way round.
    """
    first = Batch(0, "bob", ("a", "b", "c", "d"), Sides(bytes([1, 0, 1, 0])))
    second = Batch(1, "eve", ("x",), Sides(bytes(1)))
    told = "Of the 5 pairs in these calls the input names 2 from the other side"
    assert told in planned(JOB, PLAN, first, second)
    assert "from the other side;" not in planned(JOB, PLAN, second)
    assert "from the other side;" not in planned(JOB, PLAN, Batch(0, "bob", ("a",)))


def test_what_choosing_sides_would_save_is_one_line_a_target() -> None:
    """Calls beside those as given, and the time less at the target's own rate; nothing is praised.

    10,562 calls at 200/s are 52.81 s, 10,782 at 20/s are 539.1 s.
    """
    job = front.job(front.tencent(), front.zego())
    plan = front.plan(job, ROWS, {"tencent": 32_498, "zego": 32_743})
    tencent = Saving(target="tencent", calls=21_936, as_given=32_498, qps=200, exact=True)
    zego = Saving(target="zego", calls=21_961, as_given=32_743, qps=20, exact=True)

    def shown(*savings: Saving, unknown: str = "") -> str:
        preview = Preview(meta=plan, savings=savings, savings_unknown=unknown)
        return " ".join(plan_text(job, preview, 80).split())

    told = shown(tencent, zego)
    assert 'orient = "fewest_calls" under [plan] would save calls:' in told
    assert "tencent 21,936 instead of 32,498 calls: saves 10,562, 53 s" in told
    assert "zego 21,961 instead of 32,743 calls: saves 10,782, 9 min 00 s" in told
    assert "about" not in told.lower().partition("would save calls")[2]
    nearly = shown(replace(tencent, exact=False), replace(zego, calls=32_743))
    assert "about 21,936 instead of 32,498 calls: saves about 10,562" in nearly
    assert "planning searches longer" in nearly
    assert "zego no call of 32,743" in nearly
    assert "would save no call." in shown(replace(zego, calls=32_743))
    assert "[plan]: not counted for more." in shown(unknown="not counted for more")
    assert "fewest_calls" not in shown()
