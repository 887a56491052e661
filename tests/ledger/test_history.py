"""A run as `status` sees it, from outside the process that works on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.errors import Corrupt
from bulkdel.ledger.circumstances import Agreement
from bulkdel.ledger.history import Carried, CodeCount, Snapshot, begun, open_history, snapshot
from bulkdel.ledger.sittings import LaneStop, SittingRecord
from bulkdel.ledger.tables import connect
from bulkdel.ledger.values import Counters, Part, Withdrawal
from bulkdel.words import Verdict
from tests.support.build import CIRCUMSTANCES
from tests.support.ledger import (
    IDENTITY,
    crashed,
    deleted,
    entry_of,
    intent,
    open_journal,
    outcome,
    rest,
    settlement,
    some,
    tick,
)

EARLIER = replace(CIRCUMSTANCES, agreement=Agreement.EARLIER, agreed_ms=None)


def test_nothing_yet(tmp_path: Path) -> None:
    """Without a journal, or with one whose making was cut short, there is nothing to see."""
    assert snapshot(tmp_path) is None
    assert begun(tmp_path) is False
    (tmp_path / "journal.db").touch()
    assert snapshot(tmp_path) is None
    connect(tmp_path).close()
    assert snapshot(tmp_path) is None
    assert begun(tmp_path) is False


def test_begun_with_the_first_intent(tmp_path: Path) -> None:
    """A run has begun when an intent was made; one that was taken back was not sent."""
    with open_journal(tmp_path) as journal:
        assert begun(tmp_path) is False
        tick(journal, intent(1))
        assert begun(tmp_path) is True
        tick(journal, Withdrawal(ordinal=1))
        assert begun(tmp_path) is False


def test_what_was_not_sent_has_no_code(tmp_path: Path) -> None:
    """Rule: the rest of an entry that a limit cut off waits with no code, not with code 0."""
    with open_journal(tmp_path) as journal:
        tick(journal, intent(7))
        done = settlement(some(0), rest(Verdict.DELETED), left=(1,))
        tick(journal, outcome(entry_of(7), done, Part(items=(1,))))
        seen = snapshot(tmp_path)
    assert seen is not None
    assert seen.counters["tencent"].settled > 0
    assert seen.unsettled == ()


@pytest.mark.parametrize("together", [False, True])
def test_what_is_left_keeps_its_last_code(tmp_path: Path, together: bool) -> None:
    """Rule: a call that settles all that it carried changes nothing for the rest of its entry.

    In a tick of its own or in that of the call before.
    """
    left = Part(items=(1, 2, 3), attempts=1)
    ours = Part(items=(0,), attempts=1)
    done = settlement(rest(), of=(0,), attempts=2)
    events = (
        (intent(7), outcome(entry_of(7), None, Part(attempts=1), code=9, info="busy")),
        (intent(7, ours, left, again=True), outcome(entry_of(7), done, left)),
    )
    with open_journal(tmp_path) as journal:
        for some_events in (sum(events, ()),) if together else events:
            tick(journal, *some_events)
        seen = snapshot(tmp_path)
    assert seen is not None
    assert [(one.code, one.info, one.pairs) for one in seen.unsettled] == [(9, "busy", 3)]


def test_while_it_runs_after_a_crash_and_after_its_end(tmp_path: Path) -> None:
    """The same facts are read beside the writer, from a dead process's files, and at the end."""
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    lanes = (LaneStop(target="tencent", end="left", words="tries used up"),)
    with open_journal(run_dir) as journal:
        journal.start_sitting(1000, 4711, CIRCUMSTANCES)
        tick(journal, intent(0), intent(3), intent(7), intent(101))
        failed = rest(Verdict.FAILED, code=30003, info="none")
        tick(
            journal,
            outcome(entry_of(7), settlement(some(0), failed, left=(1,)), Part(items=(1,)), code=9),
            outcome(entry_of(3), None, Part(attempts=1), code=9, info="slow"),
            deleted(101),
        )
        tick(journal, intent(7, Part(items=(1,))), intent(1, Part(items=(0, 1))))
        tick(journal, Withdrawal(ordinal=7), Withdrawal(ordinal=1))
        running = snapshot(run_dir)
        dead = snapshot(crashed(run_dir, tmp_path / "dead"))
        expected = Snapshot(
            identity=IDENTITY,
            begun=True,
            counters={
                "tencent": Counters(already_gone=1, failed=2, calls=3),
                "zego": Counters(deleted=2, calls=1),
            },
            failed=(CodeCount(target="tencent", code=30003, info="none", pairs=2),),
            unsettled=(CodeCount(target="tencent", code=9, info="slow", pairs=5, ordinal=3),),
            carried={"tencent": Carried(first=4), "zego": Carried()},
            settled_ms={"tencent": 1_795_299_901_123, "zego": 1_795_299_901_123},
            first_started_ms=1000,
            last=SittingRecord(
                number=1,
                pid=4711,
                started_ms=1000,
                before={"tencent": Counters(), "zego": Counters()},
                ended_ms=None,
                end=None,
                lanes=(),
                circumstances=CIRCUMSTANCES,
                agreed_in=1,
            ),
        )
        assert running == expected
        assert dead == expected
        journal.end_sitting(2000, "left", lanes)
    with open_journal(run_dir) as journal:
        journal.start_sitting(3000, 4712, EARLIER)
        journal.end_sitting(4000, "left", lanes)
    ended = snapshot(run_dir)
    assert ended is not None
    assert ended.first_started_ms == 1000
    assert ended.last == SittingRecord(
        number=2,
        pid=4712,
        started_ms=3000,
        before={
            "tencent": Counters(already_gone=1, failed=2, calls=3, lost_answers=1),
            "zego": Counters(deleted=2, calls=1),
        },
        ended_ms=4000,
        end="left",
        lanes=lanes,
        circumstances=EARLIER,
        agreed_in=1,
    )
    assert ended.unsettled == (
        CodeCount(target="tencent", code=9, info="slow", pairs=5, ordinal=3),
        CodeCount(
            target="tencent",
            code=-1,
            info="the process ended before the answer came",
            pairs=1,
            ordinal=0,
        ),
    )


def test_failures_add_up_over_ticks(tmp_path: Path) -> None:
    """Pairs that failed are counted by code over all ticks."""
    with open_journal(tmp_path) as journal:
        for ordinal in (0, 1, 3):
            failed = rest(Verdict.FAILED, code=5, info=f"n{ordinal}")
            tick(journal, intent(ordinal))
            tick(journal, outcome(entry_of(ordinal), settlement(failed)))
        found = snapshot(tmp_path)
    assert found is not None
    assert found.failed == (CodeCount(target="tencent", code=5, info="n3", pairs=7),)


def test_a_damaged_journal(tmp_path: Path) -> None:
    """A journal.db that is none is named."""
    (tmp_path / "journal.db").write_bytes(b"x" * 5000)
    with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
        snapshot(tmp_path)
    with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
        begun(tmp_path)


def test_where_the_ledger_ends_is_known_at_a_sittings_end(tmp_path: Path) -> None:
    """A report that is written before the journal is closed has the whole ledger, as later ones."""
    with open_journal(tmp_path) as journal:
        journal.start_sitting(1000, 4711, CIRCUMSTANCES)
        tick(journal, intent(1))
        tick(journal, deleted(1))
        journal.end_sitting(2000, "left", [])
        with open_history(tmp_path) as history:
            assert history is not None
            end = history.ledger_end()
    assert end.length == (tmp_path / "ledger.jsonl").stat().st_size > 0
    with open_history(tmp_path) as history:
        assert history is not None
        assert history.ledger_end() == end
