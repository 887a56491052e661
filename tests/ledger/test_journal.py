"""The journal and its ledger: what counts when, who may go on with it, what is refused."""

from __future__ import annotations

import os
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bulkdel.errors import Corrupt, StorageFailed, WrongInput
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Counters, OpenEntry, Part, Withdrawal
from bulkdel.words import Batch, Mode, Operation, Verdict
from tests.support.ledger import (
    IDENTITY,
    TENCENT,
    ZEGO,
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
    tick,
)


def settle(run_dir: Path, *ordinals: int) -> None:
    """One sitting that deletes these entries, each in a tick of its own, and ends well."""
    with open_journal(run_dir) as journal:
        for ordinal in ordinals:
            journal.commit([intent(ordinal)])
            journal.commit([deleted(ordinal)])
            journal.publish()


def test_an_outcome_counts_only_with_its_lines(tmp_path: Path) -> None:
    """Counters move when the ledger is synced, not when the journal is."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(1)])
        journal.publish()
        assert journal.counters(0) == Counters(calls=1)
        journal.commit([deleted(1)])
        assert journal.counters(0) == Counters(calls=1)
        assert lines(tmp_path) == []
        journal.publish()
        assert journal.counters(0) == Counters(calls=1, deleted=2)
        assert [orjson.loads(line)["to_account"] for line in lines(tmp_path)] == ["b1-0", "b1-1"]
        assert 1 in journal.settled
        assert journal.counters(1) == Counters()


def test_files_are_private(tmp_path: Path) -> None:
    """Every file that is made in the run directory is 0600, -wal and -shm too."""
    with open_journal(tmp_path):
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(
        ["journal.db", "journal.db-wal", "journal.db-shm", "ledger.jsonl"], 0o600
    )


def test_counters_say_what_happened(tmp_path: Path) -> None:
    """Statuses count pairs; calls are intents, retries intents again, the others are calls."""
    with open_journal(tmp_path) as journal:
        left = Part(items=(1, 3), attempts=1, lost=0, lost_more={3: 1})
        journal.commit([intent(3)])
        tick(
            journal,
            outcome(
                entry_of(3),
                settlement(some(0, status=Verdict.FAILED, code=30003), rest(), left=(1, 3)),
                left,
                code=30007,
                throttled=True,
                lost=True,
            ),
            intent(3, left, again=True),
            intent(101),
        )
        tick(
            journal,
            outcome(entry_of(3), settlement(some(1, 3), of=(1, 3), attempts=2)),
            outcome(entry_of(101), None, Part(attempts=1, lost=1), code=-1, lost=True),
        )
        assert journal.counters(0) == Counters(
            deleted=1, already_gone=2, failed=1, calls=2, retries=1, throttled=1, lost_answers=1
        )
        assert journal.counters(1) == Counters(calls=1, lost_answers=1)


def test_going_on_from_open_entries(tmp_path: Path) -> None:
    """What is unsettled of an entry comes back as it was, ordered and paged; code and info too."""
    parts = (Part(items=(0,), attempts=2, lost=1, lost_more={0: 1}), Part(items=(2,), attempts=1))
    with open_journal(tmp_path) as journal:
        journal.commit([intent(6), intent(2), intent(4)])
        journal.commit(
            [
                outcome(entry_of(6), settlement(rest(), left=(0, 2)), *parts, code=7, info="x"),
                outcome(entry_of(2), None, Part(attempts=1), code=8, info="y"),
            ]
        )
        journal.publish()
    with open_journal(tmp_path) as journal:
        lost = Part(attempts=1, lost=1)
        six = OpenEntry(ordinal=6, parts=parts, code=7, info="x")
        two = OpenEntry(ordinal=2, parts=(Part(attempts=1),), code=8, info="y")
        four = OpenEntry(
            ordinal=4, parts=(lost,), code=-1, info="the process ended before the answer came"
        )
        assert journal.open_entries(0, 10, 10) == [two, four, six]
        assert journal.open_entries(0, 10, 2) == [two, four]
        assert journal.open_entries(3, 6, 10) == [four]
        assert journal.counters(0) == Counters(deleted=1, calls=3, lost_answers=1)
        journal.commit([intent(6, *parts, again=True)])
        assert journal.open_entries(0, 10, 10) == [two, four]
        journal.commit([Withdrawal(ordinal=6)])
        assert journal.open_entries(5, 10, 10) == [six]


def test_withdrawn_is_as_if_never_intended(tmp_path: Path) -> None:
    """A clean stop takes back what it did not send: no call counts, nothing is a lost answer."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(1), intent(2)])
        journal.commit([Withdrawal(ordinal=1), Withdrawal(ordinal=2), Withdrawal(ordinal=3)])
        journal.publish()
        assert journal.counters(0) == Counters()
        assert journal.open_entries(0, 10, 10) == []
    with open_journal(tmp_path) as journal:
        assert journal.counters(0) == Counters()
        journal.commit([intent(1)])


@pytest.mark.parametrize(
    "slip",
    [
        [deleted(1)],
        [intent(2)],
        [intent(9, Part(items=(1,)))],
        [intent(0, Part(items=(0, 0)))],
        [intent(3)],
        [intent(3, Part(items=(1, 2), attempts=1))],
        [intent(4), intent(4)],
        [outcome(entry_of(7), settlement(rest(Verdict.TRANSIENT)))],
        [outcome(entry_of(7), settlement(rest(), of=(0, 1)))],
        [outcome(entry_of(7), settlement(rest(), left=(0,)))],
        [outcome(entry_of(7), settlement(some(0, 1), some(1), rest()))],
        [outcome(entry_of(7), settlement(some(0, 4), rest()))],
        [outcome(entry_of(7), settlement(some(0)))],
        [outcome(entry_of(7), settlement(rest(), rest()))],
        [outcome(entry_of(7), settlement(rest()), Part(items=(0,)))],
        [outcome(entry_of(7), settlement(rest(), left=(0, 1)), Part(items=(0,)))],
        [outcome(entry_of(7), None, Part(items=(0, 1, 2), attempts=1))],
        [outcome(entry_of(7), None)],
    ],
)
def test_a_slip_of_the_sender_is_refused(tmp_path: Path, slip: list[object]) -> None:
    """What would settle a pair twice or lose one is refused before anything is written."""
    with open_journal(tmp_path) as journal:
        left = Part(items=(1,), attempts=1)
        journal.commit([intent(2), intent(3), intent(7)])
        journal.commit(
            [deleted(2), outcome(entry_of(3), settlement(rest(), left=(1,)), left), intent(8)]
        )
        journal.publish()
        before = journal.counters(0), journal.open_entries(0, 10, 10), lines(tmp_path)
        with pytest.raises(ValueError, match="entry"):
            journal.commit([intent(5), *slip])  # type: ignore[list-item]  # a list of events
        journal.publish()
        assert (journal.counters(0), journal.open_entries(0, 10, 10), lines(tmp_path)) == before
        journal.commit([intent(5), deleted(7), deleted(8), intent(3, left, again=True)])


def test_an_entry_may_go_in_other_parts_than_it_was_left(tmp_path: Path) -> None:
    """A smaller batch size cuts what is left anew; the items are what counts."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(3, Part(items=(0, 1)), Part(items=(2, 3)))])
        left = (Part(items=(0, 1), attempts=1), Part(items=(2, 3)))
        journal.commit([outcome(entry_of(3), None, *left, code=1)])
        cut = (Part(items=(0,), attempts=1), Part(items=(1,), attempts=1), Part(items=(2, 3)))
        journal.commit([intent(3, *cut, again=True)])
        journal.commit(
            [outcome(entry_of(3), settlement(rest(), of=(0,), attempts=2), *cut[1:])],
        )
        journal.publish()
        assert [orjson.loads(line)["to_account"] for line in lines(tmp_path)] == ["b3-0"]


def test_a_copy_of_any_moment_continues(tmp_path: Path) -> None:
    """Killed after a commit, at every byte of the append, or before the head: the same ledger."""
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    with open_journal(run_dir) as journal:
        journal.commit([intent(2)])
        journal.commit([deleted(2), intent(1)])
        journal.publish()
        first = (run_dir / "ledger.jsonl").read_bytes()
        journal.commit([deleted(1)])
        committed = crashed(run_dir, tmp_path / "committed")
        journal.publish()
        published = crashed(run_dir, tmp_path / "published")
        journal.commit([intent(5)])
        headed = crashed(run_dir, tmp_path / "headed")
    whole = (run_dir / "ledger.jsonl").read_bytes()
    assert whole.startswith(first)
    assert len(whole.splitlines()) == 5
    for cut in range(len(first), len(whole) + 1):
        torn = crashed(committed, tmp_path / f"torn-{cut}")
        (torn / "ledger.jsonl").write_bytes(whole[:cut] + b"\0\0{garbage"[: len(whole) - cut])
        with open_journal(torn) as journal:
            assert journal.counters(0) == Counters(deleted=5, calls=2)
        assert (torn / "ledger.jsonl").read_bytes() == whole
    for copy, lost in ((committed, 0), (published, 0), (headed, 1)):
        for _ in range(2):
            with open_journal(copy) as journal:
                assert journal.counters(0).lost_answers == lost
                assert [one for one in range(100) if one in journal.settled] == [1, 2]
            assert (copy / "ledger.jsonl").read_bytes() == whole


@pytest.mark.parametrize("ending", ["closed", "published", "committed"])
def test_opening_reads_no_more_than_it_must(tmp_path: Path, ending: str) -> None:
    """Of a long run only the last recorded tick and what may be missing is rendered again."""
    copied = run_dir = tmp_path / "run"
    run_dir.mkdir()
    with open_journal(run_dir) as journal:
        for ordinal in range(9):
            tick(journal, intent(ordinal))
            journal.commit([deleted(ordinal)])
            if ordinal == 8 and ending == "committed":
                copied = crashed(run_dir, tmp_path / ending)
            journal.publish()
        if ending == "published":
            copied = crashed(run_dir, tmp_path / ending)
    for expected in ([8] if ending == "closed" else [7, 8], [8]):
        asked: list[int] = []

        def entry_at(ordinal: int, asked: list[int] = asked) -> Batch:
            asked.append(ordinal)
            return entry_of(ordinal)

        with Journal.open(
            copied, IDENTITY, entry_at, operation=Operation.DELETE_FRIENDS, mode=Mode.TWO_WAY
        ):
            assert asked == expected


def test_a_torn_end_beyond_the_last_line_is_cut(tmp_path: Path) -> None:
    """Bytes that are no whole line and that the journal does not expect do not stay."""
    settle(tmp_path, 0, 1)
    ledger = tmp_path / "ledger.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + b'{"target":"tencent","from_acc')
    settle(tmp_path)
    assert ledger.read_bytes() == whole


def test_a_short_ledger_is_refused(tmp_path: Path) -> None:
    """Recorded bytes that are gone stop everything: file, byte and the way out are named."""
    settle(tmp_path, 0, 1)
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-1])
    size = ledger.stat().st_size
    words = rf"{re.escape(str(ledger))}, byte {size}: .*{size + 1} bytes were written.*backup"
    with pytest.raises(Corrupt, match=words):
        open_journal(tmp_path)
    ledger.unlink()
    with pytest.raises(Corrupt, match=r"byte 0: the file is missing"):
        open_journal(tmp_path)
    assert not ledger.exists()


def test_a_changed_last_segment_is_refused_at_its_byte(tmp_path: Path) -> None:
    """A changed byte among the last recorded lines is found, and the file is left as it is."""
    settle(tmp_path, 0, 1)
    ledger = tmp_path / "ledger.jsonl"
    changed = bytearray(ledger.read_bytes())
    changed[-30] ^= 1
    ledger.write_bytes(changed)
    with pytest.raises(Corrupt, match=rf"byte {len(changed) - 30}: "):
        open_journal(tmp_path)
    assert ledger.read_bytes() == changed


def test_lines_of_which_the_journal_knows_nothing_are_refused(tmp_path: Path) -> None:
    """An older journal beside a newer ledger, or none, must not cut results away."""
    settle(tmp_path, 0)
    size = (tmp_path / "ledger.jsonl").stat().st_size
    old = crashed(tmp_path, tmp_path / "old")
    settle(tmp_path, 1)
    whole = (tmp_path / "ledger.jsonl").read_bytes()
    (old / "ledger.jsonl").write_bytes(whole)
    with pytest.raises(Corrupt, match=rf"byte {size}: whole lines"):
        open_journal(old)
    (tmp_path / "journal.db").unlink()
    with pytest.raises(Corrupt, match="byte 0: whole lines"):
        open_journal(tmp_path)
    assert (tmp_path / "ledger.jsonl").read_bytes() == whole


def test_a_chain_of_another_history_is_refused(tmp_path: Path) -> None:
    """The ledger's bytes alone are not enough: they must hash to what was recorded."""
    settle(tmp_path, 0)
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("UPDATE head SET chain = zeroblob(32)")
    db.close()
    with pytest.raises(Corrupt, match="do not hash"):
        open_journal(tmp_path)


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    """A journal.db that is no database is named, with the way out."""
    (tmp_path / "journal.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Corrupt, match=r"journal\.db is damaged .*backup"):
        open_journal(tmp_path)


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    """Another version's journal is not touched."""
    settle(tmp_path, 0)
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    db.close()
    with pytest.raises(WrongInput, match="format 99"):
        open_journal(tmp_path)


def test_before_the_first_intent_the_journal_is_disposable(tmp_path: Path) -> None:
    """Another plan takes the directory over as long as nothing was sent."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(1)])
        journal.commit([Withdrawal(ordinal=1)])
        journal.publish()
    other = replace(IDENTITY, plan_digest="d2", targets=(ZEGO,))
    with open_journal(tmp_path, other) as journal:
        assert journal.counters(0) == Counters()
        journal.commit([intent(1)])
    with pytest.raises(WrongInput, match=r"cannot go on as another: .*--run-dir"):
        open_journal(tmp_path)


def test_an_allowed_change_is_remembered(tmp_path: Path) -> None:
    """A region may change while nothing is settled; the new one counts from then on."""
    moved = replace(IDENTITY, targets=(replace(TENCENT, region="china"), ZEGO))
    with open_journal(tmp_path) as journal:
        journal.commit([intent(1)])
    with open_journal(tmp_path, moved) as journal:
        lost = Part(attempts=1, lost=1)
        journal.commit([intent(1, lost, again=True)])
        journal.commit([outcome(entry_of(1), settlement(rest(lost=1), attempts=2))])
        journal.publish()
    with pytest.raises(WrongInput, match=r"region was china and is now singapore, but 2 pairs"):
        open_journal(tmp_path)
    with open_journal(tmp_path, moved):
        pass


def test_after_a_failed_append_nothing_more_is_written(tmp_path: Path) -> None:
    """A ledger that cannot be written stops the journal; opening it again mends that."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(1)])
        journal.commit([deleted(1)])
        os.close(journal._ledger._descriptor)
        journal._ledger._descriptor = os.open(tmp_path / "ledger.jsonl", os.O_RDONLY)
        with pytest.raises(StorageFailed, match="run the same command again"):
            journal.publish()
        with pytest.raises(StorageFailed, match="an earlier write failed"):
            journal.commit([intent(2)])
        assert journal.counters(0) == Counters()
    with open_journal(tmp_path) as journal:
        assert journal.counters(0) == Counters(calls=1, deleted=2)
    assert len(lines(tmp_path)) == 2


def test_sql_text_of_a_code_that_no_integer_holds(tmp_path: Path) -> None:
    """Whatever number a provider sends as its code can be recorded."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(0), intent(1)])
        failed = rest(Verdict.FAILED, code=2**64 - 1, info="\ud800")
        journal.commit(
            [
                outcome(entry_of(0), settlement(failed)),
                outcome(entry_of(1), None, Part(attempts=1), code=2**64 - 1, info="\ud800"),
            ]
        )
        journal.publish()
        (one,) = journal.open_entries(0, 9, 9)
        assert (one.code, one.info) == (2**63 - 1, "?")
    (line,) = lines(tmp_path)
    assert orjson.loads(line)["code"] == 2**64 - 1
