"""The end of `run`: its exit code, its verdict, its remarks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books
from bulkdel.report.ending import exit_code, sitting_verdict, why
from bulkdel.report.next_steps import NextStep, steps_after
from bulkdel.report.remarks import may_name_twice, remarks
from bulkdel.report.status import Status
from bulkdel.report.text.status_page import status_text
from bulkdel.report.text.summary import summary_text
from bulkdel.report.verdict import run_verdict
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Mode, Operation, Orient
from tests.support import front
from tests.support.findings import command

GOOD = front.books(read=10, pairs=10)
SOME_REJECTED = front.books(read=10, pairs=9, rejected=1)
ALL_REJECTED = front.books(read=10, pairs=0, rejected=10)
EMPTY = front.books(read=0, pairs=0)
COMMAND = "bulkdel run purge.toml --limit 100"


def ending(*ends: End, words: str = "") -> Ending:
    """The ends of tencent and zego, in this order."""
    names = ("tencent", "zego")
    return Ending(
        lanes=tuple(
            LaneEnd(target=name, end=end, words=words if end is not End.FINISHED else "")
            for name, end in zip(names, ends, strict=False)
        )
    )


@pytest.mark.parametrize(
    ("ends", "books", "unsettled", "failed", "code"),
    [
        ([End.FINISHED], GOOD, 0, 0, 0),
        ([End.FINISHED], GOOD, 0, 1, 1),
        ([End.FINISHED], SOME_REJECTED, 0, 0, 1),
        ([End.FINISHED], ALL_REJECTED, 0, 0, 1),
        ([End.FINISHED], EMPTY, 0, 0, 2),
        ([End.STOPPED], GOOD, 1, 0, 75),
        ([End.LIMIT], GOOD, 1, 1, 75),
        ([End.DOWN], SOME_REJECTED, 1, 0, 75),
        ([End.LEFT], GOOD, 1, 0, 75),
        ([End.STORAGE], GOOD, 0, 0, 75),
        ([End.FINISHED], GOOD, 1, 0, 75),
        ([End.LIMIT], GOOD, 0, 0, 0),
        ([End.STOPPED], GOOD, 0, 2, 1),
        ([End.REFUSED], GOOD, 5, 3, 77),
        ([End.REFUSED, End.STOPPED], GOOD, 5, 0, 77),
        ([End.FINISHED, End.REFUSED], SOME_REJECTED, 5, 0, 77),
        ([End.GUARD, End.REFUSED], GOOD, 5, 0, 3),
        ([End.STORAGE, End.GUARD], GOOD, 5, 0, 3),
        ([End.REFUSED], EMPTY, 0, 0, 2),
    ],
)
def test_exit_code(ends: list[End], books: Books, unsettled: int, failed: int, code: int) -> None:
    """The highest line of the contract's table that applies wins: 2, 3, 77, 75, 1, 0."""
    assert exit_code(ending(*ends), books, unsettled=unsettled, failed=failed) == code


def two_way(
    tencent: Counters,
    zego: Counters,
    rows: Books = GOOD,
    *,
    operation: Operation = Operation.DELETE_FRIENDS,
    mode: Mode = Mode.TWO_WAY,
) -> Status:
    """A status of both targets."""
    job = front.job(front.tencent(), front.zego(), operation=operation, mode=mode)
    plan = front.plan(job, rows, {"tencent": 1, "zego": 1})
    return front.status(job, plan, {"tencent": tencent, "zego": zego})


DONE = Counters(deleted=10, calls=1)
HALF = Counters(deleted=5, calls=1)
ONE_FAILED = Counters(deleted=9, failed=1, calls=1)
FINISHED = (
    "Finished: all 10 pairs settled, nothing failed. "
    "Every one is deleted or was already gone at tencent and zego."
)


@pytest.mark.parametrize(
    ("ends", "status", "sentence"),
    [
        ([End.FINISHED, End.FINISHED], two_way(DONE, DONE), FINISHED),
        (
            [End.FINISHED, End.FINISHED],
            two_way(DONE, ONE_FAILED),
            (
                "Finished: every pair is settled, but 1 failed for good. "
                "19 of 20 results are deleted or already gone."
            ),
        ),
        (
            [End.STOPPED, End.STOPPED],
            two_way(HALF, Counters()),
            (
                "Stopped with work left: 25.0% is settled. "
                "Stopped by a signal. 15 pairs left (tencent 5, zego 10). "
                "Run the same command again to continue."
            ),
        ),
        (
            [End.FINISHED, End.REFUSED],
            two_way(DONE, Counters(calls=1)),
            (
                "Stopped with work left: 50.0% is settled. "
                "Refused: the credentials, the permission or the app are not accepted. "
                "10 pairs left (zego 10). Put that right and run the same command again."
            ),
        ),
        ([End.STOPPED, End.FINISHED], two_way(DONE, DONE), FINISHED),
        (
            [End.FINISHED, End.FINISHED],
            two_way(Counters(), Counters(), ALL_REJECTED),
            "Finished: the input left no pair to send, and 10 rows were rejected.",
        ),
    ],
)
def test_verdict(ends: list[End], status: Status, sentence: str) -> None:
    """The run's verdict, as `status` and the page say it, then how it ended and what to do."""
    verdict = sitting_verdict(ending(*ends), status)
    assert verdict.words == sentence
    assert verdict.words.startswith(run_verdict(status).headline)
    assert run_verdict(status).headline in status_text(status, 200)


@pytest.mark.parametrize("end", [end for end in End if end is not End.FINISHED])
def test_every_end_has_a_sentence(end: End) -> None:
    """However a sitting ends with work left, the summary counts it and is not called finished."""
    said = sitting_verdict(ending(End.FINISHED, end), two_way(DONE, HALF)).words
    assert "5 pairs left" in said
    assert "Finished" not in said


def test_summary_has_what_a_person_needs() -> None:
    """Verdict, each lane's own words, the balance, the files and the exact next command."""
    text = summary_text(
        two_way(Counters(deleted=9, calls=1), HALF, SOME_REJECTED),
        ending(End.FINISHED, End.DOWN, words="no accepted call for 1 h"),
        80,
        next_steps=[NextStep(words="To continue:", command=COMMAND)],
    )
    assert text.startswith("Stopped with work left: 77.7% is settled.\nStopped: a provider did not")
    assert "zego  stopped: no accepted call for 1 h" in text
    assert "/runs/purge-2026-11/ledger.jsonl" in text
    assert "/runs/purge-2026-11/rejects.jsonl (1)" in text
    assert text.endswith(f"To continue:\n  {COMMAND}\n")


def test_a_command_is_never_broken() -> None:
    """Half of a command may be another one: however long it is, it stands in one line."""
    long = f"bulkdel run {'x' * 90} --limit 100"
    step = NextStep(words="To continue:", command=long)
    done = two_way(DONE, DONE)
    text = summary_text(done, ending(End.FINISHED, End.FINISHED), 80, next_steps=[step])
    assert f"\n  {long}\n" in text


def test_nothing_to_do_when_finished() -> None:
    """A finished run asks for nothing; whether all is really gone can be asked of the provider."""
    status = two_way(DONE, DONE)
    ended = ending(End.FINISHED, End.FINISHED)
    text = summary_text(status, ended, 80, next_steps=[])
    steps = steps_after(ended, status, command, again=COMMAND)
    assert [one.command for one in steps] == ["bulkdel verify purge.toml --remote"]
    assert "lost" not in text.replace("lost answers", "")


def test_failed_pairs_can_be_found() -> None:
    """Where pairs failed it is said how to list them: of the target alone where they did."""
    status = two_way(DONE, ONE_FAILED)
    steps = steps_after(ending(End.FINISHED, End.FINISHED), status, command, again=COMMAND)
    assert [one.command for one in steps] == [
        "bulkdel export purge.toml --status failed --target zego --full --output failed-zego.csv",
        "bulkdel verify purge.toml --remote",
    ]
    assert sitting_verdict(ending(End.FINISHED, End.FINISHED), status).exit_code == 1


@pytest.mark.parametrize(
    ("counters", "mode", "remarked"),
    [
        (Counters(deleted=10, lost_answers=3, calls=4), Mode.ONE_WAY, []),
        (Counters(already_gone=10, calls=4), Mode.ONE_WAY, []),
        (
            Counters(already_gone=10, lost_answers=3, calls=4),
            Mode.ONE_WAY,
            ["tencent: 3 calls lost the answer and 10 pairs were already gone."],
        ),
        (Counters(already_gone=10, calls=4), Mode.TWO_WAY, []),
        (Counters(deleted=1, already_gone=9, calls=4), Mode.TWO_WAY, ["Two-way: where the input"]),
    ],
)
def test_remarks_only_where_they_are_true(
    counters: Counters, mode: Mode, remarked: list[str]
) -> None:
    """`already_gone` is explained only where it may be ourselves: lost answers, or two-way.

    Where nothing was deleted, no pair was removed by its other side.
    """
    said = remarks(two_way(counters, DONE, mode=mode))
    assert len(said) == len(remarked)
    assert all(one.startswith(start) for one, start in zip(said, remarked, strict=True))


def test_pairs_named_from_both_sides_are_counted_where_they_can_be() -> None:
    """A page that has counted the ledger says how many there are, and nothing where there is none.

    Neither does it say it where the ledger cannot hold both sides of one friendship.
    """
    status = two_way(Counters(deleted=1000, already_gone=1200, calls=4), DONE, mode=Mode.TWO_WAY)
    (said,) = remarks(status, {"tencent": 1000})
    assert said.startswith("tencent: of the 1,200 pairs that were already gone, 1,000 name")
    assert remarks(status, {}) == ()
    assert may_name_twice(status)
    assert not may_name_twice(replace(status, orient=Orient.FEWEST_CALLS))
    assert not may_name_twice(replace(status, mode=Mode.ONE_WAY))
    assert not may_name_twice(two_way(DONE, DONE, mode=Mode.TWO_WAY))


def test_a_chosen_side_is_not_called_a_pair_named_twice() -> None:
    """Where the planner chose the sides, already gone means that both were asked."""
    status = two_way(Counters(already_gone=10, calls=4), DONE, mode=Mode.TWO_WAY)
    (said,) = remarks(replace(status, orient=Orient.FEWEST_CALLS))
    assert "asked for from both sides" in said


def test_what_waits_for_its_other_side_is_said() -> None:
    """As long as pairs are in reserve, each page says why they are left."""
    status = two_way(Counters(deleted=4, calls=4, in_reserve=3), DONE, mode=Mode.TWO_WAY)
    (said,) = remarks(replace(status, orient=Orient.FEWEST_CALLS))
    assert said.startswith('tencent: 3 pairs of those left were answered "not a friend"')
    assert said in " ".join(status_text(status, 200).split())


@pytest.mark.parametrize(
    ("ends", "words", "told"),
    [
        ([End.FINISHED, End.FINISHED], "", "finished"),
        ([End.STOPPED, End.FINISHED], "stopped by SIGINT", "stopped by SIGINT"),
        ([End.STOPPED, End.FINISHED], "", "stopped by a signal"),
        ([End.LIMIT, End.LIMIT], "", "stopped at --limit"),
        ([End.FINISHED, End.DOWN], "no call for 1 h.", "zego: no call for 1 h"),
        ([End.LEFT, End.FINISHED], "", "tencent: left"),
    ],
)
def test_why(ends: list[End], words: str, told: str) -> None:
    """A sitting's end in a few words, for `status` later."""
    assert why(ending(*ends, words=words)) == told
