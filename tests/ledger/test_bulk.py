"""Bulk rendering against the rendering that the ledger is made by."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.audit.bulk import BulkRendering
from bulkdel.ledger.codec import decode_settlement, encode_settlement
from bulkdel.ledger.render import Rendering, render
from bulkdel.ledger.values import Group, Settlement
from bulkdel.plan.entries import TURNED, Row, batch_of
from bulkdel.words import Entry, Mode, Operation, Sweep, Verdict, batch_label

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
    rendering = Rendering(names=("tencent",), operation=Operation.DELETE_FRIENDS, mode=Mode.TWO_WAY)
    bulk = BulkRendering(rendering)
    entry: Entry = Sweep(3, account)
    if others is not None:
        entry = batch_of(3, account, "\n".join(marked), oriented=turned is not None)
    label = batch_label("tencent", Operation.DELETE_FRIENDS, Mode.TWO_WAY, entry)
    expected = render(settled, entry, label, "tencent")
    template = bulk.template(body, attempts)
    assert template is not None
    made = bulk.lines(template, row, 0, at_ms)
    escaped = b"\\" in orjson.dumps([account, others])
    assert made == (None if escaped else expected)
    stored = decode_settlement(body, attempts=attempts, at_ms=at_ms)
    assert rendering.lines(stored, entry, 0) == expected
