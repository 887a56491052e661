"""What each lane did, span by span, over all sittings: the report's charts, kept in journal.db.

A sample is no part of the truth: it rides with the recorder's ordinary tick, and the spans that a
killed process had not handed over are not there.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

TABLE = """
CREATE TABLE IF NOT EXISTS samples (
    at_ms INTEGER NOT NULL, target INTEGER NOT NULL, body BLOB NOT NULL)"""
"""A table of its own beside the schema: a journal that was begun without it is continued."""

BUCKETS_AN_OCTAVE = 8
"""Of latencies: a bucket's ends are 9 per cent apart, its middle is within 5 of all in it."""
BUCKETS = 160
"""0.06 ms to 65 s; what lies outside is in the first or the last."""
_FIRST = -32  # in eighths of an octave above 1 ms


def bucket_of(seconds: float) -> int:
    """The bucket that a latency belongs to, 0 … BUCKETS - 1."""
    if seconds <= 0:
        return 0
    bucket = math.floor(math.log2(seconds * 1000) * BUCKETS_AN_OCTAVE) - _FIRST
    return min(max(bucket, 0), BUCKETS - 1)


def middle_ms(bucket: int) -> float:
    """A bucket's middle, in milliseconds."""
    return float(2 ** ((bucket + _FIRST + 0.5) / BUCKETS_AN_OCTAVE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One lane in one span of time. Times are milliseconds; `at_ms` is Unix time.

    Attributes:
        target: index of the target in the plan.
        at_ms, span_ms: when the span began, and its length.
        calls: that left. throttled, retries, lost_answers: as in Counters.
        settled: pairs.
        qps: the ceiling. pace: what the lane allowed itself at the span's end. Both calls/s.
        held_ms, probing_ms, waiting_ms: how long the provider held the lane; how long it sent one
            call at a time, to see whether the provider is there; how long it kept still for
            another reason.
        reason: why it did not send, in words; the last one, empty if there was none.
        latency: answers by bucket of `bucket_of`.
        codes: calls whose answer left something unsettled, by code.
    """

    target: int
    at_ms: int
    span_ms: int
    calls: int = 0
    settled: int = 0
    retries: int = 0
    throttled: int = 0
    lost_answers: int = 0
    qps: float = 0.0
    pace: float = 0.0
    held_ms: int = 0
    probing_ms: int = 0
    waiting_ms: int = 0
    reason: str = ""
    latency: Mapping[int, int] = field(default_factory=dict)
    codes: Mapping[int, int] = field(default_factory=dict)


def put_samples(db: sqlite3.Connection, samples: Iterable[Sample]) -> None:
    """Keep them; inside the caller's transaction."""
    db.executemany(
        "INSERT INTO samples VALUES (?, ?, ?)",
        [(one.at_ms, one.target, _encoded(one)) for one in samples],
    )


def has_samples(db: sqlite3.Connection) -> bool:
    """Whether the table is there; an older journal has none until it is continued."""
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'samples'").fetchone())


def read_samples(db: sqlite3.Connection, target: int) -> Iterator[Sample]:
    """A target's samples as they were written; none of an older journal."""
    if not has_samples(db):
        return
    rows = db.execute("SELECT at_ms, body FROM samples WHERE target = ? ORDER BY rowid", (target,))
    for at_ms, body in rows:
        yield _decoded(target, at_ms, body)


def _encoded(one: Sample) -> bytes:
    return orjson.dumps(
        (
            one.span_ms,
            (one.calls, one.settled, one.retries, one.throttled, one.lost_answers),
            (one.qps, round(one.pace, 2)),
            (one.held_ms, one.probing_ms, one.waiting_ms, one.reason),
            tuple(one.latency.items()),
            tuple(one.codes.items()),
        )
    )


def _decoded(target: int, at_ms: int, body: bytes) -> Sample:
    span_ms, did, rates, stood, latency, codes = orjson.loads(body)
    pairs = [one for pair in (*latency, *codes) for one in pair]
    numbers = (span_ms, *did, *rates, *stood[:3], *pairs)
    if not all(isinstance(one, int | float) for one in numbers) or not isinstance(stood[3], str):
        raise ValueError("a sample holds no numbers")
    return Sample(
        target=target,
        at_ms=at_ms,
        span_ms=span_ms,
        calls=did[0],
        settled=did[1],
        retries=did[2],
        throttled=did[3],
        lost_answers=did[4],
        qps=rates[0],
        pace=rates[1],
        held_ms=stood[0],
        probing_ms=stood[1],
        waiting_ms=stood[2],
        reason=stood[3],
        latency=dict(latency),
        codes=dict(codes),
    )
