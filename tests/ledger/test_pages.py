"""The plan's rows by ordinal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.audit.pages import Pages
from bulkdel.plan.entries import Row


@given(
    total=st.integers(1, 3000),
    each=st.sampled_from([1.0, 40.0, 5000.0]),
    data=st.data(),
)
def test_pages_give_every_row(total: int, each: float, data: st.DataObject) -> None:
    """Rows come back by ordinal in whatever order they are asked for."""

    def scan(lo: int, hi: int) -> list[list[Row]]:
        some: list[Row] = [(ordinal, f"a{ordinal}", "b") for ordinal in range(lo, hi)]
        return [some[at : at + 7] for at in range(0, len(some), 7)]

    pages = Pages(lambda lo, hi: iter(scan(lo, hi)), total, ids_each=each)
    for ordinal in data.draw(st.lists(st.integers(0, total - 1), max_size=60)):
        assert pages.row(ordinal) == (ordinal, f"a{ordinal}", "b")
