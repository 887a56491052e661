"""Fewest calls: every friendship once, from one of its sides, named as its first row names it."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan.check import check_plan
from bulkdel.plan.fingerprint import fingerprint_changes
from bulkdel.plan.ids import hashes_of, words_of_texts
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.scale import Scale
from bulkdel.plan.sides.choose import SidesMemory
from bulkdel.plan.values import Heavy
from bulkdel.words import Batch, Orient, Sides
from tests.plan.jobs import Planned, a_job, a_target, plan, plan_text
from tests.support.collisions import ids_with_the_hash_of
from tests.support.networks import a_network

Rows = list[tuple[str, str]]

SEARCH = Scale()
RULE = Scale(sides=SidesMemory(friendships=0))
TINY = Scale(chunk=64, part=300, giant=7)
SMALL_RULE = Scale(chunk=64, part=300, giant=7, sides=SidesMemory(friendships=0))
HEADER = "From_Account,To_Account\n"


def text_of(rows: Rows) -> str:
    """The rows as CSV; no id here holds a comma, a quote or a line end."""
    return HEADER + "".join(f"{one},{two}\n" for one, two in rows)


def fewest(rows: Rows, scale: Scale, sizes: tuple[int, ...] = (3, 20)) -> Planned:
    """The plan of these rows, with a target for each batch size."""
    targets = tuple(a_target(f"t{at}", batch_size=size) for at, size in enumerate(sizes))
    with tempfile.TemporaryDirectory() as folder:
        return plan_text(
            Path(folder), text_of(rows), scale=scale, orient=Orient.FEWEST_CALLS, targets=targets
        )


def sent_of(planned: Planned, at: int) -> list[tuple[str, str, bool]]:
    """A target's friendships as (sender, other, turned)."""
    share = planned.meta.shares[at]
    found = []
    for entry in planned.entries[share.first : share.first + share.batches]:
        assert isinstance(entry, Batch)
        assert entry.sides is not None
        assert entry.sides.asked is None
        assert len(entry.sides.turned) == len(entry.to_accounts)
        for other, turned in zip(entry.to_accounts, entry.sides.turned, strict=True):
            assert turned in (0, 1)
            found.append((entry.from_account, other, bool(turned)))
    return found


def check(planned: Planned, rows: Rows, sizes: tuple[int, ...]) -> None:
    """Compares a plan with what plain Python makes of the rows, all of which are good."""
    first: dict[frozenset[str], tuple[str, str]] = {}
    for row in rows:
        first.setdefault(frozenset(row), row)
    directed = Counter(one for one, _ in set(rows))
    books = planned.meta.books
    assert (books.read, books.pairs) == (len(rows), len(first))
    assert (books.duplicates, books.rejected) == (len(rows) - len(first), 0)
    for at, (share, size) in enumerate(zip(planned.meta.shares, sizes, strict=True)):
        sent = sent_of(planned, at)
        named = sorted((other, one) if turned else (one, other) for one, other, turned in sent)
        assert named == sorted(first.values())
        load = Counter(one for one, _, _ in sent)
        assert share.pairs == len(first)
        assert share.batches == sum(-(-count // size) for count in load.values())
        assert share.as_given == sum(-(-count // size) for count in directed.values())
        assert share.least is not None
        assert -(-len(first) // size) <= share.least <= share.batches <= share.as_given
        assert share.largest == tuple(
            sorted(load.items(), key=lambda one: (-one[1], one[0].encode()))[:10]
        )
        heavy = [count for count in load.values() if count > size]
        assert share.heavy == Heavy(
            accounts=len(heavy), pairs=sum(heavy), batches=sum(-(-count // size) for count in heavy)
        )


IDS = st.sampled_from(
    ["a", "aa", "aaa", "a" * 7, "a" * 8, "a" * 9, "b" * 31, "b" * 32, "b" * 31 + "c", "é",
     "漢" * 10, "漢" * 10 + "ab", "漢" * 10 + "é", "𝄞" * 8, "x", "y", "z", "0", " ", "a b"]
)  # fmt: skip
ROWS = st.lists(st.tuples(IDS, IDS).filter(lambda row: row[0] != row[1]), min_size=1, max_size=60)


@pytest.mark.parametrize("scale", [SEARCH, RULE, TINY, SMALL_RULE], ids=str)
@settings(max_examples=20, deadline=None)
@given(rows=ROWS, size=st.integers(1, 5))
def test_every_friendship_once_named_as_its_first_row(scale: Scale, rows: Rows, size: int) -> None:
    """Nothing lost, nothing twice, for each batch size, within its bounds, whatever the ids."""
    check(fewest(rows, scale, (size, 3)), rows, (size, 3))


@pytest.mark.parametrize(
    ("one", "other"), [(SEARCH, TINY), (RULE, SMALL_RULE)], ids=["search", "rule"]
)
@settings(max_examples=20, deadline=None)
@given(rows=ROWS, data=st.data())
def test_order_and_direction_of_rows_change_no_side(
    one: Scale, other: Scale, rows: Rows, data: st.DataObject
) -> None:
    """Other rows first, in other chunks and parts: the same entries but for what is turned.

    Nor does it matter which side the rows name, where they name both.
    """
    rows = rows + [row[::-1] for row in rows]
    shuffled = data.draw(st.permutations(rows))
    whole, parted = fewest(rows, one), fewest(shuffled, other)
    check(parted, shuffled, (3, 20))
    bare = [[(e.from_account, getattr(e, "to_accounts", ())) for e in p.entries]
            for p in (whole, parted)]  # fmt: skip
    assert bare[0] == bare[1]
    assert whole.meta.shares == parted.meta.shares


def network_rows(accounts: int, count: int, *, seed: int = 1) -> Rows:
    """A network with hubs, both directions written out and shuffled."""
    edges = a_network(accounts, count, seed=seed)
    rows = [(f"user{a:027}", f"é{b}") if a % 2 else (f"é{b}", f"user{a:027}")
            for a, b in zip(edges.low, edges.high, strict=True)]  # fmt: skip
    rows += [row[::-1] for row in rows]
    random.Random(seed).shuffle(rows)
    return rows


@pytest.mark.parametrize(
    ("scale", "share_of_given"), [(SEARCH, 0.55), (RULE, 0.6)], ids=["search", "rule"]
)
def test_few_calls_for_every_batch_size(scale: Scale, share_of_given: float) -> None:
    """On a network with hubs little more than half of the calls are left, for each target."""
    rows = network_rows(1000, 3000)
    planned = fewest(rows, scale, (1000, 20))
    check(planned, rows, (1000, 20))
    for share in planned.meta.shares:
        assert share.as_given is not None
        assert share.batches < share_of_given * share.as_given


def test_batch_sizes_have_sides_of_their_own() -> None:
    """The sides for large calls would need more of the small ones, a tenth more here.

    A target beside another one has the sides that it has alone.
    """
    rows = network_rows(300, 3000)
    planned = fewest(rows, SEARCH, (1000, 5))
    check(planned, rows, (1000, 5))
    load = Counter(one for one, _, _ in sent_of(planned, 0))
    assert sum(-(-count // 5) for count in load.values()) > 1.05 * planned.meta.shares[1].batches
    assert sorted(sent_of(fewest(rows, SEARCH, (5,)), 0)) == sorted(sent_of(planned, 1))


@pytest.mark.parametrize("scale", [SEARCH, RULE], ids=["search", "rule"])
@settings(max_examples=25, deadline=None)
@given(
    rows=st.sets(
        st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda row: row[0] < row[1]),
        min_size=1,
    ),
    size=st.integers(1, 4),
)
def test_never_more_calls_than_as_given(
    scale: Scale, rows: set[tuple[int, int]], size: int
) -> None:
    """Also where every friendship is named from one side, and that side was well chosen."""
    named = [(str(one), str(two)) for one, two in sorted(rows)]
    check(fewest(named, scale, (size,)), named, (size,))


# Sides that trying all of them finds, where both the search and the rule need a call more.
BETTER = [
    (2, 5, ["01", "02", "14", "17", "52", "34", "53", "36", "64", "67"]),
    (3, 4, ["20", "30", "60", "12", "13", "14", "61", "24", "35", "36", "65"]),
]


@pytest.mark.parametrize("scale", [SEARCH, RULE], ids=["search", "rule"])
@pytest.mark.parametrize(("size", "calls", "ends"), BETTER)
def test_where_the_input_does_better_it_is_sent_as_given(
    scale: Scale, size: int, calls: int, ends: list[str]
) -> None:
    """Every friendship goes from where it is named, rather than at a greater cost."""
    rows = [(f"a{end[0]}", f"a{end[1]}") for end in ends]
    planned = fewest(rows, scale, (size,))
    check(planned, rows, (size,))
    assert (planned.meta.shares[0].batches, planned.meta.shares[0].as_given) == (calls, calls)
    assert not any(turned for _, _, turned in sent_of(planned, 0))


COLLIDING = "collides-0000001"


@pytest.mark.parametrize("scale", [SEARCH, TINY], ids=["search", "tiny"])
def test_accounts_with_the_same_hash_are_not_taken_for_one(scale: Scale) -> None:
    """Two ids with one 64-bit hash: as friends of each other, and with a friend in common."""
    like = [text.decode() for text in islice(ids_with_the_hash_of(COLLIDING.encode()), 2)]
    ids = [COLLIDING, *like]
    words = words_of_texts([name.encode() for name in ids])
    assert len(set(hashes_of(words).tolist())) == 1
    rows = [(ids[0], ids[1]), (ids[1], ids[0]), ("common", ids[0]), (ids[1], "common")]
    rows += [(ids[2], "alone"), ("common", ids[2]), (ids[0], "common"), (ids[1], "common")]
    sides = set()
    for some in (rows, rows[::-1], rows[4:] + rows[:4]):
        # Figures that count accounts by their hashes may be off, so only the pairs are compared.
        planned = fewest(some, scale, (20,))
        first: dict[frozenset[str], tuple[str, str]] = {}
        for row in some:
            first.setdefault(frozenset(row), row)
        named = [(two, one) if turned else (one, two) for one, two, turned in sent_of(planned, 0)]
        assert sorted(named) == sorted(first.values())
        sides.add(tuple(sorted((one, two) for one, two, _ in sent_of(planned, 0))))
    assert len(sides) == 1


GIANTS = Scale(chunk=4096, part=20_000, giant=300)
GIANTS_RULE = Scale(chunk=4096, part=20_000, giant=300, sides=SidesMemory(friendships=0))


@pytest.mark.parametrize("scale", [GIANTS, GIANTS_RULE], ids=["search", "rule"])
def test_an_account_set_aside_keeps_its_marks(scale: Scale) -> None:
    """Accounts that are sorted on disk: ids of 32 bytes and their marks come back whole."""
    rows = [("giant", f"{at:032}") if at % 3 else (f"{at:032}", "giant") for at in range(900)]
    rows += [(f"{at:031}", "giant") if at % 2 else ("giant", f"{at:031}") for at in range(900)]
    rows += [(f"x{at % 97}", f"y{at % 89}") for at in range(2000)]
    random.Random(2).shuffle(rows)
    planned = fewest(rows, scale, (50, 7))
    check(planned, rows, (50, 7))
    assert planned.meta.shares[0].largest[0] == ("giant", 1800)


def test_one_friendship_again_and_again() -> None:
    """Many more rows of one friendship than are held at a time: its first row is remembered."""
    rows = [("b", "a"), *([("a", "b")] * 4000), ("c", "a"), *([("b", "a")] * 4000), ("a", "c")]
    planned = fewest(rows, GIANTS, (20,))
    check(planned, rows, (20,))
    assert planned.meta.books.duplicates == 8001


def test_files_are_read_in_their_order(tmp_path: Path) -> None:
    """Over CSV, JSONL and Parquet, the first row of a friendship says how it is named."""
    (tmp_path / "1.csv").write_text(text_of([("a", "b"), ("c", "d")]), encoding="utf-8")
    lines = [("b", ["a", "x"]), ("d", ["c", "e"]), ("guarded", ["a"])]
    (tmp_path / "2.jsonl").write_text(
        "".join(json.dumps({"From_Account": one, "To_Account": to}) + "\n" for one, to in lines),
        encoding="utf-8",
    )
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES ('x','b'), ('b','a'), ('y','x'), ('x','guarded')) "
        "t(From_Account, To_Account)) TO $to (FORMAT parquet)",
        {"to": str(tmp_path / "3.parquet")},
    )
    (tmp_path / "4.csv").write_text(text_of([("x", "y"), ("e", "z"), ("z", "e")]), encoding="utf-8")
    planned = plan(
        a_job(
            tmp_path,
            ["1.csv", "2.jsonl", "3.parquet", "4.csv"],
            orient=Orient.FEWEST_CALLS,
            protect=("guarded",),
        )
    )
    books = planned.meta.books
    # a-b, c-d, b-x, d-e, y-x, e-z; again: b-a, d-c, x-b, b-a, x-y, z-e
    assert (books.read, books.pairs, books.duplicates, books.protected) == (14, 6, 6, 2)
    named = {(two, one) if turned else (one, two) for one, two, turned in sent_of(planned, 0)}
    assert named == {("a", "b"), ("c", "d"), ("b", "x"), ("d", "e"), ("y", "x"), ("e", "z")}


def test_the_text_of_the_plan_has_a_mark_behind_a_turned_id(tmp_path: Path) -> None:
    """A star named from its leaves is sent from its middle, each id with one byte behind it."""
    long = "l" * 32
    rows = [("b", "mid"), ("mid", "a"), (long, "mid"), ("ba", "mid")]
    plan_text(tmp_path, text_of(rows), orient=Orient.FEWEST_CALLS)
    found = duckdb.read_parquet(str(tmp_path / "run" / "plan.parquet")).fetchall()
    assert [row[:3] for row in found] == [("tencent", 0, "mid")]
    assert sorted(found[0][3].split("\n")) == ["a", "b\x1d", "ba\x1d", long + "\x1d"]


def test_nothing_but_rejects(tmp_path: Path) -> None:
    """An input without a friendship has a plan without entries."""
    planned = plan_text(tmp_path, HEADER + "a,a\n,b\n", orient=Orient.FEWEST_CALLS)
    share = planned.meta.shares[0]
    assert (share.batches, share.as_given, share.least, planned.entries) == (0, 0, 0, [])


def test_another_orient_is_another_plan(tmp_path: Path) -> None:
    """The fingerprint names plan.orient, and the plan read back tells what was saved."""
    rows = [("a", "mid"), ("b", "mid")]
    given_ = plan_text(tmp_path, text_of(rows))
    changed = a_job(tmp_path, ["in.csv"], orient=Orient.FEWEST_CALLS)
    assert "plan.orient" in str(fingerprint_changes(changed, given_.meta.fingerprint))
    assert (given_.meta.shares[0].as_given, given_.meta.shares[0].least) == (None, None)
    assert all(entry.sides is None for entry in given_.entries if isinstance(entry, Batch))
    planned = plan(changed)
    assert planned.entries == [Batch(0, "mid", ("a", "b"), Sides(b"\x01\x01"))]
    assert read_plan_meta(tmp_path / "run") == planned.meta
    assert planned.meta.digest != given_.meta.digest
    share = planned.meta.shares[0]
    assert (share.batches, share.as_given, share.least) == (1, 2, 1)
    again = fingerprint_changes(changed, planned.meta.fingerprint)
    assert "plan.orient" not in str(again)


def test_a_sound_plan_is_found_sound(tmp_path: Path) -> None:
    """The check of a plan against itself has nothing to say of turned pairs."""
    rows = network_rows(60, 200)
    targets = (a_target("one", batch_size=4), a_target("two"))
    planned = plan_text(tmp_path, text_of(rows), orient=Orient.FEWEST_CALLS, targets=targets)
    assert list(check_plan(tmp_path / "run", planned.meta)) == []
