"""What is asked before it is sent: whether odd ids are ids, and why a guard guards nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.job.job import Job
from bulkdel.plan.values import Lookalike, PlanMeta
from bulkdel.report.doubts import guards_that_guard_nobody, lookalikes_question, plan_doubts
from bulkdel.report.preview import Preview
from bulkdel.report.text.confirm import confirm_text, question
from bulkdel.report.text.preview import plan_text
from bulkdel.words import Operation
from tests.support import front

ODD = (
    Lookalike(kind="blank", ids=5, example="a1 "),
    Lookalike(kind="backslash_n", ids=1, example="\\N"),
    Lookalike(kind="null", ids=2, example="NULL"),
    Lookalike(kind="formula", ids=1, example='="007"'),
    Lookalike(kind="number", ids=1, example="1.23E+17"),
)
ROWS = front.books(read=10, pairs=10)


def planned(job: Job, **books: int) -> PlanMeta:
    """A plan with all kinds of odd ids."""
    rows = front.books(**{"read": 10, "pairs": 10, **books})
    return replace(front.plan(job, rows, {"tencent": 1}), lookalikes=ODD)


def test_odd_ids_are_counted_shown_and_asked_about() -> None:
    """Each kind has its number and an example, in quotes; and they are sent as they stand."""
    assert lookalikes_question(ODD) == (
        '5 ids begin or end with a blank or an invisible character, such as "a1 "; '
        '1 is a database\'s sign for nothing: "\\N"; 2 are words for nothing, such as "NULL"; '
        '1 looks like a spreadsheet\'s formula: "="007""; '
        '1 looks like a number that was cut: "1.23E+17". '
        "Are these ids, or did an export change what was meant? They are sent as they stand."
    )
    assert lookalikes_question(()) == ""
    assert lookalikes_question((Lookalike(kind="blank", ids=0, example=""),)) == ""


@pytest.mark.parametrize(
    ("example", "shown"),
    [
        ("a\u200b", '"a\\u200b"'),
        ("\ufeffa", '"\\ufeffa"'),
        ("a\u00a0", '"a\\xa0"'),
        ("a\u3000", '"a\\u3000"'),
        ("\u3164", '"\\u3164"'),
        (" ü", '" ü"'),
    ],
)
def test_what_is_not_seen_is_shown(example: str, shown: str) -> None:
    """An invisible character of an example is an escape, so that a person sees it."""
    one = Lookalike(kind="blank", ids=1, example=example)
    assert shown in lookalikes_question((one,))
    assert "Is this an id, or" in lookalikes_question((one,))


def test_files_are_counted_together() -> None:
    """The same kind of several files is one number, with the first example."""
    told = lookalikes_question((*ODD[:1], replace(ODD[0], example="z ")), where=" in the rows")
    assert told.startswith("10 ids in the rows begin or end")
    assert '"a1 "' in told
    assert "z " not in told


def test_the_question_asks_about_them() -> None:
    """plan, what is shown before sending, and the question itself."""
    job = front.job(front.tencent())
    meta = planned(job)
    shown = " ".join(confirm_text(job, meta, 120).split())
    assert "5 ids begin or end with a blank" in shown
    assert question(job, meta).startswith("Look at 10 ids named above. Delete 10 pairs")
    assert question(job, replace(meta, lookalikes=())).startswith("Delete 10 pairs")
    page = " ".join(plan_text(job, Preview(meta=meta), 120).split())
    assert "Are these ids, or did an export change what was meant?" in page


def test_a_list_that_protects_nobody() -> None:
    """Where accounts are protected and no row names one, it is said before sending."""
    job = front.job(front.tencent(), protect=("Boss",))
    (said,) = guards_that_guard_nobody(job, ROWS)
    assert said.startswith("guards.protect: no protected account stands in any row of the input")
    shown = " ".join(confirm_text(job, planned(job), 120).split())
    assert "guards.protect: no protected account stands" in shown
    some = front.books(read=10, pairs=9, protected=1)
    assert not list(guards_that_guard_nobody(job, some))
    starred = front.job(front.tencent(), protect=("boss", "staff-*"))
    (said,) = guards_that_guard_nobody(starred, some)
    assert said.startswith('guards.protect: the * in "aaaaa-*" stands for itself')
    assert not list(guards_that_guard_nobody(front.job(front.tencent()), ROWS))


def test_the_keys_are_named() -> None:
    """Whichever key protects is named; where lists are cleared, what is compared is."""
    job = front.job(front.tencent(), operation=Operation.DELETE_ALL_FRIENDS)
    files = replace(job.guards, protect_files=(Path("/staff"),))
    (said,) = guards_that_guard_nobody(replace(job, guards=files), ROWS)
    assert said.startswith("guards.protect_files: no protected account stands as From_Account")
    both = replace(files, protect=("boss",))
    (said,) = guards_that_guard_nobody(replace(job, guards=both), ROWS)
    assert said.startswith("guards.protect and protect_files: ")


@pytest.mark.parametrize(
    ("ratio", "sample", "said"),
    [
        (None, 1000, []),
        (0.5, 10, []),
        (0.5, 11, ["guards.max_failure_ratio never stops this run"]),
        (1.0, 1, ["guards.max_failure_ratio = 1 never stops a run"]),
    ],
)
def test_a_ratio_that_never_counts(ratio: float | None, sample: int, said: list[str]) -> None:
    """A failure ratio that can never be reached is told to be none."""
    job = front.job(front.tencent())
    guards = replace(job.guards, max_failure_ratio=ratio, min_sample=sample)
    plan = replace(planned(job), lookalikes=())
    found = list(plan_doubts(replace(job, guards=guards), plan, 0.0))
    assert [one.startswith(start) for one, start in zip(found, said, strict=True)] == [
        True for _ in said
    ]
