"""A run's history as `report` and `export` read it, also while another process writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkdel.ledger import reserve, rows
from bulkdel.ledger.codec import decode_parts
from bulkdel.ledger.identity import Identity, decode_identity
from bulkdel.ledger.ledger_file import Mark
from bulkdel.ledger.reader import connect_to_read
from bulkdel.ledger.samples import Sample, has_samples, read_samples
from bulkdel.ledger.settled import Settled
from bulkdel.ledger.sittings import LaneStop, Sitting
from bulkdel.ledger.storage import readable, translated
from bulkdel.ledger.values import Counters, OpenEntry

MOST_SITTINGS = 200
"""The latest ones; there may be one a night for years."""

_PAGE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the ledger ends, as last recorded: settlements, bytes, and the chain's hash in hex."""

    settlements: int
    length: int
    chain: str


class Chronicle:
    """An open reading of a journal: all of one moment, however long it is read."""

    def __init__(self, run_dir: Path, db: sqlite3.Connection) -> None:
        self._run_dir = run_dir
        self._db = db
        with readable(run_dir):
            meta = dict(db.execute("SELECT key, value FROM meta"))
            self.identity: Identity = decode_identity(meta["identity"])
        self._names = [target.name for target in self.identity.targets]

    def head(self) -> Head:
        """The ledger's end."""
        with readable(self._run_dir):
            mark: Mark = rows.read_heads(self._db)[1]
            return Head(settlements=mark.seq, length=mark.offset, chain=mark.chain.hex())

    def sittings(self) -> tuple[Sitting, ...]:
        """The last MOST_SITTINGS, in order."""
        found = self._db.execute(
            "SELECT pid, started_ms, before, ended_ms, end, lanes FROM sittings"
            " ORDER BY id DESC LIMIT ?",
            (MOST_SITTINGS,),
        ).fetchall()
        with readable(self._run_dir):
            return tuple(self._sitting(row) for row in reversed(found))

    def sitting_count(self) -> int:
        """How many there were."""
        return int(self._db.execute("SELECT count(*) FROM sittings").fetchone()[0])

    def samples(self, target: int) -> Iterator[Sample]:
        """What the lane of the target at this index did, in the order in which it was noted."""
        with readable(self._run_dir):
            yield from read_samples(self._db, target)

    def spans_within(self, width_ms: int) -> int:
        """The most spans of this width, over the targets, in which a lane did anything."""
        if not has_samples(self._db):
            return 0
        row = self._db.execute(
            "SELECT max(n) FROM (SELECT count(DISTINCT at_ms / ?) AS n FROM samples"
            " GROUP BY target)",
            (width_ms,),
        ).fetchone()
        return int(row[0] or 0)

    def settled(self) -> Settled:
        """Which entries are settled whole."""
        settled = Settled()
        with readable(self._run_dir):
            settled.adopt(rows.read_segments(self._db))
        return settled

    def open_entries(self, lo: int, hi: int) -> Iterator[OpenEntry]:
        """Every entry of lo … hi - 1 that has a history and is not settled whole, by ordinal.

        Those whose calls are out are among them.
        """
        while True:
            found = self._db.execute(
                "SELECT ordinal, parts, code, info FROM open"
                " WHERE ordinal >= ? AND ordinal < ? ORDER BY ordinal LIMIT ?",
                (lo, hi, _PAGE),
            ).fetchall()
            with readable(self._run_dir):
                page = [
                    OpenEntry(ordinal=ordinal, parts=decode_parts(parts), code=code, info=info)
                    for ordinal, parts, code, info in found
                ]
            yield from page
            if len(found) < _PAGE:
                return
            lo = found[-1][0] + 1

    def reserved(self, target: int) -> Iterator[reserve.Reserved]:
        """What the target at this index has in reserve and not in the second phase yet."""
        with readable(self._run_dir):
            yield from reserve.reserved(self._db, target)

    def second_phase(self, target: int, settled: Settled) -> Iterator[reserve.Waiting]:
        """Every entry of its second phase that is not settled whole, in the order of sending."""
        after = (-1.0, -1)
        while True:
            with readable(self._run_dir):
                page = reserve.second_phase(self._db, target, settled, _PAGE, after=after)
            yield from page
            if not page:
                return
            after = (page[-1].place, page[-1].batch.ordinal)

    def _sitting(self, row: tuple[int, int, str, int | None, str | None, str | None]) -> Sitting:
        pid, started_ms, before, ended_ms, end, lanes = row
        counters = orjson.loads(before)
        return Sitting(
            pid=pid,
            started_ms=started_ms,
            before={name: Counters(**one) for name, one in zip(self._names, counters, strict=True)},
            ended_ms=ended_ms,
            end=end,
            lanes=tuple(LaneStop(**lane) for lane in orjson.loads(lanes or "[]")),
        )


@contextmanager
def chronicle(run_dir: Path) -> Iterator[Chronicle | None]:
    """The history of the run in `run_dir` for the length of a with block; None without a journal.

    Raises:
        Corrupt: journal.db is damaged.
        StorageFailed: it cannot be read.
    """
    with translated(run_dir, reading=True):
        db = connect_to_read(run_dir)
        if db is None:
            yield None
            return
        with closing(db):
            db.execute("BEGIN")
            begun = db.execute("SELECT count(*) FROM meta").fetchone()[0]
            yield Chronicle(run_dir, db) if begun else None
