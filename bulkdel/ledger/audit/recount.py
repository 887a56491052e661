"""Every pair counted again from the settlements: none twice, and all as the journal says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from bulkdel.ledger.audit.reserve_check import ReserveCheck
from bulkdel.ledger.codec import decode_parts
from bulkdel.ledger.counting import counted
from bulkdel.ledger.settled import SEGMENT_BYTES, SettledSet
from bulkdel.ledger.values import Counters, Settlement
from bulkdel.plan.values import Share
from bulkdel.words import Batch, Verdict


class Recount:
    """The settled pairs of a run, whose plan has these shares.

    Attributes:
        pairs: settled pairs by target and status.
        reserve: what was put in reserve.
        second_settled: of the pairs, those that the second phase settled, by target.
    """

    def __init__(self, shares: Sequence[Share]) -> None:
        self._shares = shares
        total = max((share.first + share.batches for share in shares), default=0)
        self._whole = bytearray(total // 8 + 1)
        self._some: dict[int, int] = {}
        self._end = total
        self._read: Callable[[int], tuple[int, Batch] | None] = lambda _: None
        self.reserve = ReserveCheck(len(shares))
        self.second_settled = [0] * len(shares)
        self._failures: dict[tuple[int, int], int] = {}
        self.pairs = [Counters().by_status for _ in shares]

    def extend(self, total: int, read: Callable[[int], tuple[int, Batch] | None]) -> None:
        """The second phase's entries stand behind the plan's, up to `total`; `read` gives one."""
        self._read = read
        if total > self._end:
            self._whole.extend(bytes(total // 8 + 1 - len(self._whole)))

    def second(self, ordinal: int) -> Batch | None:
        """An entry of the second phase; None where the plan has this ordinal, or nothing has."""
        entry = self._read(ordinal) if ordinal >= self._end else None
        return None if entry is None else entry[1]

    def alike(self, ordinal: int, target: int, size: int, status: Verdict, code: int) -> str:
        """Count a whole entry that was settled alike; says what is wrong with that, if anything."""
        byte, bit = ordinal >> 3, 1 << (ordinal & 7)
        if self._whole[byte] & bit or ordinal in self._some:
            return "pairs of it were settled before"
        self._whole[byte] |= bit
        self.pairs[target][status] += size
        if status is Verdict.FAILED:
            self._count_failed(target, code, size)
        return ""

    def settle(self, ordinal: int, target: int, size: int, settlement: Settlement) -> str:
        """Count any settlement; says what is wrong with it, if anything."""
        full = (1 << size) - 1
        before = full if self._is_whole(ordinal) else self._some.get(ordinal, 0)
        try:
            now = _positions(settlement, size, full)
        except ValueError as error:
            return str(error)
        if now & before:
            return f"{(now & before).bit_count()} of its pairs were settled before"
        for group, pairs in counted(settlement, size):
            if group.in_reserve:
                continue
            if ordinal >= self._end:
                self.second_settled[target] += pairs
            self.pairs[target][group.status] += pairs
            if group.status is Verdict.FAILED and pairs:
                self._count_failed(target, group.code, pairs)
        if now | before == full:
            self._some.pop(ordinal, None)
            self._whole[ordinal >> 3] |= 1 << (ordinal & 7)
        else:
            self._some[ordinal] = now | before
        return ""

    def _count_failed(self, target: int, code: int, pairs: int) -> None:
        key = (target, code)
        self._failures[key] = self._failures.get(key, 0) + pairs

    def disagreements(
        self, db: sqlite3.Connection, counters: Sequence[Counters], size_at: Callable[[int], int]
    ) -> Iterator[str]:
        """Where bitmap, open rows, counters and failures say something else than was counted."""
        yield from self._of_counters(db, counters)
        names = [share.target for share in self._shares]
        yield from self.reserve.disagreements(db, names, self.second_settled, counters)
        yield from self._of_bitmap(db)
        yield from self._of_open_rows(db, size_at)

    def _of_counters(self, db: sqlite3.Connection, counters: Sequence[Counters]) -> Iterator[str]:
        for share, pairs, counter in zip(self._shares, self.pairs, counters, strict=False):
            for status, number in counter.by_status.items():
                if pairs[status] != number:
                    yield (
                        f"{share.target}: {pairs[status]:,} pairs are settled as {status}, but the "
                        f"counter says {number:,}"
                    )
        stored = {
            (int(index), int(code)): int(pairs)
            for index, code, pairs in db.execute("SELECT target, code, pairs FROM failures")
        }
        for index, code in sorted(stored.keys() | self._failures.keys()):
            counted_here = self._failures.get((index, code), 0)
            kept = stored.get((index, code), 0)
            if counted_here != kept:
                known = 0 <= index < len(self._shares)
                name = self._shares[index].target if known else f"target {index}"
                yield (
                    f"{name}: {counted_here:,} pairs failed with code {code}, but the count of "
                    f"failures says {kept:,}"
                )

    def _of_bitmap(self, db: sqlite3.Connection) -> Iterator[str]:
        ours = self._whole
        last = -(-len(ours) // SEGMENT_BYTES)
        seen = 0
        for number, bits in db.execute("SELECT segment, bits FROM settled ORDER BY segment"):
            for missing in range(seen, min(number, last)):
                yield from _segment(missing, ours, b"")
            yield from _segment(number, ours, bits)
            seen = number + 1
        for missing in range(seen, last):
            yield from _segment(missing, ours, b"")

    def _of_open_rows(self, db: sqlite3.Connection, size_at: Callable[[int], int]) -> Iterator[str]:
        rows = db.execute(
            "SELECT ordinal, target, parts, in_flight, pairs FROM open ORDER BY ordinal"
        )
        open_some = 0
        for ordinal, target, stored, in_flight, pairs in rows:
            where = f"the open row of entry {ordinal}"
            if not self.belongs(ordinal, target):
                yield f"{where} is of no entry of the plan"
                continue
            if self._is_whole(ordinal):
                yield f"{where} says that something is left of it, but it is settled whole"
                continue
            size = size_at(ordinal)
            full = (1 << size) - 1
            settled = self._some.get(ordinal, 0)
            open_some += ordinal in self._some
            left, items = 0, 0
            for part in decode_parts(stored):
                if part.items is None:
                    left, items = left | full, items + size
                else:
                    left |= _mask(part.items, size)
                    items += len(part.items)
            if left != full & ~settled or items != left.bit_count():
                yield f"{where} does not name exactly the pairs of it that are not settled"
            elif not in_flight and pairs not in (0, items):
                yield f"{where} counts {pairs} pairs, but {items} are left"
        if open_some != len(self._some):
            lost = len(self._some) - open_some
            yield f"{lost:,} entries are settled in part, and no open row says what is left of them"

    def belongs(self, ordinal: int, target: int) -> bool:
        """Whether the plan has this entry, for this target."""
        if not 0 <= target < len(self._shares):
            return False
        if ordinal >= self._end:
            entry = self._read(ordinal)
            return entry is not None and entry[0] == target
        share = self._shares[target]
        return share.first <= ordinal < share.first + share.batches

    def _is_whole(self, ordinal: int) -> bool:
        return bool(self._whole[ordinal >> 3] >> (ordinal & 7) & 1)


def _segment(number: int, ours: bytearray, bits: bytes) -> Iterator[str]:
    begin = number * SEGMENT_BYTES
    counted_here = bytes(ours[begin : begin + SEGMENT_BYTES]) if begin >= 0 else b""
    if counted_here.ljust(SEGMENT_BYTES, b"\0") == bits.ljust(SEGMENT_BYTES, b"\0"):
        return
    theirs, here = SettledSet(), SettledSet()
    theirs.adopt({0: bits[:SEGMENT_BYTES].ljust(SEGMENT_BYTES, b"\0")})
    here.adopt({0: counted_here.ljust(SEGMENT_BYTES, b"\0")})
    for bit in range(SEGMENT_BYTES * 8):
        if (bit in here) != (bit in theirs):
            word = "has not" if bit in here else "has"
            yield (
                f"the bitmap {word} entry {begin * 8 + bit} as settled whole, "
                "but its settlements say otherwise"
            )
    if len(bits) != SEGMENT_BYTES:
        yield f"segment {number} of the bitmap has {len(bits)} bytes instead of {SEGMENT_BYTES}"


def _positions(settlement: Settlement, size: int, full: int) -> int:
    """The positions that a settlement settles, as bits; ValueError if it is no partition."""
    of = full if settlement.of is None else _mask(settlement.of, size)
    left = _mask(settlement.left, size)
    named = left
    rests = 0
    for group in settlement.groups:
        if not group.status.settles:
            raise ValueError(f"{group.status} settles no pair")
        if group.items is None:
            rests += 1
            continue
        mask = _mask(group.items, size)
        if mask & named:
            raise ValueError("it names a pair twice")
        named |= mask
    if named & ~of or rests > 1 or (not rests and named != of):
        raise ValueError("it does not account for exactly the pairs that its call carried")
    return of & ~left


def _mask(items: Sequence[int], size: int) -> int:
    mask = 0
    for item in items:
        if not 0 <= item < size:
            raise ValueError(f"it names position {item} of an entry of {size}")
        mask |= 1 << item
    if mask.bit_count() != len(items):
        raise ValueError("it names a pair twice")
    return mask
