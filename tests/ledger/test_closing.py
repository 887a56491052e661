"""Closing: what is left is settled as failed, with what is known of it, and all agrees after."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from bulkdel.errors import StorageFailed
from bulkdel.ledger import closing
from bulkdel.ledger.closing import close_entries
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.opening import missing_lines
from bulkdel.ledger.values import Closure, Counters, Part
from bulkdel.words import Entry, Mode, Operation, Verdict
from tests.support.ledger import (
    AT_MS,
    FIRST_ZEGO,
    IDENTITY,
    crashed,
    deleted,
    entry_of,
    intent,
    lines,
    open_journal,
    outcome,
    rest,
    settlement,
    some,
    target_of,
    tick,
)
from tests.support.verifying import TOTAL, check


def scan(lo: int, hi: int) -> Iterator[list[Entry]]:
    """The plan's entries, eight at a time."""
    for begin in range(lo, hi, 8):
        yield [entry_of(ordinal) for ordinal in range(begin, min(begin + 8, hi))]


def close(journal: Journal) -> None:
    """Both targets."""
    close_entries(journal, scan, 0, 0, FIRST_ZEGO, lambda: AT_MS)
    close_entries(journal, scan, 1, FIRST_ZEGO, TOTAL, lambda: AT_MS)


def begin(journal: Journal) -> None:
    """One entry is settled, one in part and split, one was lost; the others were never sent."""
    tick(journal, intent(1), intent(7), intent(9))
    parts = (
        Part(items=(1,), attempts=3, lost=1),
        Part(items=(2, 3), attempts=2, lost=0, lost_more={3: 2}),
    )
    tick(
        journal,
        deleted(1),
        outcome(entry_of(7), settlement(rest(), left=(1, 2, 3)), *parts, code=4711, info="what?"),
        outcome(entry_of(9), None, Part(attempts=1, lost=1), code=-1, info="timeout", lost=True),
    )


def test_what_is_left_fails_with_what_is_known(tmp_path: Path) -> None:
    """Attempts, lost answers, code and info stay as they are; never sent is said as such."""
    with open_journal(tmp_path) as journal:
        begin(journal)
        close(journal)
        assert journal.settled.next_unsettled(0, TOTAL) is None
        assert journal.open_entries(0, TOTAL, TOTAL) == []
        assert journal.counters(0) == Counters(deleted=3, failed=247, calls=3, lost_answers=1)
        assert journal.counters(1) == Counters(failed=10)
    assert check(tmp_path).count == 0
    told = {
        line["to_account"]: (
            line["status"],
            line["code"],
            line["info"],
            line["attempts"],
            line["lost_answers"],
        )
        for line in map(orjson.loads, lines(tmp_path))
    }
    assert len(told) == 260
    assert told["b7-0"] == ("deleted", 0, "", 1, 0)
    assert told["b7-1"] == ("failed", 4711, "what?", 3, 1)
    assert told["b7-2"] == ("failed", 4711, "what?", 2, 0)
    assert told["b7-3"] == ("failed", 4711, "what?", 2, 2)
    assert told["b9-1"] == ("failed", -1, "timeout", 1, 1)
    assert told["b8-0"] == ("failed", -3, "closed by the operator; never sent", 0, 0)
    assert told["b101-1"] == ("failed", -3, "closed by the operator; never sent", 0, 0)


def test_closing_goes_on_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after any commit or append, it is opened and closed again; all agrees each time."""
    monkeypatch.setattr(closing, "MOST_PAIRS", 20)
    steps = itertools.count()
    copies: list[Path] = []
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    with open_journal(run_dir) as journal:
        begin(journal)
        commit, publish = journal.commit, journal.publish

        def committing(events: list[Closure]) -> None:
            commit(events)
            copies.append(crashed(run_dir, tmp_path / f"copy{next(steps)}"))

        def publishing() -> None:
            publish()
            copies.append(crashed(run_dir, tmp_path / f"copy{next(steps)}"))

        monkeypatch.setattr(journal, "commit", committing)
        monkeypatch.setattr(journal, "publish", publishing)
        close(journal)
    whole = lines(run_dir)
    assert len(copies) > 20
    for copy in copies:
        assert check(copy).count == 0
        with open_journal(copy) as journal:
            close(journal)
        assert check(copy).count == 0
        assert lines(copy) == whole
        shutil.rmtree(copy)


def test_a_full_disk_leaves_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was closed before a write failed stays closed; closing again does the rest."""
    monkeypatch.setattr(closing, "MOST_PAIRS", 20)
    journal = open_journal(tmp_path)
    begin(journal)
    publish = journal.publish
    left = itertools.count(3, -1)

    def failing() -> None:
        if not next(left):
            raise StorageFailed("no space")
        publish()

    monkeypatch.setattr(journal, "publish", failing)
    with journal, pytest.raises(StorageFailed):
        close(journal)
    assert check(tmp_path).count == 0
    with open_journal(tmp_path) as again:
        assert again.settled.next_unsettled(0, TOTAL) is not None
        close(again)
    assert check(tmp_path).count == 0
    assert len(lines(tmp_path)) == 260


def test_what_is_not_at_rest_is_refused(tmp_path: Path) -> None:
    """An entry whose call is out, or that is settled, cannot be closed."""

    def closure(ordinal: int) -> Closure:
        return Closure(entry=entry_of(ordinal), target=0, code=0, info="", at_ms=AT_MS)

    with open_journal(tmp_path) as journal:
        begin(journal)
        journal.commit([intent(5)])
        for ordinal in (1, 5):
            with pytest.raises(ValueError, match="cannot be closed"):
                journal.commit([closure(ordinal)])
        with pytest.raises(ValueError, match="cannot be closed"):
            journal.commit([closure(7), closure(7)])


def test_what_is_known_is_settled_and_the_rest_is_sent_later(tmp_path: Path) -> None:
    """Only what is unsettled of it, with its own status; once more it changes nothing."""
    known = [
        (1, some(0)),
        (1, some(1, status=Verdict.FAILED, code=30003, info="unknown")),
        (7, some(0, 2, 3)),
        (9, some(0, 1)),
        (11, some(3)),
    ]

    def settle(journal: Journal) -> None:
        for ordinal, group in known:
            if ordinal not in journal.settled:
                entry, target = entry_of(ordinal), target_of(ordinal)
                tick(
                    journal,
                    Closure(
                        entry=entry, target=target, code=0, info="", at_ms=AT_MS, groups=(group,)
                    ),
                )

    with open_journal(tmp_path) as journal:
        begin(journal)
        before = journal.counters(0)
        settle(journal)
        now, written = journal.counters(0), (tmp_path / "ledger.jsonl").read_bytes()
        assert (now.already_gone, now.failed) == (5, before.failed)  # 7: 2 and 3; 9: 0 and 1; 11: 3
        assert (now.calls, now.lost_answers) == (before.calls, before.lost_answers)
        settle(journal)
        assert journal.counters(0) == now
        assert (tmp_path / "ledger.jsonl").read_bytes() == written
        left = {one.ordinal: one.parts for one in journal.open_entries(0, TOTAL, TOTAL)}
        assert left[7] == (Part(items=(1,), attempts=3, lost=1),)
        assert left[11] == (Part(items=(0, 1, 2)),)
        assert 9 in journal.settled
        tick(journal, intent(11, *left[11]))
        group = some(0, 1, 2, status=Verdict.DELETED, code=0)
        tick(journal, outcome(entry_of(11), settlement(group, of=(0, 1, 2))))
        assert 11 in journal.settled
        close(journal)
    assert check(tmp_path).count == 0
    found = [orjson.loads(line) for line in lines(tmp_path)]
    told = [line["to_account"] for line in found if line["from_account"] == "a7"]
    assert sorted(told) == [f"b7-{at}" for at in range(4)]


def test_lines_that_a_dying_process_did_not_write_are_known(tmp_path: Path) -> None:
    """Without a change to a file; nothing is missing of what has ended well."""

    def missing(run_dir: Path) -> bytes:
        return missing_lines(
            run_dir, IDENTITY, entry_of, operation=Operation.DELETE_FRIENDS, mode=Mode.TWO_WAY
        )

    with open_journal(tmp_path) as journal:
        begin(journal)
        tick(journal, intent(12))
        journal.commit([deleted(12)])
        died = crashed(tmp_path, tmp_path / "died")
    with open_journal(died):
        pass
    whole = (died / "ledger.jsonl").read_bytes()
    assert missing(died) == b""
    again = crashed(tmp_path, tmp_path / "again")
    ledger = again / "ledger.jsonl"
    was = ledger.read_bytes()
    assert was + missing(again) == whole != was
    torn = whole[: len(whole) - 9]
    ledger.write_bytes(torn)
    assert torn[: torn.rindex(b"\n") + 1] + missing(again) == whole
    assert ledger.read_bytes() == torn
