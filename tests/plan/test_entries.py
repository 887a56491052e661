"""What was planned is what is read: the digests of a plan's entries."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.errors import Corrupt
from bulkdel.plan.batches.compose import LineDigests
from bulkdel.plan.check import check_plan
from bulkdel.plan.entries import TURNED, Row
from bulkdel.plan.read import PLAN_FILE, PlanReader, read_plan_meta
from bulkdel.plan.stretches import DIGEST_BYTES, rows_digest, stretch_of
from bulkdel.words import Operation, Orient
from tests.plan.jobs import a_target, plan_text
from tests.support.forge import consistent, of_version_2, rewrite

# SQL is put together from our own words.

PAIRS = "From_Account,To_Account\n" + "".join(f"a{n % 3},b{n:02}\n" for n in range(30))
TARGETS = (a_target("tencent", batch_size=4), a_target("zego", batch_size=20))
ID = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
MARKED = st.tuples(ID, st.sampled_from(["", TURNED])).map("".join)
OTHERS = st.one_of(st.none(), st.lists(MARKED, min_size=1, max_size=4).map("\n".join))


def line(row: Row) -> str:
    """A row as it is composed."""
    ordinal, account, others = row
    behind = "" if others is None else "\x1f" + others.replace("\n", "\x1e")
    return f"\n{ordinal:012}\x1f{account}{behind}"


@given(
    st.lists(st.tuples(ID, OTHERS), max_size=30),
    st.integers(1, 9),
    st.lists(st.integers(0, 30), max_size=9),
)
def test_lines_and_rows_have_the_same_digests(
    content: list[tuple[str, str | None]], stretch: int, cuts: list[int]
) -> None:
    """However the lines come in pieces, each stretch's digest is that of its rows."""
    rows: list[Row] = [(at, account, others) for at, (account, others) in enumerate(content)]
    taken = LineDigests(stretch)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for begin, end in itertools.pairwise(edges):
        taken.take("".join(map(line, rows[begin:end])).encode())
    expected = [rows_digest(rows[at : at + stretch]) for at in range(0, len(rows), stretch)]
    assert taken.all() == b"".join(expected)
    assert all(len(one) == DIGEST_BYTES for one in expected)


@given(st.lists(st.tuples(ID, OTHERS), min_size=1, max_size=4), st.data())
def test_no_other_rows_have_the_digest(
    content: list[tuple[str, str | None]], data: st.DataObject
) -> None:
    """Neither other ids, nor the same text divided in another way, nor separators within an id."""
    rows: list[Row] = [(at, account, others) for at, (account, others) in enumerate(content)]
    at = data.draw(st.integers(0, len(rows) - 1))
    ordinal, account, others = rows[at]
    told = others or ""
    changed: list[Row] = [
        (ordinal, account + "x", others),
        (ordinal, account, told + "\nx"),
        (ordinal, account, told.replace("\n", "\x1e") + "\x1ex"),
        (ordinal, f"{account}\x1f{told}", "x"),
        (ordinal, account, None if others else "x"),
        (ordinal + 1, account, others),
    ]
    if "\n" in told:
        changed.append((ordinal, account, told.replace("\n", "\x1e", 1)))
        changed.append((ordinal, account, "\n".join(reversed(told.split("\n"))) + "x"))
    for row in changed:
        assert rows_digest([*rows[:at], row, *rows[at + 1 :]]) != rows_digest(rows)


def test_a_stretch_is_bounded_in_entries_and_in_ids() -> None:
    """A reader never has more in hand than 512 entries or 50,000 ids."""
    assert [stretch_of(sizes) for sizes in ([1], [20], [1000], [20, 1000], [10**6], [])] == [
        512, 512, 50, 50, 1, 512,
    ]  # fmt: skip


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize("orient", list(Orient))
def test_any_plan_has_the_digests_of_its_entries(
    tmp_path: Path, operation: Operation, orient: Orient
) -> None:
    """Of both operations and ways to choose sides, over several stretches and targets."""
    pairs = operation is Operation.DELETE_FRIENDS
    if not pairs and orient is Orient.FEWEST_CALLS:
        pytest.skip("no sides to choose")
    text = "From_Account,To_Account\n" if pairs else "From_Account\n"
    text += "".join(f"a{n},b{n}\n" if pairs else f"a{n}\n" for n in range(1300))
    text += "".join(f"a{n},é{n}\nhub,a{n}\n" for n in range(20)) if pairs else ""
    targets = (a_target("one", batch_size=1), a_target("two", batch_size=7))
    planned = plan_text(tmp_path, text, operation=operation, orient=orient, targets=targets)
    assert planned.meta.stretch == 512
    assert read_plan_meta(tmp_path / "run") == planned.meta
    with PlanReader(tmp_path / "run", planned.meta) as reader:
        rows = [row for some in reader.rows(0, len(planned.entries)) for row in some]
    digests = b"".join(rows_digest(rows[at : at + 512]) for at in range(0, len(rows), 512))
    assert planned.meta.entries_sha256 == hashlib.sha256(digests).hexdigest()
    assert list(check_plan(tmp_path / "run", planned.meta)) == []


CHANGES = [
    f"SELECT * REPLACE (CASE ordinal WHEN 5 THEN {value} ELSE {column} END AS {column}) "  # noqa: S608 - our own words
    "FROM plan ORDER BY ordinal"
    for column, value in (
        ("from_account", "'boss'"),
        ("to_accounts", "replace(to_accounts, 'b', 'c')"),
        ("to_accounts", "replace(to_accounts, chr(10), chr(30))"),
        ("to_accounts", "upper(to_accounts)"),
        ("ordinal", "4"),
        ("from_account", "NULL"),
        ("to_accounts", "NULL"),
    )
] + ["SELECT * FROM plan WHERE ordinal < 11 ORDER BY ordinal"]


@pytest.mark.parametrize("select", CHANGES)
def test_changed_entries_are_never_read(tmp_path: Path, select: str) -> None:
    """Whatever was changed, no way of reading gives an entry of that stretch; check says so."""
    planned = plan_text(tmp_path, PAIRS, targets=TARGETS)
    run_dir = tmp_path / "run"
    rewrite(run_dir / PLAN_FILE, select)
    meta = read_plan_meta(run_dir)
    assert meta == planned.meta
    with PlanReader(run_dir, planned.meta) as reader:

        def scanned() -> Iterator[object]:
            yield from reader.scan(5, 7)

        for read in (lambda: list(scanned()), lambda: reader.entry(5), reader.compare):
            with pytest.raises(
                Corrupt, match=r"than were planned|is missing|not in its place|not what was planned"
            ):
                read()
    assert list(check_plan(run_dir, planned.meta))


def test_entries_of_another_plan_do_not_fit(tmp_path: Path) -> None:
    """A plan that is whole in itself is not the one that a run knows by its digest."""
    planned = plan_text(tmp_path, PAIRS, targets=TARGETS)
    rewrite(tmp_path / "run" / PLAN_FILE, CHANGES[0], consistent)
    forged = read_plan_meta(tmp_path / "run")
    assert forged is not None
    assert forged.digest != planned.meta.digest
    with pytest.raises(Corrupt, match="lost the digests"):
        PlanReader(tmp_path / "run", planned.meta)


def test_a_plan_of_version_2_can_be_read(tmp_path: Path) -> None:
    """A run that has begun with it goes on; it has no digests to compare with."""
    planned = plan_text(tmp_path, PAIRS, targets=TARGETS)
    rewrite(tmp_path / "run" / PLAN_FILE, "SELECT * FROM plan ORDER BY ordinal", of_version_2)
    meta = read_plan_meta(tmp_path / "run")
    assert meta is not None
    assert (meta.fingerprint.version, meta.stretch) == (2, 0)
    with PlanReader(tmp_path / "run", meta) as reader:
        assert [entry for some in reader.scan(0, 12) for entry in some] == planned.entries
    assert list(check_plan(tmp_path / "run", meta)) == []
