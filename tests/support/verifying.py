"""Runs of a small plan, sound ones, for tests that damage them and verify them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bulkdel.ledger.audit.findings import Findings
from bulkdel.ledger.audit.journal_audit import PlannedTarget
from bulkdel.ledger.audit.pages import Row
from bulkdel.ledger.audit.verify import Planned, Verified, verify
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Part
from bulkdel.words import Mode, Operation, Verdict
from tests.support.ledger import (
    FIRST_ZEGO,
    deleted,
    entry_of,
    intent,
    open_journal,
    outcome,
    rest,
    settlement,
    some,
    tick,
)

ZEGO_ENTRIES = 4
TOTAL = FIRST_ZEGO + ZEGO_ENTRIES


def _pairs(lo: int, hi: int) -> int:
    return sum(len(entry_of(ordinal).to_accounts) for ordinal in range(lo, hi))


PLANNED = Planned(
    digest="d1",
    sha256="",
    operation=Operation.DELETE_FRIENDS,
    mode=Mode.TWO_WAY,
    oriented=False,
    targets=(
        PlannedTarget(name="tencent", first=0, batches=FIRST_ZEGO, pairs=_pairs(0, FIRST_ZEGO)),
        PlannedTarget(
            name="zego", first=FIRST_ZEGO, batches=ZEGO_ENTRIES, pairs=_pairs(FIRST_ZEGO, TOTAL)
        ),
    ),
)


def rows(lo: int, hi: int) -> Iterator[list[Row]]:
    """The plan of tests.support.ledger as its file would give it."""
    for ordinal in range(lo, hi):
        entry = entry_of(ordinal)
        yield [(ordinal, entry.from_account, "\n".join(reversed(entry.to_accounts)))]


def check(run_dir: Path) -> Verified:
    """What a verification of `run_dir` finds."""
    return verify(run_dir, PLANNED, rows, Findings())


def settle_all(journal: Journal) -> None:
    """Every entry is settled: most alike, some with exceptions, some in two calls."""
    alike = [ordinal for ordinal in range(TOTAL) if ordinal % 10 != 7]
    for begin in range(0, len(alike), 9):
        some_of = alike[begin : begin + 9]
        journal.commit([intent(ordinal) for ordinal in some_of])
        tick(journal, *(deleted(ordinal) for ordinal in reversed(some_of)))
    for ordinal in range(7, TOTAL, 10):
        in_two_calls(journal, ordinal)


def in_two_calls(journal: Journal, ordinal: int) -> None:
    """An entry of several ids: the first fails, the last is lost once and then already gone."""
    last = len(entry_of(ordinal).to_accounts) - 1
    left = Part(items=(last,), attempts=1, lost=1)
    journal.commit([intent(ordinal)])
    first = settlement(
        some(0, status=Verdict.FAILED, code=30003, info="no such account"), rest(), left=(last,)
    )
    tick(journal, outcome(entry_of(ordinal), first, left, code=30007, lost=True))
    journal.commit([intent(ordinal, left, again=True)])
    second = settlement(some(last, lost=1), of=(last,), attempts=2)
    tick(journal, outcome(entry_of(ordinal), second))


def finished(run_dir: Path) -> Path:
    """A run in `run_dir` (made) in which every entry is settled, closed well."""
    run_dir.mkdir(mode=0o700, exist_ok=True)
    with open_journal(run_dir) as journal:
        settle_all(journal)
    return run_dir
