"""Bulk rendering against the rendering that the ledger is made by."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.audit.pages import Pages, Row
from bulkdel.ledger.audit.replay import Replay
from bulkdel.ledger.codec import decode_settlement, encode_settlement
from bulkdel.ledger.render import render
from bulkdel.ledger.values import Group, Settlement
from bulkdel.plan.entries import TURNED
from bulkdel.words import Mode, Operation, Verdict, batch_label

IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(
    account=IDS,
    others=st.none() | st.lists(IDS, min_size=1, max_size=5, unique=True),
    turned=st.none() | st.lists(st.booleans(), min_size=5, max_size=5),
    info=st.text(max_size=230),
    code=st.integers(-(1 << 63), (1 << 63) - 1),
    status=st.sampled_from([Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.FAILED]),
    attempts=st.integers(0, 50),
    lost=st.integers(0, 50),
    at_ms=st.integers(0, 4_000_000_000_000),
)
def test_bulk_is_the_same_byte_for_byte(  # noqa: PLR0917 - each is drawn
    account: str,
    others: list[str] | None,
    turned: list[bool] | None,
    info: str,
    code: int,
    status: Verdict,
    attempts: int,
    lost: int,
    at_ms: int,
) -> None:
    """What bulk rendering makes of a settlement is what `render` makes of it, or nothing."""
    marked = [
        name + TURNED * way for name, way in zip(others or (), turned or [False] * 5, strict=False)
    ]
    row: Row = (3, account, None if others is None else "\n".join(marked))
    group = Group(status=status, code=code, info=info, lost=lost, items=None)
    settled = Settlement(of=None, left=(), groups=(group,), attempts=attempts, at_ms=at_ms)
    body = encode_settlement(settled)
    replay = Replay(
        ["tencent"],
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
        oriented=turned is not None,
    )
    entry = replay.entry_of(row)
    label = batch_label("tencent", Operation.DELETE_FRIENDS, Mode.TWO_WAY, entry)
    expected = render(settled, entry, label, "tencent")
    shape = replay.shape(body, attempts)
    assert shape is not None
    made = replay.alike(shape, row, 0, at_ms)
    escaped = b"\\" in orjson.dumps([account, others])
    assert made == (None if escaped else expected)
    stored = decode_settlement(body, attempts=attempts, at_ms=at_ms)
    assert replay.lines(stored, entry, 0) == expected


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
