"""Verification of sound runs, of interrupted ones, and of ledgers that were damaged."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkdel.errors import Busy
from bulkdel.ledger.audit.verify import Verified
from bulkdel.ledger.history import open_history
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.lock import hold
from bulkdel.ledger.values import Part
from bulkdel.words import Verdict
from tests.support.build import CIRCUMSTANCES
from tests.support.ledger import (
    crashed,
    deleted,
    entry_of,
    intent,
    lines,
    open_journal,
    outcome,
    rest,
    settlement,
    tick,
)
from tests.support.verifying import TOTAL, check, finished


def open_database(run_dir: Path) -> closing[sqlite3.Connection]:
    """journal.db for statements that commit themselves."""
    return closing(sqlite3.connect(run_dir / "journal.db", isolation_level=None))


def settle_partly(journal: Journal) -> None:
    """Two of the four ids of entry 7 are settled."""
    left = Part(items=(1, 2), attempts=1)
    journal.commit([intent(7)])
    settled = settlement(rest(), left=(1, 2))
    tick(journal, outcome(entry_of(7), settled, left, code=30007, info="conflict"))


LINES = 260
"""104 entries of 1, 2, 3 and 4 ids in turn."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; tests work on copies of it."""
    return finished(tmp_path_factory.mktemp("sound"))


def ledger_of(run_dir: Path, data: bytes) -> Verified:
    """What is found with this content of the ledger."""
    (run_dir / "ledger.jsonl").write_bytes(data)
    return check(run_dir)


def test_a_sound_run(sound: Path) -> None:
    """Nothing is found, all is counted, and no file of the run is changed."""
    names = ("journal.db", "ledger.jsonl")
    before = {name: (sound / name).read_bytes() for name in names}
    verified = check(sound)
    assert verified.findings == ()
    assert (verified.count, verified.lines, verified.pending) == (0, LINES, 0)
    assert verified.settlements == TOTAL + 10  # ten entries took two calls
    assert verified.settled["tencent"] == {
        Verdict.DELETED: 250 - 20,
        Verdict.ALREADY_GONE: 10,
        Verdict.FAILED: 10,
    }
    assert verified.settled["zego"] == {
        Verdict.DELETED: 10,
        Verdict.ALREADY_GONE: 0,
        Verdict.FAILED: 0,
    }
    assert {name: (sound / name).read_bytes() for name in names} == before
    ledger = (sound / "ledger.jsonl").read_bytes()
    assert (verified.length, verified.sha256) == (len(ledger), hashlib.sha256(ledger).hexdigest())
    with open_history(sound) as history:
        assert history is not None
        assert verified.head == history.ledger_end().chain


def test_nothing_was_sent(tmp_path: Path) -> None:
    """A run that has not begun has nothing wrong; nor has a directory without a journal."""
    assert check(tmp_path).count == 0
    with open_journal(tmp_path):
        pass
    assert check(tmp_path).count == 0


def test_a_process_works_there(sound: Path) -> None:
    """What a process works on is not verified."""
    with hold(sound), pytest.raises(Busy, match=r"process .* works in"):
        check(sound)


@pytest.mark.parametrize(
    ("edit", "line", "what"),
    [
        (lambda some: [*some[:20], some[20].replace(b"deleted", b"failed"), *some[21:]], 21, "was"),
        (lambda some: [*some[:20], *some[23:]], 21, "3 lines are missing here"),
        (lambda some: some[:20], 21, "the file ends here, but 240 lines are missing"),
        (lambda some: [*some[:20], some[19], *some[20:]], 21, "repeats line 20"),
        (lambda some: [*some[:20], some[40], *some[20:]], 21, "belongs further down"),
        (lambda some: [*some[:20], some[21], some[20], *some[22:]], 21, "a line is missing here"),
        (lambda some: [*some, b'{"to_account":"x"}\n'], 261, "does not belong here"),
        (lambda some: [*some, b"tail"], 261, "is no JSON object"),
        (lambda some: [b"\n", *some], 1, "is no JSON object"),
        (lambda _: [], 1, "the file ends here, but 260 lines are missing"),
    ],
)
def test_damage_is_named_with_its_place(
    sound: Path, tmp_path: Path, edit: Callable[[list[bytes]], list[bytes]], line: int, what: str
) -> None:
    """Each kind of damage is told with its line and its byte."""
    run_dir = shutil.copytree(sound, tmp_path / "run")
    whole = lines(run_dir)
    verified = ledger_of(run_dir, b"".join(edit(whole)))
    first = verified.findings[0]
    assert first.file == "ledger.jsonl"
    assert first.line == line
    assert what in first.what
    start = len(b"".join(whole[: line - 1]))
    assert first.offset is not None
    assert start <= first.offset <= start + len(whole[min(line, LINES) - 1])


def test_the_byte_and_both_texts_are_told(sound: Path, tmp_path: Path) -> None:
    """A flipped byte is told by its offset in the file, with what is there and what should be."""
    run_dir = shutil.copytree(sound, tmp_path / "run")
    data = bytearray((run_dir / "ledger.jsonl").read_bytes())
    at = data.index(b'"status":"deleted"', 5000) + len(b'"status":"')
    data[at] ^= 1
    verified = ledger_of(run_dir, bytes(data))
    assert verified.count == 1
    found = verified.findings[0]
    assert found.offset == at
    assert '"status":"eeleted"' in found.found
    assert '"status":"deleted"' in found.expected


def test_many_findings_are_counted(sound: Path, tmp_path: Path) -> None:
    """At most twenty are kept, all are counted."""
    run_dir = shutil.copytree(sound, tmp_path / "run")
    spoiled = [
        line.replace(b"deleted", b"Deleted") if at % 2 else line
        for at, line in enumerate(lines(run_dir))
    ]
    changed = sum(b"Deleted" in line for line in spoiled)
    verified = ledger_of(run_dir, b"".join(spoiled))
    assert (len(verified.findings), verified.count) == (20, changed)


@pytest.mark.parametrize("gone", ["ledger.jsonl", "journal.db"])
def test_a_file_is_gone(sound: Path, tmp_path: Path, gone: str) -> None:
    """A missing file is a finding that names it."""
    run_dir = shutil.copytree(sound, tmp_path / "run")
    (run_dir / gone).unlink()
    verified = check(run_dir)
    assert verified.count == 1
    assert verified.findings[0].file == gone


Draw = Callable[[st.SearchStrategy[Any]], Any]
Damage = Callable[[Draw, list[bytes]], bytes]


def flip(draw: Draw, some: list[bytes]) -> bytes:
    """One byte is another."""
    data = bytearray(b"".join(some))
    data[draw(st.integers(0, len(data) - 1))] ^= draw(st.integers(1, 255))
    return bytes(data)


def cut(draw: Draw, some: list[bytes]) -> bytes:
    """The tail is gone."""
    data = b"".join(some)
    return data[: draw(st.integers(0, len(data) - 1))]


def remove(draw: Draw, some: list[bytes]) -> bytes:
    """Lines are gone."""
    begin = draw(st.integers(0, len(some) - 1))
    end = draw(st.integers(begin + 1, len(some)))
    return b"".join([*some[:begin], *some[end:]])


def repeat(draw: Draw, some: list[bytes]) -> bytes:
    """A line stands somewhere else as well."""
    line: bytes = draw(st.sampled_from(some))
    at = draw(st.integers(0, len(some)))
    return b"".join([*some[:at], line, *some[at:]])


def swap(draw: Draw, some: list[bytes]) -> bytes:
    """Two lines have changed places."""
    one = draw(st.integers(0, len(some) - 2))
    other = draw(st.integers(one + 1, len(some) - 1))
    moved = list(some)
    moved[one], moved[other] = moved[other], moved[one]
    return b"".join(moved)


def invent(draw: Draw, some: list[bytes]) -> bytes:
    """A line of a pair that there is not."""
    line = draw(st.sampled_from(some)).replace(b'"to_account":"b', b'"to_account":"c')
    at = draw(st.integers(0, len(some)))
    return b"".join([*some[:at], line, *some[at:]])


def insert(draw: Draw, some: list[bytes]) -> bytes:
    """Bytes were put in anywhere."""
    data = b"".join(some)
    at = draw(st.integers(0, len(data)))
    put: bytes = draw(st.binary(min_size=1, max_size=300))
    return data[:at] + put + data[at:]


def garbage(draw: Draw, some: list[bytes]) -> bytes:
    """Bytes were put at the end."""
    put: bytes = draw(st.binary(min_size=1, max_size=5000))
    return b"".join(some) + put


KINDS: list[Damage] = [flip, cut, remove, repeat, swap, invent, insert, garbage]


@given(data=st.data(), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
def test_any_damage_is_found_where_it_begins(
    sound: Path,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    kinds: list[Damage],
) -> None:
    """Whatever is done to a finished run's ledger is found, and its first line is named."""
    run_dir = tmp_path_factory.getbasetemp() / "damaged"
    shutil.copytree(sound, run_dir, dirs_exist_ok=True)
    whole = lines(sound)
    spoiled = whole
    for kind in kinds:
        if len(spoiled) > 1:
            spoiled = kind(data.draw, spoiled).splitlines(keepends=True)
    content = b"".join(spoiled)
    if content == b"".join(whole):  # one damage undid another
        return
    verified = ledger_of(run_dir, content)
    assert verified.count
    *pieces, last = content.split(b"\n")
    theirs = [*(piece + b"\n" for piece in pieces), last]
    same = [one == other for one, other in zip(whole, theirs, strict=False)]
    first = same.index(False) + 1 if False in same else len(same) + 1
    assert verified.findings[0].line == min(first, LINES + 1)


@given(written=st.integers(0, 10_000), nothing=st.integers(0, 9000))
@example(written=0, nothing=0)
@example(written=10_000, nothing=0)
def test_a_torn_end_that_opening_would_mend_is_no_damage(
    tmp_path_factory: pytest.TempPathFactory, written: int, nothing: int
) -> None:
    """Lines that a killed process was writing are told as lines that will be written."""
    run_dir = tmp_path_factory.mktemp("killed")
    pending = [11, 7, 101]
    with open_journal(run_dir) as journal:
        journal.commit([intent(ordinal) for ordinal in (3, 5)])
        journal.commit([deleted(3), *(intent(ordinal) for ordinal in pending)])
        journal.publish()
        journal.commit([deleted(ordinal) for ordinal in pending])
        torn = crashed(run_dir, run_dir / "copy")
        journal.publish()
        whole = (run_dir / "ledger.jsonl").read_bytes()
    kept = len((torn / "ledger.jsonl").read_bytes())
    end = min(len(whole), kept + written)
    (torn / "ledger.jsonl").write_bytes(whole[:end] + bytes(nothing if end < len(whole) else 0))
    verified = check(torn)
    assert verified.findings == ()
    assert verified.pending == whole[end:].count(b"\n")
    with open_journal(torn):
        pass
    assert (torn / "ledger.jsonl").read_bytes() == whole
    assert (check(torn).count, check(torn).pending) == (0, 0)


def test_a_changed_byte_in_lines_not_yet_recorded(tmp_path: Path) -> None:
    """What was changed in the last lines of a killed run is damage, torn or not."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(3)])
        journal.commit([deleted(3)])
        journal.publish()
        killed = crashed(tmp_path, tmp_path / "copy")
    data = (killed / "ledger.jsonl").read_bytes()
    (killed / "ledger.jsonl").write_bytes(data.replace(b"deleted", b"failed!", 1))
    verified = check(killed)
    assert [one.line for one in verified.findings] == [1]


def test_an_unfinished_run(tmp_path: Path) -> None:
    """What waits, what is out and what was never sent is no damage."""
    with open_journal(tmp_path) as journal:
        journal.commit([intent(3), intent(5), intent(9)])
        journal.commit([deleted(3)])
        journal.publish()
        killed = crashed(tmp_path, tmp_path / "copy")
    assert check(killed).count == 0
    with open_journal(killed):
        pass
    assert check(killed).count == 0


JOURNAL_DAMAGE = {
    "a settlement is gone": ("DELETE FROM settlements WHERE seq = 30", "ledger.jsonl"),
    "a settlement says something else": (
        "UPDATE settlements SET attempts = 9 WHERE seq = 30",
        "ledger.jsonl",
    ),
    "an entry is settled twice": (
        "UPDATE settlements SET ordinal = 0 WHERE seq = 30",
        "journal.db",
    ),
    "of no entry": ("UPDATE settlements SET ordinal = 5000 WHERE seq = 30", "journal.db"),
    "unreadable": ("UPDATE settlements SET body = x'00ff' WHERE seq = 30", "journal.db"),
    "no number": ("UPDATE settlements SET at_ms = 'x' WHERE seq = 30", "journal.db"),
    "a counter": ("UPDATE counters SET deleted = deleted + 1 WHERE target = 1", "journal.db"),
    "a count of failures": ("UPDATE failures SET pairs = pairs - 1", "journal.db"),
    "the bitmap": ("UPDATE settled SET bits = zeroblob(1024)", "journal.db"),
    "no bitmap": ("DELETE FROM settled", "journal.db"),
    "an open row of what is settled": (
        "INSERT INTO open VALUES (3, 0, NULL, 0, 0, 0, '')",
        "journal.db",
    ),
    "the chain": ("UPDATE head SET chain = zeroblob(32)", "journal.db"),
    "the end": ("UPDATE head SET offset = offset + 1", "journal.db"),
    "another plan": (
        "UPDATE meta SET value = replace(value, 'd1', 'd2') WHERE key = 'identity'",
        "plan.parquet",
    ),
    "no meta": ("DELETE FROM meta", "journal.db"),
}


@pytest.mark.parametrize(("sql", "file"), JOURNAL_DAMAGE.values(), ids=JOURNAL_DAMAGE)
def test_a_journal_that_does_not_agree(sound: Path, tmp_path: Path, sql: str, file: str) -> None:
    """Whatever the journal says that the rest does not is found."""
    run_dir = shutil.copytree(sound, tmp_path / "run")
    with open_database(run_dir) as db:
        assert db.execute(sql).rowcount
    verified = check(run_dir)
    assert file in [finding.file for finding in verified.findings]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM open",
        "UPDATE open SET parts = NULL",
        "UPDATE open SET parts = x'5b5d'",
        "UPDATE open SET pairs = pairs + 1",
        "UPDATE open SET ordinal = 200",
    ],
)
def test_open_rows_that_do_not_agree(tmp_path: Path, sql: str) -> None:
    """What is left of an entry that was settled in part is exactly what its row names."""
    with open_journal(tmp_path) as journal:
        settle_partly(journal)
    assert check(tmp_path).count == 0
    with open_database(tmp_path) as db:
        assert db.execute(sql).rowcount
    assert check(tmp_path).count


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sittings SET before = '[]'",
        "UPDATE sittings SET lanes = '[1]'",
        "UPDATE circumstances SET body = '{'",
        "UPDATE circumstances SET body = replace(body, 'typed', 'tiped')",
    ],
)
def test_sittings_that_cannot_be_read(tmp_path: Path, sql: str) -> None:
    """What `status` and `report` could not read is a finding; whole sittings are none."""
    with open_journal(tmp_path) as journal:
        journal.start_sitting(1000, 4711, CIRCUMSTANCES)
        tick(journal, intent(1))
        tick(journal, deleted(1))
        journal.end_sitting(2000, "left", [])
    assert check(tmp_path).count == 0
    with open_database(tmp_path) as db:
        assert db.execute(sql).rowcount
    (finding,) = check(tmp_path).findings
    assert "how its processes began and ended cannot be read" in finding.what


def test_damaged_bytes_of_the_journal(sound: Path, tmp_path: Path) -> None:
    """No byte of journal.db makes verification fail, or say that other results are right."""
    good = check(sound).settled
    run_dir = shutil.copytree(sound, tmp_path / "run")
    data = (sound / "journal.db").read_bytes()
    for at in range(0, len(data), 211):
        spoiled = bytearray(data)
        spoiled[at] ^= 0x55
        (run_dir / "journal.db").write_bytes(spoiled)
        verified = check(run_dir)
        if not verified.count:
            assert verified.settled == good
