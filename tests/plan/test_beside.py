"""The plan of a run beside a run: what was to be planned is what is read back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from bulkdel.plan.beside import SideShare, make_side_plan
from bulkdel.plan.check import check_plan
from bulkdel.plan.duck import Connection
from bulkdel.plan.entries import DATA
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.values import Origin, PlanMeta
from bulkdel.words import Batch, Entry, Errand, Mode, Pull, Sweep

Entries = Iterable[tuple[str, list[str] | None]]


def planned(folder: Path, errand: Errand, *shares: Entries, whole: bool = False) -> PlanMeta:
    """A plan with these entries for each of the targets t0, t1, …."""

    def made(_: Connection) -> tuple[list[SideShare], Origin]:
        sides = [
            SideShare(target=f"t{at}", size=1000, entries=entries)
            for at, entries in enumerate(shares)
        ]
        return sides, Origin(plan_digest="d", whole_lists=whole)

    return make_side_plan(folder, errand, Mode.TWO_WAY, made, memory_limit_mb=512)


def read(folder: Path, meta: PlanMeta) -> list[Entry]:
    """All entries, in order."""
    with PlanReader(folder, meta) as plan:
        entries = sum(share.batches for share in meta.shares)
        return [entry for page in plan.scan(0, entries) for entry in page]


def test_asked_pairs_are_read_back_for_each_target(tmp_path: Path) -> None:
    """Each target has its own entries, in the order given, and the books count their pairs."""
    folder = tmp_path / "verification"
    meta = planned(folder, Errand.ASK, [("a", ["b", "c"]), ("x", ["y"])], [("q", ["r"])])
    assert read(folder, meta) == [
        Batch(0, "a", ("b", "c")),
        Batch(1, "x", ("y",)),
        Batch(2, "q", ("r",)),
    ]
    assert [(share.target, share.first, share.pairs) for share in meta.shares] == [
        ("t0", 0, 3),
        ("t1", 2, 1),
    ]
    assert read_plan_meta(folder) == meta


@pytest.mark.parametrize("whole", [True, False])
def test_lists_are_pulled_whole_or_for_some(tmp_path: Path, whole: bool) -> None:
    """An account is one item, whoever of its friends is wanted."""
    others = None if whole else ["b", "c"]
    meta = planned(tmp_path / "backup", Errand.PULL, [("a", others), ("ü", others)], whole=whole)
    wanted = None if whole else ("b", "c")
    assert read(tmp_path / "backup", meta) == [Pull(0, "a", wanted), Pull(1, "ü", wanted)]
    assert meta.shares[0].pairs == 2


def test_lists_that_are_asked_for_stay_lists(tmp_path: Path) -> None:
    """A plan to ask for whole lists has no To_Accounts."""
    meta = planned(tmp_path / "v", Errand.ASK_LIST, [("a", None)], whole=True)
    assert read(tmp_path / "v", meta) == [Sweep(0, "a")]


def test_data_comes_back_with_its_friend(tmp_path: Path) -> None:
    """Whatever JSON it is, and in whatever order friends stand."""
    data = {"b": '{"Remark":"a\\nb"}', "a": '{"x":"\u2028 \\u001d"}'}
    lines = [account + DATA + text for account, text in data.items()]
    meta = planned(tmp_path / "undo", Errand.PUT_BACK, [("f", lines)])
    (entry,) = read(tmp_path / "undo", meta)
    assert entry == Batch(0, "f", ("a", "b"), data=(data["a"], data["b"]))


def test_a_line_may_be_longer_than_a_reader_takes_by_itself(tmp_path: Path) -> None:
    """An account with very many planned friends is one entry."""
    others = [f"user{at:028}" for at in range(80_000)]
    meta = planned(tmp_path / "backup", Errand.PULL, [("a", others), ("b", ["c"])])
    assert read(tmp_path / "backup", meta)[0] == Pull(0, "a", tuple(others))


def test_nothing_to_do_is_a_plan_too(tmp_path: Path) -> None:
    """Where nothing was deleted, there is nothing to ask for, and that is finished."""
    meta = planned(tmp_path / "v", Errand.ASK, [])
    assert meta.books.pairs == 0
    assert not read(tmp_path / "v", meta)


def test_a_changed_plan_is_found(tmp_path: Path) -> None:
    """Each entry is compared with the digest that was taken of it before it was written."""
    folder = tmp_path / "v"
    meta = planned(folder, Errand.ASK, [("a", ["bcdefgh"])])
    path = folder / "plan.parquet"
    path.write_bytes(path.read_bytes().replace(b"bcdefgh", b"bcdefgi"))
    assert list(check_plan(folder, meta))
