"""The log of single calls: its size does not grow with their number."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.send.sampled import FEW, KINDS_MOST, OTHERS, SPAN_S, LineQuota, SampledLog


def test_a_few_of_a_kind_a_minute_and_how_many_more() -> None:
    """The first of the next minute tells how many were left out before it."""
    sample = LineQuota(0.0)
    told = [sample.takes("a", at * 0.1) for at in range(100)]
    assert told == [0] * FEW + [None] * (100 - FEW)
    assert sample.takes("b", 10.0) == 0
    assert sample.takes("a", SPAN_S) == 100 - FEW
    assert sample.takes("a", SPAN_S) == 0
    assert dict(sample.rest()) == {}


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0, 30)), max_size=300))
def test_every_line_is_written_or_counted(events: list[tuple[int, float]]) -> None:
    """Lines, and the numbers of those left out, add up; lines are bounded by kinds and time."""
    sample, now, written, counted = LineQuota(0.0), 0.0, 0, 0
    for kind, wait_s in events:
        now += wait_s
        more = sample.takes(str(kind), now)
        written += more is not None
        counted += more or 0
    counted += sum(more for _, more in sample.rest())
    assert written + counted == len(events)
    assert written <= (now // SPAN_S + 1) * FEW * (KINDS_MOST + 1)


def test_a_new_code_each_time_is_no_way_around_it() -> None:
    """Beyond KINDS_MOST kinds the others are one kind."""
    sample = LineQuota(0.0)
    written = sum(sample.takes(str(code), 0.0) is not None for code in range(100_000))
    assert written == KINDS_MOST + FEW
    assert dict(sample.rest()) == {OTHERS: 100_000 - written}


def test_fields_are_made_for_lines_that_are_written_only() -> None:
    """A label costs a hash over a whole batch."""
    lines: list[tuple[str, dict[str, Any]]] = []
    made = 0

    class Log:
        """Takes lines."""

        def info(self, event: str, **fields: Any) -> None:
            """As structlog's."""
            lines.append((event, fields))

        warning = info

    def fields() -> dict[str, Any]:
        nonlocal made
        made += 1
        return {"n": made}

    log = SampledLog(Log(), lambda: 0.0)  # type: ignore[arg-type]  # all that it uses
    for _ in range(1000):
        log.write("answer.unsettled", fields, kind="x", warn=random.random() < 0.5)
    log.close()
    assert made == FEW
    assert lines[-1] == ("log.left_out", {"of": "answer.unsettled x", "more": 1000 - FEW})
