"""Shards on a screen, as JSON and among the next steps: one screen says what counts of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from bulkdel.errors import Exit
from bulkdel.ledger.values import Counters
from bulkdel.report.ending import why
from bulkdel.report.few import ROWS_MOST, by_provider, few
from bulkdel.report.next_steps import next_steps
from bulkdel.report.remarks import remarks
from bulkdel.report.run_json import run_json
from bulkdel.report.shards import ShardState, shards_line
from bulkdel.report.status import State
from bulkdel.report.status_json import KEYS, status_json
from bulkdel.report.text.shards import shards_screen_text
from bulkdel.report.text.status_page import status_text
from bulkdel.report.text.summary import summary_text
from bulkdel.report.text.watch import watch_text
from bulkdel.report.verdict import run_verdict
from bulkdel.send.state import Doing, End
from bulkdel.send.view import Ending, LaneEnd
from tests.support.json_keys import undocumented, unwritten
from tests.support.shards import lane, many, shard, status_of

GONE = Counters(already_gone=100, calls=101, lost_answers=1)


@pytest.mark.parametrize("count", [4, 40, 300, 1000])
def test_what_counts_fits(count: int) -> None:
    """However many there are, the page keeps to some lines, and says how many there are of each."""
    text = status_text(many(count), 80)
    each = count // 4
    assert (
        f"{count:,} shards: {each:,} settled, {each:,} being sent, {each:,} waiting, "
        f"{each:,} ended with work left"
    ) in " ".join(text.split())
    assert text.count("\n") < 130
    assert max(map(cell_len, text.splitlines())) <= 80


def test_who_sends_which() -> None:
    """A shard that is sent has its machine, process, begin, changes of hands and rate beside it."""
    text = status_text(many(8), 120)
    (row,) = [line.split() for line in text.splitlines() if line.strip().startswith("0005")]
    assert row == "0005 app-5 worker-2 4005 21:26 UTC 2 40.0% 150".split(" ")  # noqa: SIM905  # as it is read
    assert "0003, 0007  refused: no such app" in text


def test_many_targets_share_rows() -> None:
    """Of more than ROWS_MOST those that a person must know first have a row; none is left out."""
    status = many(300)
    rows = few(status.targets)
    assert len(rows) == ROWS_MOST
    assert {row.state.doing for row in rows[:-1]} == {Doing.ENDED}
    assert rows[-1].name == "289 others"
    for count in ("pairs", "unsettled", "batches"):
        assert sum(getattr(row, count) for row in rows) == sum(
            getattr(one, count) for one in status.targets
        )
    (whole,) = by_provider(status.targets)
    assert (whole.pairs, whole.name) == (30_000, "300 targets of Tencent Chat")
    assert few(status.targets[:ROWS_MOST]) == list(status.targets[:ROWS_MOST])


def test_time_left_while_shards_wait() -> None:
    """What waits to be taken is in the estimate: all that is left, at the rate of all together."""
    shards = [shard(1, ShardState.SENDING), shard(2, ShardState.WAITING)]
    assert status_of(shards).left_s == pytest.approx(160 * (50 / 40) / 150)


@pytest.mark.parametrize("size", [(40, 10), (80, 23), (120, 50)])
@pytest.mark.parametrize("count", [4, 300])
def test_screens_fit(count: int, size: tuple[int, int]) -> None:
    """The screen of those who send, and that of those who look on, fit any terminal."""
    width, height = size
    lines = shards_screen_text(many(count), width=width, height=height).plain.splitlines()
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert "settled (" in " ".join(lines)
    assert "Ctrl-C stops it safely" in " ".join(lines[-3:])
    text = watch_text(many(count), width=80, height=40, again="again", whole="whole")
    assert text.count("\n") <= 40
    assert f"{count} shards: " in text


def test_screen_names_shards() -> None:
    """A row is a shard with its targets, and no target."""
    two = (lane("left", ShardState.SENDING), lane("right", ShardState.SENDING))
    status = status_of([shard(7, ShardState.SENDING, *two)])
    rows = shards_screen_text(status, width=100, height=20).plain.splitlines()
    assert rows[0] == "80 of 200 settled (40.0%), 300 calls/s, about 1 s left."
    assert rows[2].split() == ["shard", "settled", "of", "done", "calls/s", "in", "flight", "left"]
    assert rows[3].startswith("0007 left, right")
    assert "300 of 400" in rows[3]


def test_a_shard_in_a_few_words() -> None:
    """How often shards changed hands is said in all, and the kinds of which there are none not."""
    assert shards_line(many(8).shards).endswith("2 ended with work left; 2 changes of hands.")
    assert shards_line([shard(1, ShardState.WAITING)]) == "1 shard: 1 waiting."


def test_json() -> None:
    """`status --json` has each shard, by the documented keys, and no other."""
    values = json.loads(status_json(many(8)))
    assert not undocumented(values, KEYS)
    assert not {key for key in unwritten(values, KEYS) if key.startswith("shards")}
    assert values["shards"][5] == {
        "name": "0005",
        "targets": ["app-5"],
        "state": "sending",
        "words": "",
        "owner": "process 4005 on worker-2",
        "host": "worker-2",
        "pid": 4005,
        "since": "2026-11-21T21:26:40.000Z",
        "changed_hands": 2,
        "pairs": 100,
        "settled": 40,
        "unsettled": 60,
        "rate": 150.0,
    }
    assert values["shards"][0]["owner"] is None
    assert values["shards"][3]["words"] == "refused: no such app"
    assert json.loads(status_json(replace(many(8), shards=())))["shards"] == []


def test_next_steps_are_said_once() -> None:
    """However many targets were refused, what is next stands on one screen, with the run's command.

    The command that goes on is the whole run's, once.
    """
    status = replace(many(300), state=State.STOPPED)
    steps = list(next_steps(status, lambda *words: " ".join(("bulkdel", *words))))
    assert len(steps) < 12
    assert [step.command for step in steps].count("bulkdel run") == 1
    assert any("Likewise for 71 other targets" in step.words for step in steps)
    assert all(len(step.words) < 300 for step in steps)


def test_summary_names_all_ledgers() -> None:
    """At the end of `run` the results of a run that is cut are where they are: in each shard."""
    status = replace(many(4), state=State.STOPPED)
    ends = tuple(
        LaneEnd(target=one.name, end=End.REFUSED, words="no such app") for one in status.targets
    )
    text = summary_text(status, Ending(lanes=ends), 120, next_steps=())
    assert "/runs/purge-2026-11/shards/*/ledger.jsonl" in text
    assert "/runs/purge-2026-11/shards/*/run.log" in text
    values = json.loads(run_json(Exit.REFUSED, "", status=status))
    assert values["files"]["ledger"] == "/runs/purge-2026-11/shards/*/ledger.jsonl"


@pytest.mark.parametrize("count", [40, 1000])
def test_sentences_do_not_grow(count: int) -> None:
    """What is said of many targets names none of them one by one, however the run stands."""
    gone = [
        shard(at, ShardState.SETTLED, replace(lane(f"app-{at}", ShardState.SETTLED), counters=GONE))
        for at in range(count)
    ]
    done = [shard(at, ShardState.SETTLED) for at in range(count)]
    for shards in (gone, done):
        status = status_of(shards)
        assert status.state is State.FINISHED
        verdict = run_verdict(status)
        assert len(f"{verdict.headline}{verdict.detail}{''.join(remarks(status))}") < 1500
    (one,) = [text for text in remarks(status_of(gone)) if "lost the answer" in text]
    assert one.startswith(f"{count:,} targets of Tencent Chat: {count:,} calls lost the answer")
    ends = [LaneEnd(target=f"app-{at}", end=End.DOWN, words=f"down {at}") for at in range(count)]
    assert why(Ending(lanes=tuple(ends))).endswith(f"; and {count - 6:,} more targets")
