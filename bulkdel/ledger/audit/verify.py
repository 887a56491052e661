"""The ledger against plan, journal and hash chain: everything that was written, checked again.

The ledger is a rendering of the journal's settlements and the plan, so it is rendered again and
compared byte by byte; the chain h(n) = SHA-256(h(n - 1) + lines of settlement n) is computed again
and compared with what was recorded; and the pairs are counted again. This detects corruption and
carelessness. It is no proof against somebody who writes all three files anew.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from bulkdel import files
from bulkdel.errors import Busy, Corrupt
from bulkdel.ledger import reserve, rows
from bulkdel.ledger.audit import pages
from bulkdel.ledger.audit.chain import Chain, pieces, runs
from bulkdel.ledger.audit.comparison import Comparison
from bulkdel.ledger.audit.findings import Finding, Findings
from bulkdel.ledger.audit.journal_audit import Audit, PlannedTarget
from bulkdel.ledger.audit.pages import Pages, Scan
from bulkdel.ledger.audit.replay import Replay
from bulkdel.ledger.books import size_of
from bulkdel.ledger.codec import decode_settlement
from bulkdel.ledger.identity import decode_identity
from bulkdel.ledger.ledger_file import LEDGER, Mark
from bulkdel.ledger.lock import Holder, holder
from bulkdel.ledger.reader import connect_to_read, is_there
from bulkdel.ledger.schema import VERSION
from bulkdel.ledger.storage import UNREADABLE, is_short_of_means, translated
from bulkdel.ledger.tables import JOURNAL
from bulkdel.words import Batch, Entry, Mode, Operation, Verdict

PLAN: Final = "plan.parquet"

_UNREADABLE: Final = (*UNREADABLE, sqlite3.Error)

_ROWS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the plan says of itself; `sha256` is of its file. `targets` in its order."""

    digest: str
    sha256: str
    operation: Operation
    mode: Mode
    oriented: bool
    targets: tuple[PlannedTarget, ...]

    @property
    def entries(self) -> int:
        """How many entries the plan has."""
        return sum(target.batches for target in self.targets)

    @property
    def pairs(self) -> int:
        """How many pairs, over all targets."""
        return sum(target.pairs for target in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verification found.

    Attributes:
        findings: the first of them; `count` is how many there are.
        lines: of the ledger, compared.
        settlements: of the journal, rendered again.
        pending: lines that will be written when the run is continued.
        settled: pairs by target name and status, as counted from the settlements; empty where not
            all of them could be read.
    """

    findings: tuple[Finding, ...]
    count: int
    lines: int
    settlements: int
    pending: int
    settled: dict[str, dict[Verdict, int]]

    def with_findings(self, findings: Findings) -> Verified:
        """The same, with what was found since."""
        return replace(self, findings=tuple(findings.shown), count=findings.count)


def verify(run_dir: Path, plan: Planned, scan: Scan, findings: Findings) -> Verified:
    """Check the ledger and the journal in `run_dir` against `plan`; changes nothing.

    Args:
        run_dir: where they are.
        plan: what the plan says of itself.
        scan: the plan's entries, in order.
        findings: what was found before; what is found here goes into it.

    Raises:
        Busy: a process works in the directory, or began to.
    """
    refuse_busy(run_dir)
    check = _Verification(run_dir, plan, scan, findings)
    with translated(run_dir, reading=True):
        try:
            check.work()
        except sqlite3.Error as error:
            if is_short_of_means(error):
                raise
            check.note(JOURNAL, f"it is damaged and cannot be read further ({error})")
    refuse_busy(run_dir)
    return check.verified()


def check_database(run_dir: Path) -> list[Finding]:
    """What SQLite itself finds in journal.db; work for a thread beside `verify`.

    Raises:
        StorageFailed: it cannot be read.
        WrongInput: this user may not read it.
    """
    told: list[str] = []
    with translated(run_dir, reading=True):
        try:
            db = connect_to_read(run_dir)
            if db is not None:
                with closing(db):
                    told = [str(said) for (said,) in db.execute("PRAGMA quick_check(5)")]
        except sqlite3.Error as error:
            if is_short_of_means(error):
                raise
            told = [str(error)]
    return [
        Finding(file=JOURNAL, what=f"SQLite finds it damaged: {said}")
        for said in told
        if said != "ok"
    ]


def refuse_busy(run_dir: Path) -> None:
    """Raises Busy if a process works in `run_dir`."""
    found: Holder | None = holder(run_dir)
    if found is not None:
        who = f"process {found.pid}" if found.pid else "another process"
        raise Busy(
            f"{who} works in {run_dir}: what changes cannot be verified. Wait for it or stop it, "
            "then run the same command again"
        )


class _Verification:
    """One verification, step by step."""

    def __init__(self, run_dir: Path, plan: Planned, scan: Scan, findings: Findings) -> None:
        self._run_dir = run_dir
        self._plan = plan
        self._findings = findings
        each = plan.pairs / plan.entries if plan.entries else 1.0
        self._pages = Pages(scan, plan.entries, ids_each=each)
        self._audit = Audit(plan.targets)
        self._settlements = 0
        self._lines = 0
        self._pending = 0
        self._counted = False

    def note(self, file: str, what: str) -> None:
        """One more finding that has no line."""
        self._findings.add(Finding(file=file, what=what))

    def verified(self) -> Verified:
        """What was found."""
        settled = {
            target.name: dict(pairs)
            for target, pairs in zip(self._plan.targets, self._audit.pairs, strict=True)
        }
        return Verified(
            findings=tuple(self._findings.shown),
            count=self._findings.count,
            lines=self._lines,
            settlements=self._settlements,
            pending=self._pending,
            settled=settled if self._counted else {},
        )

    def work(self) -> None:
        """All of it."""
        path = self._run_dir / LEDGER
        if not is_there(self._run_dir):
            if path.exists() and path.stat().st_size:
                self.note(JOURNAL, "it is missing, but ledger.jsonl holds results")
            else:
                self._counted = True
            return
        found = connect_to_read(self._run_dir)
        if found is None:
            self.note(JOURNAL, "it has no tables: it is empty, or not bulkdel's")
            return
        with closing(found) as db:
            db.execute("BEGIN")  # all that is read is of one moment
            if not self._is_ours(db):
                return
            try:
                before, head = rows.read_heads(db)
            except UNREADABLE:
                self.note(JOURNAL, "where the ledger ends cannot be read from it")
                return
            if not files.is_there(path):
                if head.offset:
                    self.note(LEDGER, f"it is missing; {head.offset:,} bytes were written to it")
                    return
                path = Path(os.devnull)
            with path.open("rb") as ledger:
                whole = self._compare(db, ledger.fileno(), before, head)
            if whole:
                self._counted = True
                self._count_again(db)

    def _is_ours(self, db: sqlite3.Connection) -> bool:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        if not meta:
            self.note(JOURNAL, "it does not say which run it belongs to")
            return False
        if meta.get("version") != VERSION:
            self.note(JOURNAL, f"it is of format {meta.get('version')}, this is {VERSION}")
            return False
        try:
            identity = decode_identity(meta["identity"])
        except _UNREADABLE:
            self.note(JOURNAL, "which run it belongs to cannot be read from it")
            return False
        names = [target.name for target in identity.targets]
        planned = [target.name for target in self._plan.targets]
        if identity.plan_digest == self._plan.digest and names == planned:
            if identity.plan_sha256 not in ("", self._plan.sha256):
                self.note(PLAN, "its bytes are not those that journal.db was begun with")
            return True
        if any(counters.calls for counters in rows.read_counters(db)) or _has_settlements(db):
            self.note(PLAN, "it is not the plan that journal.db was begun with")
        else:
            self._counted = True  # nothing was sent, and the journal will be made anew
        return False

    def _compare(self, db: sqlite3.Connection, descriptor: int, before: Mark, head: Mark) -> bool:
        """Render all again and compare; whether all settlements could be read."""
        plan = self._plan
        comparison = Comparison(descriptor, self._findings)
        names = [target.name for target in plan.targets]
        replay = Replay(names, operation=plan.operation, mode=plan.mode, oriented=plan.oriented)
        last = db.execute("SELECT max(ordinal) FROM second_phase").fetchone()[0]
        self._audit.extend(
            0 if last is None else last + 1, lru_cache(256)(partial(reserve.entry_at, db))
        )
        chain = Chain(plan.digest, [before, head], partial(self.note, JOURNAL))
        cursor = db.execute(
            "SELECT seq, ordinal, target, at_ms, attempts, body FROM settlements ORDER BY seq"
        )
        following = 1
        whole = True
        try:
            while found := cursor.fetchmany(_ROWS):
                for first, some in runs(found, {before.seq, head.seq}):
                    if first != following:
                        what = f"settlements {following:,} to {first - 1:,} are missing"
                        self.note(JOURNAL, what)
                    following = first + len(some)
                    rendered = [self._lines_of(replay, one) for one in some]
                    self._settlements += len(some)
                    chain.add(first, rendered)
                    for piece in pieces(rendered):
                        comparison.expect(piece, pending=first > head.seq)
        except (Corrupt, *_UNREADABLE) as error:
            if is_short_of_means(error):
                raise
            file = PLAN if isinstance(error, Corrupt) else JOURNAL
            self.note(file, f"after settlement {self._settlements:,} it cannot be read: {error}")
            whole = False
        if whole:
            comparison.finish()
            chain.finish(following - 1)
        self._lines = comparison.line
        self._pending = comparison.pending
        return whole

    def _lines_of(self, replay: Replay, stored: tuple[Any, ...]) -> bytes:
        """The lines of one settlement, none if it cannot be read; its pairs are counted."""
        seq, ordinal, target, *_ = stored
        wrong = "the plan has no such entry for this target"
        rendered = b""
        try:
            if self._audit.belongs(ordinal, target):
                rendered, wrong = self._again(replay, stored)
        except _UNREADABLE as error:
            if is_short_of_means(error):
                raise
            wrong = "it cannot be read"
        if wrong:
            self.note(JOURNAL, f"settlement {seq}, of entry {ordinal}: {wrong}")
        return rendered

    def _again(self, replay: Replay, stored: tuple[Any, ...]) -> tuple[bytes, str]:
        """The lines of one settlement, and what is wrong with its pairs, if anything."""
        _, ordinal, target, at_ms, attempts, body = stored
        entry: Entry | None = self._audit.second(ordinal)
        if entry is None:
            row = self._pages.row(ordinal)
            shape = replay.shape(body, attempts)
            alike = None if shape is None else replay.alike(shape, row, target, at_ms)
            if shape is not None and alike is not None:
                size = pages.size_of(row)
                return alike, self._audit.alike(ordinal, target, size, shape.status, shape.code)
            entry = replay.entry_of(row)
        settlement = decode_settlement(body, attempts=attempts, at_ms=at_ms)
        if isinstance(entry, Batch) and any(group.in_reserve for group in settlement.groups):
            label = replay.label(entry, target)
            self._audit.moves.add(reserve.reserved_of(settlement, entry, target, label))
        lines = replay.lines(settlement, entry, target)
        return lines, self._audit.settle(ordinal, target, size_of(entry), settlement)

    def _count_again(self, db: sqlite3.Connection) -> None:
        def size_at(ordinal: int) -> int:
            second = self._audit.second(ordinal)
            return size_of(second) if second else pages.size_of(self._pages.row(ordinal))

        try:
            counters = rows.read_counters(db)
            if len(counters) != len(self._plan.targets):
                self.note(JOURNAL, f"it has counters of {len(counters)} targets")
            for wrong in self._audit.disagreements(db, counters, size_at):
                self.note(JOURNAL, wrong)
        except Corrupt as error:
            self.note(PLAN, str(error))
        except _UNREADABLE as error:
            if is_short_of_means(error):
                raise
            self.note(JOURNAL, f"what is settled and open cannot be read from it ({error})")


def _has_settlements(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM settlements LIMIT 1").fetchone() is not None
