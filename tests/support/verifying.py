"""Runs of a small plan, sound ones, for tests that damage them and verify them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bulkdel.ledger.audit.findings import Findings
from bulkdel.ledger.audit.verify import Verified, verify
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Part
from bulkdel.plan.entries import TURNED, Row
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import Books, PlanMeta, Share
from bulkdel.words import Batch, Orient, Verdict
from tests.support import build
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


def meta_of(orient: Orient, *targets: tuple[str, int, int]) -> PlanMeta:
    """What a plan says of itself, whose targets are (name, entries, pairs)."""
    shares: list[Share] = []
    for name, batches, pairs in targets:
        first = sum(share.batches for share in shares)
        shares.append(Share(target=name, first=first, batches=batches, pairs=pairs, largest=()))
    return PlanMeta(
        fingerprint=build.fingerprint([(name, 4) for name, *_ in targets], orient=orient),
        books=Books(read=0, pairs=0, duplicates=0, rejected=0, protected=0),
        shares=tuple(shares),
        digest="d1",
    )


class PlanInMemory(PlanReader):
    """A plan of the entries that `batch_at` gives, as its file would give it."""

    def __init__(self, batch_at: Callable[[int], Batch]) -> None:
        """Nothing is opened."""
        self._batch_at = batch_at

    def rows(self, lo: int, hi: int) -> Iterator[list[Row]]:
        """As PlanReader.rows, one at a time."""
        for ordinal in range(lo, hi):
            batch = self._batch_at(ordinal)
            turned = batch.sides.turned if batch.sides else bytes(len(batch.to_accounts))
            named = zip(batch.to_accounts, turned, strict=True)
            marked = [other + TURNED * way for other, way in named]
            yield [(ordinal, batch.from_account, "\n".join(reversed(marked)))]

    def entry_of(self, row: Row) -> Batch:
        """As PlanReader.entry_of."""
        return self._batch_at(row[0])


META = meta_of(
    Orient.AS_GIVEN,
    ("tencent", FIRST_ZEGO, _pairs(0, FIRST_ZEGO)),
    ("zego", ZEGO_ENTRIES, _pairs(FIRST_ZEGO, TOTAL)),
)


def check(run_dir: Path) -> Verified:
    """What a verification of `run_dir` finds."""
    return verify(run_dir, META, PlanInMemory(entry_of), Findings())


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
