"""A lane's log names an entry so that its lines in the ledger can be found, and no account."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from bulkdel.send.lane_log import LaneLog
from bulkdel.words import Asked, Batch, Entry, Sides, Sweep, batch_label
from tests.support import build

PLANNED = build.fingerprint([("tencent", 1000)])
BATCH = Batch(7, "alice", ("bob", "carol"))


def written(entry: Entry, **values: Any) -> dict[str, Any]:
    """What an event of `entry` holds."""
    with structlog.testing.capture_logs() as logs:
        log = LaneLog(structlog.get_logger(), lambda: 0.0, PLANNED, "tencent")
        log.write("call.not_sent", log.of_entry(entry, **values))
    (line,) = logs
    return {key: value for key, value in line.items() if key not in {"event", "log_level"}}


@pytest.mark.parametrize("entry", [BATCH, Sweep(8, "alice")])
def test_an_entry_is_named_by_its_label(entry: Entry) -> None:
    """The one that its lines in the ledger have; what may be written of it the log decides."""
    label = batch_label("tencent", PLANNED.operation, PLANNED.mode, entry)
    assert written(entry, reason="no") == {
        "ordinal": entry.ordinal,
        "account": "alice",
        "batch": label,
        "reason": "no",
    }


def test_other_sides_are_named_by_where_they_were_planned() -> None:
    """A pair of the second phase keeps the label of the first in the ledger; each is named once."""
    asked = tuple(Asked(label=label, attempts=1, lost=0, code=1) for label in ("a1", "b2", "a1"))
    entry = Batch(9, "alice", ("bob", "carol", "dave"), Sides(turned=bytes(3), asked=asked))
    named = {"ordinal": 9, "account": "alice"}
    assert written(entry) == {**named, "batch": "a1", "batches": ["a1", "b2"]}
    assert written(Batch(9, "alice", ("bob",), Sides(bytes(1), asked[:1]))) == {
        **named,
        "batch": "a1",
    }
