"""Nothing that was asked was a friendship: that is said first, everywhere, and is no success."""

from __future__ import annotations

import orjson
import pytest

from bulkdel.ledger.values import Counters
from bulkdel.report.ending import sitting_verdict
from bulkdel.report.no_friendships import nearly_all_gone, no_friendships
from bulkdel.report.status import Status
from bulkdel.report.status_json import status_json
from bulkdel.report.text.closure import closed_text
from bulkdel.report.text.status_page import status_text
from bulkdel.report.text.summary import summary_text
from bulkdel.report.tone import Tone
from bulkdel.report.verdict import run_verdict
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Mode, Operation
from tests.support import front

ENDING = Ending(lanes=(LaneEnd(target="tencent", end=End.FINISHED, words=""),))


def run(
    deleted: int,
    gone: int,
    failed: int = 0,
    *,
    pairs: int | None = None,
    mode: Mode = Mode.TWO_WAY,
    operation: Operation = Operation.DELETE_FRIENDS,
    lost: int = 0,
) -> Status:
    """A run at one target with these results."""
    whole = deleted + gone + failed if pairs is None else pairs
    job = front.job(front.tencent(), mode=mode, operation=operation)
    plan = front.plan(job, front.books(read=whole, pairs=whole), {"tencent": 1})
    counters = Counters(
        deleted=deleted, already_gone=gone, failed=failed, calls=1, lost_answers=lost
    )
    return front.status(job, plan, {"tencent": counters})


@pytest.mark.parametrize(
    ("deleted", "gone", "failed", "nearly"),
    [
        (0, 0, 0, False),
        (0, 1, 0, True),
        (0, 7, 0, True),
        (1, 6, 0, False),
        (0, 6, 1, False),
        (1, 18, 0, False),
        (0, 19, 0, True),
        (2, 18, 0, True),
        (1, 18, 1, True),
        (3, 17, 0, False),
        (10, 90, 0, True),
        (11, 89, 0, False),
        (0, 89, 11, False),
        (50, 50, 0, False),
        (100, 900_000, 0, True),
    ],
)
def test_what_is_nearly_nothing(deleted: int, gone: int, failed: int, nearly: bool) -> None:
    """Nearly nothing: 9 in 10 already gone of at least 20 settled pairs, or all of fewer."""
    status = run(deleted, gone, failed)
    assert nearly_all_gone(status.targets[0].counters) is nearly
    assert (no_friendships(status) is not None) is nearly


def test_it_is_said_first_everywhere() -> None:
    """Summary, notification, status, JSON and page begin with it; the exit code stays."""
    status = run(0, 7)
    begins = "Nearly nothing of what was asked was a friendship: at tencent 7 of 7 pairs"
    assert sitting_verdict(ENDING, status).words.startswith(begins)
    assert "Finished: all 7 pairs settled" in sitting_verdict(ENDING, status).words
    summary = " ".join(summary_text(status, ENDING, 80, next_steps=[]).split())
    assert summary.startswith(begins)
    assert "Look whether the ids are the app's own" in summary
    assert sitting_verdict(ENDING, status).exit_code == 0
    page = " ".join(status_text(status, 80).split())
    assert page.startswith(f"purge-2026-11: {begins}")
    assert " ".join(closed_text(status, 80).split()).startswith(f"purge-2026-11: {begins}")
    values = orjson.loads(status_json(status))["no_friendships"]
    assert values["targets"] == ["tencent"]
    assert values["told"].startswith(begins)
    words = run_verdict(status)
    assert (words.tone, words.headline) == (Tone.BAD, values["told"])
    assert "Finished: all 7 pairs settled" in words.detail


def test_a_friend_list_in_both_directions_is_no_alarm() -> None:
    """Two-way, half of an input that names both sides is already gone, and nothing is said."""
    status = run(50, 50)
    assert sitting_verdict(ENDING, status).words.startswith("Finished: all 100 pairs settled")
    assert orjson.loads(status_json(status))["no_friendships"] is None
    assert run_verdict(status).tone is Tone.GOOD
    assert "Nearly nothing" not in status_text(status, 80)


def test_each_target_has_its_numbers() -> None:
    """A target that is all right does not hide another one."""
    job = front.job(front.tencent(), front.zego())
    plan = front.plan(job, front.books(read=40, pairs=40), {"tencent": 1, "zego": 1})
    good, bad = Counters(deleted=40, calls=1), Counters(deleted=1, already_gone=39, calls=1)
    found = no_friendships(front.status(job, plan, {"tencent": good, "zego": bad}))
    assert found is not None
    assert found.targets == ("zego",)
    words = found.sentence
    assert "at zego 39 of 40 pairs that are settled had nothing to delete, and 1 was" in words
    assert "tencent" not in words


def test_what_to_look_at() -> None:
    """The direction matters one-way alone; lost answers may be this run's own deletions."""
    two, one = no_friendships(run(0, 7)), no_friendships(run(0, 7, mode=Mode.ONE_WAY, lost=2))
    assert two is not None
    assert one is not None
    assert "right way round" not in two.look
    assert "right way round" in one.look
    assert "lost the answer" not in two.look
    assert "2 calls of this run lost the answer" in one.look


def test_it_is_said_while_work_is_left() -> None:
    """A first hundred pairs are enough to see it."""
    status = run(0, 100, pairs=5000)
    ending = Ending(lanes=(LaneEnd(target="tencent", end=End.LIMIT, words=""),))
    assert sitting_verdict(ending, status).words.startswith("Nearly nothing")
    assert "4,900 pairs left" in sitting_verdict(ending, status).words


def test_accounts_are_called_accounts() -> None:
    """Where lists are cleared, the numbers are accounts."""
    found = no_friendships(run(0, 7, operation=Operation.DELETE_ALL_FRIENDS))
    assert found is not None
    assert "7 of 7 accounts" in found.sentence
