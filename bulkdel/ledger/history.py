"""A run's history as everybody reads it who does not work on it, also while it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bulkdel.ledger import reserve, rows
from bulkdel.ledger.codec import decode_parts
from bulkdel.ledger.identity import Identity, decode_identity, read_epoch
from bulkdel.ledger.ledger_file import refuse_orphans
from bulkdel.ledger.reader import connect_to_read
from bulkdel.ledger.samples import Sample, has_samples, read_samples
from bulkdel.ledger.settled import SettledSet
from bulkdel.ledger.sittings import SittingRecord, read_sittings
from bulkdel.ledger.storage import readable, translated
from bulkdel.ledger.values import Counters, OpenEntry, Settlement

MOST_SITTINGS: Final = 200
"""The latest ones; there may be one a night for years."""
MOST_AGREEMENTS: Final = 20
"""One is usual: it holds for all later sittings."""
MOST_CODES: Final = 20
"""How many codes a snapshot names, those with most pairs first."""

_PAGE = 2000
_LATEST = 200_000
"""Settlements that are looked through for the last one of a target; 0.03 s where there is none."""
_FAILED = """
SELECT target, code, info, pairs, -1 FROM failures ORDER BY pairs DESC, target, code LIMIT ?"""
# The rest of an entry of which nothing was refused has code 0: it was not sent yet.
_UNSETTLED = """
SELECT target, code, max(info), sum(pairs) AS pairs, min(ordinal) FROM open
WHERE NOT in_flight AND pairs > 0 AND code != 0
GROUP BY target, code ORDER BY pairs DESC, target, code LIMIT ?"""

_CARRIED = """
SELECT target, EXISTS (SELECT 1 FROM second_phase WHERE second_phase.ordinal = open.ordinal), parts,
    pairs
FROM open WHERE NOT in_flight AND pairs > 0 AND parts IS NOT NULL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEnd:
    """Where the ledger ends, as last recorded: settlements, bytes, and the chain's hash in hex."""

    settlements: int
    length: int
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCount:
    """How many pairs of a target last got this code; `info` is one text that came with it.

    Attributes:
        ordinal: an entry that holds such a pair; -1 where none is known.
        example: a From_Account that was refused so; empty where nobody has looked for one.
    """

    target: str
    code: int
    info: str
    pairs: int
    ordinal: int = -1
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Unsettled pairs of a target that a call has carried.

    Attributes:
        first: as planned. second: from their other side.
    """

    first: int = 0
    second: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A run at one moment, as `status` shows it.

    Attributes:
        identity: what the run is.
        begun: whether anything was sent; from then on the plan is fixed.
        counters: by target name, in the plan's order.
        failed: the codes that pairs failed with, at most MOST_CODES.
        unsettled: the codes that pairs which a call has carried wait with, at most MOST_CODES.
        carried: by target name, how many wait that a call has carried; a call that is out, or died
            with its process, is not among them.
        settled_ms: when its last pair was settled, by target name; not there where that is long
            ago or never was.
        first_started_ms: when the first sitting began.
        last: the last sitting.
    """

    identity: Identity
    begun: bool
    counters: Mapping[str, Counters]
    failed: tuple[CodeCount, ...]
    unsettled: tuple[CodeCount, ...]
    carried: Mapping[str, Carried]
    settled_ms: Mapping[str, int]
    first_started_ms: int | None
    last: SittingRecord | None


class History:
    """An open reading of a journal: all of one moment, however long it is read.

    Every method raises Corrupt where what it reads is not what was written.

    Attributes:
        identity: what the run is.
    """

    def __init__(self, run_dir: Path, db: sqlite3.Connection, identity: Identity) -> None:
        self.identity = identity
        self._run_dir = run_dir
        self._db = db
        self._names = [target.name for target in identity.targets]

    def begun(self) -> bool:
        """Whether anything was sent; from then on the plan is fixed."""
        with readable(self._run_dir):
            return rows.has_begun(self._db)

    def epoch(self) -> int:
        """Returns how often the run was taken as a shard of a store of leases; 0 if never."""
        with readable(self._run_dir):
            return read_epoch(self._db)

    def snapshot(self) -> Snapshot:
        """Returns what `status` shows of the run."""
        with readable(self._run_dir):
            counters = rows.read_counters(self._db)
            first = self._db.execute("SELECT min(started_ms) FROM sittings").fetchone()[0]
            return Snapshot(
                identity=self.identity,
                begun=self.begun(),
                counters=dict(zip(self._names, counters, strict=True)),
                failed=self._codes(_FAILED),
                unsettled=self._codes(_UNSETTLED),
                carried=self._carried(),
                settled_ms=self._settled_ms(),
                first_started_ms=first,
                last=next(iter(read_sittings(self._db, self._names, 1)), None),
            )

    def ledger_end(self) -> LedgerEnd:
        """Returns where the ledger ends."""
        with readable(self._run_dir):
            mark = rows.read_heads(self._db)[1]
            return LedgerEnd(settlements=mark.seq, length=mark.offset, chain=mark.chain.hex())

    def sittings(self) -> tuple[SittingRecord, ...]:
        """Returns the last MOST_SITTINGS, in order."""
        with readable(self._run_dir):
            return read_sittings(self._db, self._names, MOST_SITTINGS)

    def agreements(self) -> tuple[SittingRecord, ...]:
        """Returns the last MOST_AGREEMENTS sittings in which somebody agreed to the plan."""
        with readable(self._run_dir):
            return read_sittings(self._db, self._names, MOST_AGREEMENTS, agreeing=True)

    def sitting_count(self) -> int:
        """Returns how many sittings there were."""
        return int(self._db.execute("SELECT count(*) FROM sittings").fetchone()[0])

    def samples(self, target: int) -> Iterator[Sample]:
        """Yields what the lane of the target at this index did, in the order it was noted in."""
        with readable(self._run_dir):
            yield from read_samples(self._db, target)

    def spans_within(self, width_ms: int) -> int:
        """Returns the most spans of this width, over the targets, in which a lane did anything."""
        if not has_samples(self._db):
            return 0
        row = self._db.execute(
            "SELECT max(n) FROM (SELECT count(DISTINCT at_ms / ?) AS n FROM samples"
            " GROUP BY target)",
            (width_ms,),
        ).fetchone()
        return int(row[0] or 0)

    def settled(self) -> SettledSet:
        """Returns which entries are settled whole."""
        settled = SettledSet()
        with readable(self._run_dir):
            settled.adopt(rows.read_segments(self._db))
        return settled

    def open_entries(self, lo: int, hi: int) -> Iterator[OpenEntry]:
        """Yields every entry of lo … hi - 1 that has a history and is not settled whole.

        They come by ordinal; those whose calls are in flight are among them.
        """
        while True:
            with readable(self._run_dir):
                page = rows.open_entries(self._db, lo, hi, _PAGE, in_flight=True)
            yield from page
            if len(page) < _PAGE:
                return
            lo = page[-1].ordinal + 1

    def settlements(self) -> Iterator[tuple[int, int, Settlement]]:
        """Yields (ordinal, target, settlement), in the order of the ledger's lines."""
        with readable(self._run_dir):
            yield from rows.settlements(self._db, 0)

    def reserved(self, target: int) -> Iterator[reserve.Reserved]:
        """Yields what the target at this index has in reserve and not in the second phase yet."""
        with readable(self._run_dir):
            yield from reserve.reserved(self._db, target)

    def second_phase(self, target: int, settled: SettledSet) -> Iterator[reserve.Waiting]:
        """Yields each entry of its second phase not settled whole, in the order of sending."""
        after = (-1.0, -1)
        while True:
            with readable(self._run_dir):
                page = reserve.second_phase(self._db, target, settled, _PAGE, after=after)
            yield from page
            if not page:
                return
            after = (page[-1].place, page[-1].batch.ordinal)

    def _settled_ms(self) -> dict[str, int]:
        last_seq = self._db.execute("SELECT max(seq) FROM settlements").fetchone()[0] or 0
        latest = {
            name: self._db.execute(
                "SELECT at_ms FROM settlements WHERE target = ? AND seq > ?"
                " ORDER BY seq DESC LIMIT 1",
                (target, last_seq - _LATEST),
            ).fetchone()
            for target, name in enumerate(self._names)
        }
        return {name: row[0] for name, row in latest.items() if row}

    def _carried(self) -> dict[str, Carried]:
        counts = {name: [0, 0] for name in self._names}
        for target, second, stored, pairs in self._db.execute(_CARRIED):
            counts[self._names[target]][second] += sum(
                pairs if part.items is None else len(part.items)
                for part in decode_parts(stored)
                if part.attempts
            )
        return {name: Carried(first=one, second=two) for name, (one, two) in counts.items()}

    def _codes(self, query: str) -> tuple[CodeCount, ...]:
        return tuple(
            CodeCount(target=self._names[target], code=code, info=info, pairs=pairs, ordinal=at)
            for target, code, info, pairs, at in self._db.execute(query, (MOST_CODES,))
        )


HELD_ALONE: Final[dict[Path, Callable[[], AbstractContextManager[History]]]] = {}
"""How a journal is read that this process has alone, by its directory: nobody can open it again."""


@contextmanager
def open_history(run_dir: Path) -> Iterator[History | None]:
    """The history of the run in `run_dir` for the length of a with block; None without a journal.

    Raises:
        Corrupt: journal.db is damaged, or gone although there are results.
        StorageFailed: it cannot be read.
    """
    if (reading := HELD_ALONE.get(run_dir)) is not None:
        with reading() as history:
            yield history
        return
    with translated(run_dir, reading=True):
        with readable(run_dir):
            db = connect_to_read(run_dir)
        if db is None:
            refuse_orphans(run_dir)
            yield None
            return
        with closing(db):
            with readable(run_dir):
                db.execute("BEGIN")  # all that is read is of one moment
                meta = dict(db.execute("SELECT key, value FROM meta"))
                identity = decode_identity(meta["identity"]) if meta else None
            yield None if identity is None else History(run_dir, db, identity)


def snapshot(run_dir: Path) -> Snapshot | None:
    """Returns the run in `run_dir` at this moment; None if it has no journal yet.

    Raises:
        Corrupt: journal.db is damaged.
        StorageFailed: it cannot be read.
    """
    with open_history(run_dir) as history:
        return None if history is None else history.snapshot()


def begun(run_dir: Path) -> bool:
    """Whether anything was sent from `run_dir`; from then on its plan is fixed.

    Raises:
        Corrupt: journal.db is damaged.
        StorageFailed: it cannot be read.
    """
    with open_history(run_dir) as history:
        return history is not None and history.begun()
