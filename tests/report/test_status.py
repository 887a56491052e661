"""The fold of a run: states, books, estimates."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from bulkdel.ledger.history import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.report.next_steps import next_steps
from bulkdel.report.status import LastSitting, State, wrongs
from bulkdel.report.status_json import KEYS, status_json
from bulkdel.report.text.status_page import status_text
from bulkdel.words import NO_REPLY
from tests.support import front
from tests.support.findings import command
from tests.support.json_keys import undocumented, unwritten

NOW = 1_795_300_000_000
JOB = front.job(front.tencent(), front.zego())
ROWS = front.books(read=110, pairs=100, duplicates=5, rejected=3, protected=2)
PLAN = front.plan(JOB, ROWS, {"tencent": 10, "zego": 20})
DONE = Counters(deleted=90, already_gone=8, failed=2, calls=12)
HALF = Counters(deleted=40, already_gone=8, failed=2, calls=6, retries=1, lost_answers=1)


def test_planned() -> None:
    """Without a sitting and a call, a run is planned and all of it is unsettled."""
    status = front.status(JOB, PLAN, {})
    assert (status.state, status.unsettled) == (State.PLANNED, 200)


def test_finished() -> None:
    """When nothing is left and nobody works on it, a run is finished."""
    status = front.status(JOB, PLAN, {"tencent": DONE, "zego": DONE})
    assert (status.state, status.reason, status.unsettled) == (
        State.FINISHED,
        "every pair is settled, but 4 failed for good and 3 rows were rejected",
        0,
    )


def test_stopped_tells_why() -> None:
    """When work is left and nobody does it, the last sitting's own words are the reason."""
    last = LastSitting(began_ms=NOW - 9000, ended_ms=NOW - 1000, why="stopped by a signal")
    status = front.status(JOB, PLAN, {"tencent": DONE, "zego": HALF}, last=last)
    assert (status.state, status.reason) == (State.STOPPED, "stopped by a signal")
    assert status.unsettled == 50


def test_killed() -> None:
    """A sitting without an end that nobody carries on was killed, and is told so."""
    last = LastSitting(began_ms=NOW - 9000, ended_ms=None, why="")
    status = front.status(JOB, PLAN, {"tencent": HALF}, last=last)
    assert status.state is State.STOPPED
    assert "killed, or a crash" in status.reason


def test_running() -> None:
    """While a process holds the run it is running, even when everything is settled."""
    status = front.status(JOB, PLAN, {"tencent": DONE, "zego": DONE}, holder="process 47")
    assert (status.state, status.reason) == (State.RUNNING, "process 47 works on it")


def test_estimate_is_the_slowest_target() -> None:
    """The run ends when its last target does: 50 pairs at 0.12 calls a pair and 2 calls/s: 3 s."""
    status = front.status(
        JOB,
        PLAN,
        {"tencent": HALF, "zego": HALF},
        lanes={"tencent": front.sending("tencent", 200.0), "zego": front.sending("zego", 2.0)},
        holder="process 47",
    )
    assert status.left_s == pytest.approx(3.0)


def test_no_estimate_while_a_target_has_none() -> None:
    """One target that nobody can estimate leaves the whole without an estimate."""
    status = front.status(
        JOB,
        PLAN,
        {"tencent": HALF},
        lanes={"tencent": front.sending("tencent", 200.0)},
        holder="process 47",
    )
    assert status.left_s is None


def test_codes_add_up() -> None:
    """What failed and what is unsettled is told by code, and the rest of both is told as well."""
    counters = Counters(deleted=40, failed=12, calls=6)
    status = front.status(
        JOB,
        PLAN,
        {"tencent": counters},
        failed=(CodeCount(target="tencent", code=30003, info="no such account", pairs=10),),
        unsettled=(CodeCount(target="tencent", code=-1, info="timeout", pairs=8),),
    )
    rows = [" ".join(line.split()) for line in status_text(status, 80).splitlines()]
    assert "tencent 10 failed 30003 no such account" in rows
    assert "tencent 2 failed - other codes" in rows
    assert "tencent 8 unsettled - no answer: timeout" in rows
    assert "tencent 40 unsettled - not sent yet" in rows


def test_every_key_is_documented() -> None:
    """What is written has a meaning in KEYS, and what is documented is written."""
    code = CodeCount(target="tencent", code=30006, info="busy", pairs=4, example="a")
    last = LastSitting(began_ms=NOW - 5000, ended_ms=NOW, why="left")
    told = [
        orjson.loads(status_json(status))
        for status in (
            front.status(JOB, PLAN, {"tencent": HALF}),
            front.status(JOB, PLAN, {"tencent": Counters(already_gone=100, calls=10)}),
            front.status(
                JOB, PLAN, {"tencent": HALF}, last=last, failed=(code,), unsettled=(code,)
            ),
        )
    ]
    assert set().union(*(undocumented(one, KEYS) for one in told)) == set()
    assert set.intersection(*(unwritten(one, KEYS) for one in told)) == set()
    assert undocumented({"targets": {"a": {"new": 1}}}, KEYS) == {"targets.a.new"}
    assert "mode" in unwritten({"job": "x"}, KEYS)


def test_json_has_the_contracts_keys() -> None:
    """`status --json` carries what the contract promises, with the numbers of the journal."""
    status = front.status(
        JOB,
        PLAN,
        {"tencent": HALF},
        unsettled=(CodeCount(target="tencent", code=30006, info="busy", pairs=4),),
        failed=(CodeCount(target="tencent", code=30003, info="no such account", pairs=2),),
    )
    told = orjson.loads(status_json(status))
    assert (told["state"], told["reason"]) == ("stopped", "work is left")
    assert told["rows"] == {
        "read": 110,
        "pairs": 100,
        "duplicates": 5,
        "rejected": 3,
        "protected": 2,
    }
    tencent = told["targets"]["tencent"]
    promised = (
        "pairs batches deleted already_gone failed unsettled calls retries throttled lost_answers"
    )
    assert {key: tencent[key] for key in promised.split()} == {
        "pairs": 100,
        "batches": 10,
        "deleted": 40,
        "already_gone": 8,
        "failed": 2,
        "unsettled": 50,
        "calls": 6,
        "retries": 1,
        "throttled": 0,
        "lost_answers": 1,
    }
    assert tencent["unsettled_codes"] == [{"code": 30006, "info": "busy", "pairs": 4}]
    assert tencent["failed_codes"] == [{"code": 30003, "info": "no such account", "pairs": 2}]
    assert told["balanced"] is True


def test_text_shows_the_balance() -> None:
    """The page writes both books as sums, with the numbers under their names."""
    text = status_text(front.status(JOB, PLAN, {"tencent": HALF, "zego": DONE}), 80)
    assert "rows read  = pairs  + duplicates  + rejected  + protected" in text
    assert "110      100             5           3            2" in text
    assert "= deleted  + already gone  + failed  + unsettled" in text
    assert ["tencent", "100", "40", "8", "2", "50"] in [line.split() for line in text.splitlines()]
    assert "The books are balanced" in text


def test_wrong_books_shout() -> None:
    """Books that do not balance are said so, aloud, with the numbers; never called balanced."""
    rows = front.books(read=111, pairs=100, duplicates=5, rejected=3, protected=2)
    over = Counters(deleted=101, calls=1)
    status = front.status(JOB, front.plan(JOB, rows, {"tencent": 1, "zego": 1}), {"tencent": over})
    text = " ".join(status_text(status, 80).split())
    assert "THE BOOKS DO NOT BALANCE" in text
    assert "111 rows were read, but 110 are accounted for" in text
    assert "tencent: 101 pairs are settled, but only 100 were planned" in text
    assert "are balanced" not in text
    assert orjson.loads(status_json(status))["balanced"] is False
    assert len(wrongs(status)) == 2


@pytest.mark.parametrize("width", [20, 80, 200])
def test_text_fits_without_colour(width: int) -> None:
    """Without colour there is no escape; a line is at most 80 columns, or 120 where there is room.

    Numbers of a hundred million are not cut at 80.
    """
    rows = front.books(read=100_000_000, pairs=100_000_000)
    plan = front.plan(JOB, rows, {"tencent": 100_000_000, "zego": 100_000_000})
    much = Counters(deleted=99_999_999, calls=100_000_000, retries=1_000_000)
    status = front.status(
        JOB,
        plan,
        {"tencent": much},
        last=LastSitting(began_ms=NOW - 9000, ended_ms=None, why=""),
        unsettled=(CodeCount(target="tencent", code=NO_REPLY, info="x" * 500, pairs=1),),
        holder="process 47",
    )
    text = status_text(status, width)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= max(80, min(width, 120))
    assert "99,999,999" in text
    assert "no answer: " in text.replace("\n", " ")


def test_colour_only_when_asked() -> None:
    """Colour is added for a terminal that shows it, and nothing else changes."""
    status = front.status(JOB, PLAN, {})
    assert "\x1b[" in status_text(status, 80, colour=True)


def test_markup_is_text() -> None:
    """Square brackets in foreign text are shown and not taken for colours."""
    failed = CodeCount(target="tencent", code=1, info="[red]no[/red] :smile:", pairs=1)
    text = status_text(front.status(JOB, PLAN, {"tencent": HALF}, failed=(failed,)), 80)
    assert "[red]no[/red] :smile:" in text


def test_next_command_only_where_work_is_left() -> None:
    """The command that continues is shown for a stopped run and not for a finished one."""
    stopped = front.status(JOB, PLAN, {"tencent": HALF})
    finished = front.status(JOB, PLAN, {"tencent": DONE, "zego": DONE})
    commands = [one.command for one in next_steps(stopped, command)]
    assert commands[0] == "bulkdel run purge.toml"
    text = status_text(stopped, 80, next_steps=list(next_steps(stopped, command)))
    assert "\nTo continue:\n  bulkdel run purge.toml\n" in text
    assert not [one for one in next_steps(finished, command) if " run " in one.command]


def test_rejects_are_named() -> None:
    """Where rows were rejected the page says where they are."""
    text = status_text(front.status(JOB, PLAN, {}), 80)
    assert f"3 rows rejected, with the reasons: {Path('/runs/purge-2026-11/rejects.jsonl')}" in text
