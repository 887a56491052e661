"""The lists that a backup pulls are those that the plan shortens, and what it takes from them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan import duck, pulled
from bulkdel.plan.make import make_plan
from bulkdel.plan.pulled import count_lists, lists_of
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Mode, Operation, Orient
from tests.plan.jobs import a_job, a_target

IDS = st.sampled_from([*"abcdefgh", "ü", "007", "a b"])
PAIRS = st.lists(st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1]), min_size=1)


def read(run_dir: Path, meta: PlanMeta) -> list[list[tuple[str, list[str] | None]]]:
    """The entries of each target, in order."""
    with closing(duck.open_reader()) as con:
        return [list(share.entries) for share in lists_of(con, run_dir, meta)]


@given(
    pairs=PAIRS,
    mode=st.sampled_from(Mode),
    orient=st.sampled_from(Orient),
    batch_size=st.sampled_from([1, 3, 1000]),
    most=st.sampled_from([1, 2, 5000]),
)
@settings(max_examples=20)
def test_each_entry_that_the_plan_deletes_is_wanted_once(
    pairs: list[tuple[str, str]], mode: Mode, orient: Orient, batch_size: int, most: int
) -> None:
    """One-way on From's list, two-way on both; an account's in order, in as few pulls as may be."""
    if mode is Mode.ONE_WAY:
        orient = Orient.AS_GIVEN
    wanted: dict[str, set[str]] = defaultdict(set)
    for account, other in pairs:
        wanted[account].add(other)
        if mode is Mode.TWO_WAY:
            wanted[other].add(account)
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        folder = Path(place)
        patch.setattr(pulled, "WANTED_MOST", most)
        rows = "".join(f"{account},{other}\n" for account, other in pairs)
        (folder / "in.csv").write_text(f"From_Account,To_Account\n{rows}", encoding="utf-8")
        targets = (a_target("x", batch_size=batch_size), a_target("y"))
        job = a_job(folder, ["in.csv"], targets=targets, orient=orient)
        object.__setattr__(job, "mode", mode)
        meta = make_plan(job)
        for entries in read(job.run_dir, meta):
            found = [(account, one) for account, some in entries for one in some or ()]
            assert found == [
                (account, one) for account in sorted(wanted) for one in sorted(wanted[account])
            ]
            assert all(len(some or ()) <= most for _, some in entries)
            assert len(entries) == sum(-(-len(some) // most) for some in wanted.values())
        counted = count_lists(job.run_dir, meta, memory_limit_mb=512)
        assert counted == (len(wanted), len(wanted))


def test_lists_that_are_cleared_are_pulled_whole(tmp_path: Path) -> None:
    """In the plan's own order, and counted from it."""
    (tmp_path / "in.csv").write_text("From_Account\nb\na\nc\n")
    job = a_job(tmp_path, ["in.csv"], operation=Operation.DELETE_ALL_FRIENDS)
    meta = make_plan(job)
    (entries,) = read(job.run_dir, meta)
    assert sorted(entries, key=lambda one: one[0]) == [("a", None), ("b", None), ("c", None)]
    assert count_lists(job.run_dir, meta, memory_limit_mb=512) == (3,)
