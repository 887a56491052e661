"""Reads a plan back: its identity, and its entries from anywhere, in sending order."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias, get_args

from bulkdel import files
from bulkdel.errors import RESTORE, BulkdelError, Corrupt, StorageFailed
from bulkdel.plan import duck
from bulkdel.plan.entries import Row, batch_of, pull_of, put_back_of
from bulkdel.plan.meta import DIGESTS_KEY, META_KEY, from_json
from bulkdel.plan.stretches import DIGEST_BYTES, rows_digest, stretch_of
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Entry, Errand, Operation, Orient, Sweep

PLAN_FILE = files.PLAN

_DAMAGED = "is damaged or of another version of bulkdel"


def read_plan_meta(run_dir: Path) -> PlanMeta | None:
    """The identity and books of the plan in `run_dir`; None if there is no plan yet.

    Raises:
        Corrupt: the file is damaged, or written by another version of bulkdel.
        StorageFailed: it cannot be read just now.
        WrongInput: this user may not read it.
        OSError: it cannot be opened.
    """
    path = run_dir / PLAN_FILE
    if not files.is_there(path):
        return None
    try:
        with closing(duck.open_reader()) as con, duck.opened(path) as file:
            return from_json(kept_bytes(con, file, META_KEY))
    except duck.DuckError as exc:
        raise _failed(path, _DAMAGED, exc) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise _corrupt(path, _DAMAGED) from exc


def plan_sha256(run_dir: Path) -> str:
    """The SHA-256 of the plan's file, in hex digits; some 0.5 s for each GB.

    Raises:
        Corrupt: it cannot be read.
    """
    path = run_dir / PLAN_FILE
    try:
        with files.open_to_read(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise _corrupt(path, f"cannot be read ({exc.strerror})") from exc


class PlanReader:
    """The entries of a plan. Several scans may go on at once, each in its own thread.

    Entries are read in whole stretches, and each is compared with the digest that was taken of it
    before it was written: what was planned is what is read, whatever lies between.
    """

    def __init__(self, run_dir: Path, meta: PlanMeta) -> None:
        """Opens the plan in `run_dir`, which is the one that `meta` tells of.

        Raises:
            Corrupt: it is damaged, or its digests are not those of `meta`.
            StorageFailed: it cannot be read just now.
            OSError: it cannot be opened.
        """
        self._path = run_dir / PLAN_FILE
        self._operation = meta.fingerprint.operation
        self._sweeps = self._operation is Operation.DELETE_ALL_FRIENDS
        if meta.origin is not None:
            self._sweeps = meta.origin.whole_lists
        self._oriented = meta.fingerprint.orient is Orient.FEWEST_CALLS
        sizes = [1] if self._sweeps else [size for _, size in meta.fingerprint.targets]
        self._stretch = meta.stretch or stretch_of(sizes)
        self._end = max((share.first + share.batches for share in meta.shares), default=0)
        self._near: tuple[int, list[Row]] = (0, [])
        self._lock = threading.Lock()
        with ExitStack() as stack:
            try:
                self._file = stack.enter_context(duck.opened(self._path))
                self._con = stack.enter_context(closing(duck.open_reader()))
                self._digests = (
                    kept_bytes(self._con, self._file, DIGESTS_KEY) if meta.stretch else b""
                )
            except duck.DuckError as exc:
                raise _failed(self._path, _DAMAGED, exc) from exc
            if meta.stretch and (
                len(self._digests) != -(-self._end // self._stretch) * DIGEST_BYTES
                or hashlib.sha256(self._digests).hexdigest() != meta.entries_sha256
            ):
                raise _corrupt(self._path, "has lost the digests of its entries")
            self._opened = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file; scans under way end with an error."""
        self._opened.close()

    def compare(self) -> None:
        """Reads every entry once, and so compares all of them with their digests.

        Raises:
            Corrupt: one is not what was planned.
        """
        for _ in self.rows(0, self._end):
            pass

    def scan(self, lo: int, hi: int) -> Iterator[list[Entry]]:
        """The entries with lo ≤ ordinal < hi, in order, in lists of bounded size.

        Raises, and nothing else:
            Corrupt: the file is damaged, or an entry is missing or out of order.
            StorageFailed: the machine cannot read it just now: the disk, the memory.
        """
        try:
            for rows in self.rows(lo, hi):
                yield [self.entry_of(row) for row in rows]
        except MemoryError as exc:
            raise _unreadable(self._path, os.strerror(errno.ENOMEM)) from exc

    def rows(self, lo: int, hi: int) -> Iterator[list[Row]]:
        """What `scan` gives, as the rows that `entry_of` reads: a third of the time and memory.

        Raises:
            Corrupt, StorageFailed: as `scan`.
        """
        if lo >= hi:
            return
        following = lo - lo % self._stretch
        behind = max(hi, min(hi + -hi % self._stretch, self._end))
        try:
            with self._lock:
                cursor = self._con.cursor()
            with closing(cursor):
                cursor.execute(
                    "SELECT ordinal::BIGINT, from_account, to_accounts "  # noqa: S608 - our own words
                    f"FROM {duck.parquet_rows(self._file)} WHERE ordinal >= ? AND ordinal < ?",
                    [following, behind],
                )
                while rows := cursor.fetchmany(self._stretch):
                    self._compare(rows, following)
                    if asked := rows[max(0, lo - following) : hi - following]:
                        yield asked
                    following += len(rows)
        except _FAILURES as exc:
            what = f"cannot be read from entry {following} on"
            raise _failed(self._path, what, exc) from exc
        if following < hi:
            raise _corrupt(self._path, f"entry {max(lo, following)} is missing")

    def _compare(self, rows: list[Row], first: int) -> None:
        """Raises Corrupt unless `rows` are the whole stretch that begins with entry `first`."""
        at = first // self._stretch * DIGEST_BYTES
        with suppress(TypeError, ValueError):  # something is no text: then it has no digest
            if self._digests and rows_digest(rows) == self._digests[at : at + DIGEST_BYTES]:
                return
        for following, (ordinal, account, others) in enumerate(rows, first):
            if ordinal != following:
                raise _corrupt(self._path, f"entry {following} is not in its place")
            if not account or bool(others) is self._sweeps or not _texts(account, others):
                # Above all, a batch that lost its ids must never clear a whole list.
                raise _corrupt(self._path, f"entry {following} is not what was planned")
        if self._digests:
            last = first + len(rows) - 1
            what = f"has other entries from {first} to {last} than were planned"
            raise _corrupt(self._path, what)

    def entry_of(self, row: Row) -> Entry:
        """The entry that a row of the plan describes."""
        ordinal, account, others = row
        if self._operation is Errand.PULL:
            return pull_of(ordinal, account, others)
        if others is None:  # only where the plan clears whole lists: see rows
            return Sweep(ordinal, account)
        if self._operation is Errand.PUT_BACK:
            return put_back_of(ordinal, account, others)
        return batch_of(ordinal, account, others, oriented=self._oriented)

    def entry(self, ordinal: int) -> Entry:
        """The entry with this ordinal.

        Each look into the file takes some 15 ms, and hundreds of neighbours are asked for after a
        kill. So the whole stretch of an entry is kept until another is asked for.

        Raises, and nothing else:
            Corrupt, StorageFailed: as `scan`.
        """
        first, rows = self._near
        if not first <= ordinal < first + len(rows):
            first = ordinal - ordinal % self._stretch
            end = max(ordinal + 1, min(first + self._stretch, self._end))
            rows = next(self.rows(first, end), [])
            if ordinal - first >= len(rows):  # such as one of the second phase, which is no plan's
                raise _corrupt(self._path, f"entry {ordinal} is missing")
            self._near = first, rows  # at once: others may look from threads of theirs
        try:
            return self.entry_of(rows[ordinal - first])
        except MemoryError as exc:
            raise _unreadable(self._path, os.strerror(errno.ENOMEM)) from exc


def _texts(account: object, others: object) -> bool:
    """Whether these values are as a plan holds them; a damaged file may have others."""
    return isinstance(account, str) and isinstance(others, str | None)


_Failure: TypeAlias = duck.DuckError | OSError | MemoryError | UnicodeDecodeError
_FAILURES: Final = get_args(_Failure)
"""What comes of reading a file that is damaged, or of a machine that cannot read it."""


def _failed(path: Path, what: str, exc: _Failure) -> BulkdelError:
    """A StorageFailed where the machine could not read the file, which says nothing of it."""
    if isinstance(exc, MemoryError | duck.OutOfMemory):
        return _unreadable(path, os.strerror(errno.ENOMEM))
    if isinstance(exc, OSError):
        return _unreadable(path, exc.strerror or str(exc))
    why = duck.answered(exc) if isinstance(exc, duck.DuckError) else ""
    return _unreadable(path, why) if why else _corrupt(path, what)


def _unreadable(path: Path, why: str) -> StorageFailed:
    words = "put that right, then run the same command again"
    return StorageFailed(f"{path} cannot be read ({why})", mend=words)


def kept_bytes(con: duck.Connection, file: duck.FileName, key: str) -> bytes:
    """What stands under `key` in a plan's metadata; nothing if there is no such key."""
    row = con.execute(
        f"SELECT value FROM {duck.parquet_facts(file, 'kv_metadata')} "  # noqa: S608 - our own words
        f"WHERE key = {duck.literal(key)}::BLOB"
    ).fetchone()
    return b"" if row is None else bytes(row[0])


def _corrupt(path: Path, what: str) -> Corrupt:
    return Corrupt(f"the plan {what}", where=path, mend=RESTORE)
