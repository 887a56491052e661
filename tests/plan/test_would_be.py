"""What fewest_calls would come to, said of a plan that is as given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan import would_be as module
from bulkdel.plan.scale import Scale
from bulkdel.plan.would_be import would_be
from bulkdel.words import Orient
from tests.plan import jobs
from tests.support.process import csv_text

TARGETS = (jobs.a_target("tencent"), jobs.a_target("zego", provider="zego", batch_size=3))
SMALL = replace(Scale(), part=64, giant=20)
"""Many parts, and parts that do not fit."""


def ids(*numbers: int) -> list[str]:
    """Account ids of every width that words have."""
    return [f"{'é' * (number % 15)}{number}" for number in numbers]


def compared(folder: Path, pairs: list[tuple[str, str]], scale: Scale) -> tuple[list[int], bool]:
    """The calls that are foretold; they are those of the plan that is made with the key set."""
    (folder / "in.csv").write_text(csv_text(pairs), encoding="utf-8")
    given_job = jobs.a_job(folder, ["in.csv"], targets=TARGETS)
    meta = jobs.plan(given_job, scale=scale).meta
    before = sorted(path.name for path in given_job.run_dir.iterdir())
    told = would_be(given_job.run_dir, meta, scale)
    assert sorted(path.name for path in given_job.run_dir.iterdir()) == before
    chosen = replace(given_job, orient=Orient.FEWEST_CALLS, run_dir=folder / "fewest")
    shares = jobs.plan(chosen, scale=scale).meta.shares
    planned = [share.batches for share in shares]
    foretold = [told.calls[target.batch_size] for target in TARGETS]
    if told.exact:
        assert foretold == planned
    as_given = [share.batches for share in meta.shares]
    assert all(one <= other for one, other in zip(foretold, as_given, strict=True))
    return foretold, told.exact


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda pair: pair[0] != pair[1]),
        min_size=1,
        max_size=120,
    ),
    st.booleans(),
)
def test_it_is_what_the_planner_would_make(pairs: list[tuple[int, int]], ruled: bool) -> None:
    """Whatever the network and whichever way sides are chosen, and never more than as given."""
    sides = replace(Scale().sides, friendships=0 if ruled else 1000)
    named = [(one, other) for pair in pairs for one, other in [ids(*pair)]]
    with TemporaryDirectory() as folder:
        _, exact = compared(Path(folder), named, replace(SMALL, sides=sides))
    assert exact


def test_more_than_is_searched_for_is_said_to_be_nearly_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where planning would search and this does not, the figure does not claim to be exact."""
    star = [("hub", f"leaf{at}") for at in range(5)] + [(f"leaf{at}", "hub") for at in range(5)]
    assert compared(tmp_path, star, Scale()) == ([1, 2], True)
    monkeypatch.setattr(module, "SEARCHED_MOST", 4)
    again = tmp_path / "again"
    again.mkdir()
    assert not compared(again, star, Scale())[1]
