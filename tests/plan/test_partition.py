"""Universal rules of a plan: nothing lost, nothing twice, fewest batches, whatever the bytes."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan.scale import Scale
from bulkdel.words import Batch
from tests.plan.jobs import Planned, a_target, plan_text

IDS = st.one_of(
    st.sampled_from(["a", "b", "c", "007", "null", " x ", "A"]),
    st.text(st.characters(codec="utf-8"), max_size=34),
)
ROWS = st.lists(st.tuples(IDS, IDS), max_size=60)


def sendable(account: str) -> bool:
    """The general rule for ids, said in other words than the planner's."""
    size = len(account.encode())
    return 0 < size <= 32 and not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in account)


def check(planned: Planned, rows: list[tuple[str, str]], sizes: tuple[int, ...]) -> None:
    """Compares a plan with what plain Python makes of the rows."""
    good = [(one, two) for one, two in rows if sendable(one) and sendable(two) and one != two]
    distinct = set(good)
    books = planned.meta.books
    assert (books.read, books.rejected) == (len(rows), len(rows) - len(good))
    assert (books.pairs, books.duplicates) == (len(distinct), len(good) - len(distinct))
    by_account: dict[str, list[str]] = defaultdict(list)
    for one, two in distinct:
        by_account[one].append(two)
    at = 0
    for share, size in zip(planned.meta.shares, sizes, strict=True):
        assert share.first == at
        entries = planned.entries[at : at + share.batches]
        at += share.batches
        got: dict[str, list[str]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for entry in entries:
            assert isinstance(entry, Batch)
            assert 1 <= len(entry.to_accounts) <= size
            got[entry.from_account] += entry.to_accounts
            counts[entry.from_account] += 1
        assert set(got) == set(by_account)
        for account, others in by_account.items():
            assert got[account] == sorted(others, key=str.encode)
            assert counts[account] == -(-len(others) // size)
    assert at == len(planned.entries)


def as_csv(rows: list[tuple[str, str]], end: str, quoting: int) -> bytes:
    """Written by Python's own csv module."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]  # an int in Python 3.11's stubs
    writer.writerow(["From_Account", "To_Account"])
    writer.writerows(rows)
    return out.getvalue().encode()


@settings(max_examples=30, deadline=None)
@given(
    rows=ROWS.map(lambda rows: [r for r in rows if not set("".join(r)) & set("\r\n")]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    size=st.integers(1, 4),
)
def test_csv_rows_are_partitioned(
    rows: list[tuple[str, str]], end: str, quoting: int, size: int
) -> None:
    """Any rows in any order, quoting and line end: exactly their distinct pairs, cut fewest."""
    if not rows:
        return
    targets = (a_target("one", batch_size=size), a_target("two", batch_size=3))
    with tempfile.TemporaryDirectory() as folder:
        data = as_csv(rows, end, quoting)
        planned = plan_text(Path(folder), data, targets=targets)
        check(planned, rows, (size, 3))


@settings(max_examples=20, deadline=None)
@given(rows=ROWS, ascii_only=st.booleans())
def test_jsonl_rows_are_partitioned(rows: list[tuple[str, str]], ascii_only: bool) -> None:
    """The same for JSONL, with the To_Accounts of one From_Account as a list."""
    if not rows:
        return
    lists: dict[str, list[str]] = defaultdict(list)
    for one, two in rows:
        lists[one].append(two)
    text = "".join(
        json.dumps({"From_Account": one, "To_Account": twos}, ensure_ascii=ascii_only) + "\n"
        for one, twos in lists.items()
    )
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_text(
            Path(folder), text, "in.jsonl", targets=(a_target("one", batch_size=2),)
        )
        check(planned, rows, (2,))


PLAIN = st.text(st.sampled_from("ab,\t;'# \\\x1f\n"), max_size=60)


@settings(max_examples=60, deadline=None)
@given(text=PLAIN, end=st.sampled_from(["\n", "\r\n"]))
def test_both_readers_agree(text: str, end: str) -> None:
    """A file that is dealt as it stands gives what Python's csv module reads in it."""
    body = "From_Account,To_Account\n" + text
    rows = [line.split(",") for line in text.split("\n") if line]
    if not rows:
        return
    good = {
        (row[0], row[1])
        for row in rows
        if len(row) == 2 and sendable(row[0]) and sendable(row[1]) and row[0] != row[1]
    }
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_text(Path(folder), body.replace("\n", end).encode())
    assert planned.meta.books.read == len(rows)
    assert set(planned.pairs) == good


TINY = Scale(chunk=256, part=2000, giant=1 << 20)
GIANTS = Scale(chunk=4096, part=20_000, giant=300)


@pytest.mark.parametrize("scale", [TINY, GIANTS], ids=["tiny", "giants"])
def test_scale_changes_no_plan(tmp_path: Path, scale: Scale) -> None:
    """How much is worked on at a time, and in what order rows come, changes no entry."""
    rows = [(f"a{at % 97}", f"b{at % 1009}") for at in range(5000)]
    rows += [("giant", f"c{at % 2999}") for at in range(3000)]
    targets = (a_target("one", batch_size=50), a_target("two", batch_size=7))
    text = "From_Account,To_Account\n" + "".join(f"{one},{two}\n" for one, two in rows)
    whole = plan_text(tmp_path, text, targets=targets)
    shuffled = [rows[at * 4001 % len(rows)] for at in range(len(rows))]
    text = "From_Account,To_Account\n" + "".join(f"{one},{two}\n" for one, two in shuffled)
    parted = plan_text(tmp_path, text, targets=targets, scale=scale)
    check(whole, rows, (50, 7))
    assert parted.entries == whole.entries
    assert whole.meta.shares[0].largest[0] == ("giant", 2999)
    assert parted.meta.shares == whole.meta.shares


def test_calls_for_one_account_are_far_apart(tmp_path: Path) -> None:
    """An account's n batches come in order of k, one in each n-th of the plan."""
    rows = [("giant", f"c{at}") for at in range(100)] + [(f"x{at}", "y") for at in range(1000)]
    text = "From_Account,To_Account\n" + "".join(f"{one},{two}\n" for one, two in rows)
    planned = plan_text(tmp_path, text, targets=(a_target("one", batch_size=10),))
    places = [entry.ordinal for entry in planned.entries if entry.from_account == "giant"]
    assert len(places) == 10
    gaps = [later - earlier for earlier, later in pairwise(places)]
    assert all(70 <= gap <= 130 for gap in gaps)


SAMPLES = [
    b"a,b\r\nc,d\r\n", b"a,b\n\n\nc,\n", b"\n\na", b"a\r\n\r\nb\r\n", "é漢,x\n".encode(),
    b"a,b\r", b'""\n', b"a,\r\nb", b"\xc2\x85\n", b"\xe6\xbc", b"a,b,", b"a,b\n" * 99 + b'c,"d"',
]  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES)
def test_where_chunks_end_does_not_matter(tmp_path: Path, sample: bytes) -> None:
    """Line ends, characters and quotes that lie across or behind a chunk are seen all the same."""
    end = b"\r\n" if b"\r\n" in sample else b"\n"
    data = b"From_Account,To_Account" + end + sample + end + b"x,y"
    whole = plan_text(tmp_path, data)
    for size in (1, 2, 3, 7):
        cut = plan_text(tmp_path, data, scale=Scale(chunk=size))
        assert (cut.entries, cut.rejects) == (whole.entries, whole.rejects)
        assert cut.meta == whole.meta
