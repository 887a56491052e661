"""Reads a plan back: its identity, and its entries from anywhere, in sending order."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from bulkdel import files
from bulkdel.errors import BulkdelError, Corrupt, StorageFailed
from bulkdel.plan import duck
from bulkdel.plan.meta import META_KEY, from_json
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Entry, Operation, Orient, Sweep, batch_of

PLAN_FILE = files.PLAN
Row: TypeAlias = tuple[int, str, str | None]
"""Ordinal, From_Account, and its To_Accounts a line each in any order, those that the input names
from the other side with TURNED behind them; None for a Sweep."""

_LIST_IDS = 50_000
_LIST_ENTRIES = 512


def read_plan_meta(run_dir: Path) -> PlanMeta | None:
    """The identity and books of the plan in `run_dir`; None if there is no plan yet.

    Raises:
        Corrupt: the file is damaged, or written by another version of bulkdel.
        StorageFailed: it cannot be read just now.
        WrongInput: this user may not read it.
    """
    path = run_dir / PLAN_FILE
    if not files.is_there(path):
        return None
    query = (
        f"SELECT value FROM parquet_kv_metadata({duck.file_literal(path)}) "  # noqa: S608 - a quoted path
        f"WHERE key = {duck.literal(META_KEY)}::BLOB"
    )
    con = duck.open_reader()
    try:
        row = con.execute(query).fetchone()
        return from_json(b"" if row is None else bytes(row[0]))
    except duck.DuckError as exc:
        raise _failed(path, "is damaged or of another version of bulkdel", exc) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise _corrupt(path, "is damaged or of another version of bulkdel") from exc
    finally:
        con.close()


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
    """The entries of a plan. Several scans may go on at once, each in its own thread."""

    def __init__(self, run_dir: Path, meta: PlanMeta) -> None:
        self._path = run_dir / PLAN_FILE
        self._sweeps = meta.fingerprint.operation is Operation.DELETE_ALL_FRIENDS
        self._oriented = meta.fingerprint.orient is Orient.FEWEST_CALLS
        most = max((size for _, size in meta.fingerprint.targets), default=1)
        self._list_rows = _LIST_ENTRIES
        if not self._sweeps:
            self._list_rows = max(1, min(_LIST_ENTRIES, _LIST_IDS // most))
        self._end = max((share.first + share.batches for share in meta.shares), default=0)
        self._near: tuple[int, list[Row]] = (0, [])
        self._con = duck.open_reader()
        self._con.execute("SET parquet_metadata_cache = true")
        self._lock = threading.Lock()

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
        self._con.close()

    def scan(self, lo: int, hi: int) -> Iterator[list[Entry]]:
        """The entries with lo ≤ ordinal < hi, in order, in lists of bounded size.

        Raises:
            Corrupt: the file is damaged, or an entry is missing or out of order.
            StorageFailed: it cannot be read just now.
        """
        for rows in self.rows(lo, hi):
            yield [self.entry_of(row) for row in rows]

    def rows(self, lo: int, hi: int) -> Iterator[list[Row]]:
        """What `scan` gives, as the rows that `entry_of` reads: a third of the time and memory.

        Raises:
            Corrupt: as `scan`.
        """
        with self._lock:
            cursor = self._con.cursor()
        following = lo
        try:
            cursor.execute(
                "SELECT ordinal, from_account, to_accounts "  # noqa: S608 - a quoted path
                f"FROM read_parquet({duck.file_literal(self._path)}) "
                "WHERE ordinal >= ? AND ordinal < ?",
                [lo, hi],
            )
            while rows := cursor.fetchmany(self._list_rows):
                for ordinal, account, others in rows:
                    if ordinal != following:
                        raise _corrupt(self._path, f"entry {following} is not in its place")
                    if not account or bool(others) is self._sweeps:
                        # Above all, a batch that lost its ids must never clear a whole list.
                        raise _corrupt(self._path, f"entry {following} is not what was planned")
                    following += 1
                yield rows
        except duck.DuckError as exc:
            what = f"cannot be read from entry {following} on"
            raise _failed(self._path, what, exc) from exc
        finally:
            cursor.close()
        if following < hi:
            raise _corrupt(self._path, f"entry {following} is missing")

    def entry_of(self, row: Row) -> Entry:
        """The entry that a row of the plan describes."""
        ordinal, account, others = row
        if others is None:  # only where the plan clears whole lists: see rows
            return Sweep(ordinal, account)
        return batch_of(ordinal, account, others, oriented=self._oriented)

    def entry(self, ordinal: int) -> Entry:
        """The entry with this ordinal. Raises Corrupt if there is none.

        Each look into the file takes some 15 ms, and hundreds of neighbours are asked for after a
        kill. So those behind an entry are read with it, and kept until others are.
        """
        first, rows = self._near
        if not first <= ordinal < first + len(rows):
            end = max(ordinal + 1, min(ordinal + self._list_rows, self._end))
            first, rows = ordinal, next(self.rows(ordinal, end))
            self._near = first, rows  # at once: others may look from threads of theirs
        return self.entry_of(rows[ordinal - first])


def _failed(path: Path, what: str, exc: duck.DuckError) -> BulkdelError:
    """A StorageFailed where the machine could not read the file, which says nothing of it."""
    if why := duck.answered(exc):
        words = "mend that, then run the same command again"
        return StorageFailed(f"{path} cannot be read ({why}); {words}")
    return _corrupt(path, what)


def _corrupt(path: Path, what: str) -> Corrupt:
    return Corrupt(f"{path}: the plan {what}; use --run-dir for a new run")
