"""The ledger against plan, journal and hash chain: everything that was written, checked again.

The ledger is a rendering of the journal's settlements and the plan, so it is rendered again and
compared byte by byte; the chain h(n) = SHA-256(h(n - 1) + lines of settlement n) is computed again
and compared with what was recorded; and the pairs are counted again. This detects corruption and
carelessness. It is no proof against somebody who writes all three files anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from bulkdel import files
from bulkdel.errors import Busy, Corrupt
from bulkdel.ledger import reserve, rows
from bulkdel.ledger.audit.bulk import BulkRendering
from bulkdel.ledger.audit.chain import Chain, pieces, runs
from bulkdel.ledger.audit.comparison import Comparison
from bulkdel.ledger.audit.findings import Finding, Findings
from bulkdel.ledger.audit.pages import Pages, row_size
from bulkdel.ledger.audit.recount import Recount
from bulkdel.ledger.codec import decode_settlement
from bulkdel.ledger.identity import decode_identity
from bulkdel.ledger.ledger_file import LEDGER, Mark
from bulkdel.ledger.lock import holder
from bulkdel.ledger.reader import connect_to_read, is_there
from bulkdel.ledger.render import Rendering
from bulkdel.ledger.schema import VERSION
from bulkdel.ledger.sittings import read_sittings
from bulkdel.ledger.storage import UNREADABLE, is_short_of_means, translated
from bulkdel.ledger.tables import JOURNAL
from bulkdel.plan.read import PLAN_FILE, PlanReader, plan_sha256
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Entry, Verdict, size_of

_UNREADABLE: Final = (*UNREADABLE, sqlite3.Error)
_ROWS: Final = 256
_SITTINGS: Final = 100_000
"""The latest ones; more than any run has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of a verification.

    Attributes:
        findings: the first of them; `count` is how many there are.
        lines: of the ledger, compared.
        settlements: of the journal, rendered again.
        pending: lines that will be written when the run is continued.
        length: bytes of the ledger that the journal has recorded. head, sha256: the chain's end
            there, and SHA-256 of those bytes, as written again, in hex; empty where not all of it
            could be.
        settled: pairs by target name and status, as counted from the settlements; empty where not
            all of them could be read.
        at_work: shards that were not opened, each with the process that sends of it, in words.
    """

    findings: tuple[Finding, ...] = ()
    count: int = 0
    lines: int = 0
    settlements: int = 0
    pending: int = 0
    length: int = 0
    head: str = ""
    sha256: str = ""
    settled: dict[str, dict[Verdict, int]] = field(default_factory=dict)
    at_work: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether all was checked, and nothing is wrong."""
        return not self.count and not self.at_work

    def with_findings(self, findings: Findings) -> Verified:
        """Returns the same, with all that was noted until now."""
        return replace(self, findings=tuple(findings.shown), count=findings.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in a run beside a run.

    Attributes:
        folder: its folder, from the run directory.
        meta: its plan's; None where that cannot be read.
        destroyed: whether its plan was destroyed with the backup, so that it was not checked.
    """

    folder: str
    meta: PlanMeta | None
    verified: Verified
    destroyed: bool = False


def verify(run_dir: Path, meta: PlanMeta, plan: PlanReader, findings: Findings) -> Verified:
    """Check the ledger and the journal in `run_dir` against the plan; changes nothing.

    What is wrong goes into `findings`, which may hold some already.

    Raises:
        Busy: a process works in the directory, or began to.
    """
    refuse_busy(run_dir)
    check = _Verification(run_dir, meta, plan, findings)
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
    answers: list[str] = []
    with translated(run_dir, reading=True):
        try:
            db = connect_to_read(run_dir)
            if db is not None:
                with closing(db):
                    answers = [str(answer) for (answer,) in db.execute("PRAGMA quick_check(5)")]
        except sqlite3.Error as error:
            if is_short_of_means(error):
                raise
            answers = [str(error)]
    return [
        Finding(file=JOURNAL, what=f"SQLite finds it damaged: {answer}")
        for answer in answers
        if answer != "ok"
    ]


def refuse_busy(run_dir: Path) -> None:
    """Raises Busy if a process works in `run_dir`."""
    worker = holder(run_dir)
    if worker is not None:
        who = f"process {worker.pid}" if worker.pid else "another process"
        raise Busy(
            f"{who} works in {run_dir}: what changes cannot be verified",
            mend="Wait for it or stop it, then run the same command again",
        )


class _Verification:
    """One verification, step by step."""

    def __init__(self, run_dir: Path, meta: PlanMeta, plan: PlanReader, findings: Findings) -> None:
        self._run_dir = run_dir
        self._meta = meta
        self._plan = plan
        self._findings = findings
        self._names = tuple(share.target for share in meta.shares)
        entries = sum(share.batches for share in meta.shares)
        pairs = sum(share.pairs for share in meta.shares)
        self._pages = Pages(plan.rows, entries, ids_each=pairs / entries if entries else 1.0)
        self._recount = Recount(meta.shares)
        self._rendering = Rendering(
            names=self._names, operation=meta.fingerprint.operation, mode=meta.fingerprint.mode
        )
        self._bulk = BulkRendering(self._rendering)
        self._settlements = 0
        self._lines = 0
        self._pending = 0
        self._head: Mark | None = None
        self._sha256 = hashlib.sha256()
        self._counted = False

    def note(self, file: str, what: str) -> None:
        """One more finding that has no line."""
        self._findings.add(Finding(file=file, what=what))

    def verified(self) -> Verified:
        """Returns the result."""
        settled = dict(zip(self._names, self._recount.pairs, strict=True))
        verified = Verified(
            lines=self._lines,
            settlements=self._settlements,
            pending=self._pending,
            settled=settled if self._counted else {},
        )
        if self._head is not None:
            verified = replace(
                verified,
                length=self._head.offset,
                head=self._head.chain.hex(),
                sha256=self._sha256.hexdigest(),
            )
        return verified.with_findings(self._findings)

    def work(self) -> None:
        """All of it."""
        path = self._run_dir / LEDGER
        if not is_there(self._run_dir):
            if path.exists() and path.stat().st_size:
                self.note(JOURNAL, "it is missing, but ledger.jsonl holds results")
            else:
                self._counted = True
            return
        db = connect_to_read(self._run_dir)
        if db is None:
            self.note(JOURNAL, "it has no tables: it is empty, or not bulkdel's")
            return
        with closing(db):
            db.execute("BEGIN")  # all that is read is of one moment
            if not self._is_ours(db):
                return
            self._read_sittings(db)
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
        names = tuple(target.name for target in identity.targets)
        if identity.plan_digest == self._meta.digest and names == self._names:
            if identity.plan_sha256 and identity.plan_sha256 != plan_sha256(self._run_dir):
                self.note(PLAN_FILE, "its bytes are not those that journal.db was begun with")
            return True
        if rows.has_begun(db) or _has_settlements(db):
            self.note(PLAN_FILE, "it is not the plan that journal.db was begun with")
        else:
            self._counted = True  # nothing was sent, and the journal will be made anew
        return False

    def _compare(self, db: sqlite3.Connection, descriptor: int, before: Mark, head: Mark) -> bool:
        """Render all again and compare; whether all settlements could be read."""
        comparison = Comparison(descriptor, self._findings)
        last = db.execute("SELECT max(ordinal) FROM second_phase").fetchone()[0]
        self._recount.extend(
            0 if last is None else last + 1, lru_cache(256)(partial(reserve.entry_at, db))
        )
        chain = Chain(self._meta.digest, [before, head], partial(self.note, JOURNAL))
        cursor = db.execute(
            "SELECT seq, ordinal, target, at_ms, attempts, body FROM settlements ORDER BY seq"
        )
        following = 1
        whole = True
        try:
            while stored := cursor.fetchmany(_ROWS):
                for first, some in runs(stored, {before.seq, head.seq}):
                    if first != following:
                        what = f"settlements {following:,} to {first - 1:,} are missing"
                        self.note(JOURNAL, what)
                    following = first + len(some)
                    rendered = [self._lines_of(one) for one in some]
                    self._settlements += len(some)
                    chain.add(first, rendered)
                    for piece in pieces(rendered):
                        comparison.expect(piece, pending=first > head.seq)
                        if first <= head.seq:
                            self._sha256.update(piece)
        except (Corrupt, *_UNREADABLE) as error:
            if is_short_of_means(error):
                raise
            file = PLAN_FILE if isinstance(error, Corrupt) else JOURNAL
            self.note(file, f"after settlement {self._settlements:,} it cannot be read: {error}")
            whole = False
        if whole:
            comparison.finish()
            chain.finish(following - 1)
            self._head = head
        self._lines = comparison.line
        self._pending = comparison.pending
        return whole

    def _lines_of(self, stored: tuple[Any, ...]) -> bytes:
        """The lines of one settlement, none if it cannot be read; its pairs are counted."""
        seq, ordinal, target, *_ = stored
        wrong = "the plan has no such entry for this target"
        rendered = b""
        try:
            if self._recount.belongs(ordinal, target):
                rendered, wrong = self._again(stored)
        except _UNREADABLE as error:
            if is_short_of_means(error):
                raise
            wrong = "it cannot be read"
        if wrong:
            self.note(JOURNAL, f"settlement {seq}, of entry {ordinal}: {wrong}")
        return rendered

    def _again(self, stored: tuple[Any, ...]) -> tuple[bytes, str]:
        """The lines of one settlement, and what is wrong with its pairs, if anything."""
        _, ordinal, target, at_ms, attempts, body = stored
        entry: Entry | None = self._recount.second(ordinal)
        if entry is None:
            row = self._pages.row(ordinal)
            template = self._bulk.template(body, attempts)
            if template is not None:
                lines = self._bulk.lines(template, row, target, at_ms)
                if lines is not None:
                    wrong = self._recount.alike(
                        ordinal, target, row_size(row), template.status, template.code
                    )
                    return lines, wrong
            entry = self._plan.entry_of(row)
        settlement = decode_settlement(body, attempts=attempts, at_ms=at_ms)
        self._recount.reserve.add(reserve.reserved_of(settlement, entry, target, self._rendering))
        lines = self._rendering.lines(settlement, entry, target)
        return lines, self._recount.settle(ordinal, target, size_of(entry), settlement)

    def _read_sittings(self, db: sqlite3.Connection) -> None:
        """That `status` and `report` can read how each sitting began and ended."""
        try:
            read_sittings(db, self._names, _SITTINGS)
        except _UNREADABLE as error:
            if is_short_of_means(error):
                raise
            self.note(
                JOURNAL, f"how its processes began and ended cannot be read from it ({error})"
            )

    def _count_again(self, db: sqlite3.Connection) -> None:
        def size_at(ordinal: int) -> int:
            second = self._recount.second(ordinal)
            if second:
                return size_of(second)
            row = self._pages.row(ordinal)
            beside = self._meta.origin is not None
            return size_of(self._plan.entry_of(row)) if beside else row_size(row)

        try:
            counters = rows.read_counters(db)
            if len(counters) != len(self._names):
                self.note(JOURNAL, f"it has counters of {len(counters)} targets")
            for wrong in self._recount.disagreements(db, counters, size_at):
                self.note(JOURNAL, wrong)
        except Corrupt as error:
            self.note(PLAN_FILE, str(error))
        except _UNREADABLE as error:
            if is_short_of_means(error):
                raise
            self.note(JOURNAL, f"what is settled and open cannot be read from it ({error})")


def _has_settlements(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM settlements LIMIT 1").fetchone() is not None
