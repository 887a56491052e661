"""A run directory as a kill leaves it when almost everything is settled.

    python -m tests.bench.nearly_done settle JOB RUN_DIR LEFT
    python -m tests.bench.nearly_done kill JOB RUN_DIR LEFT IN_FLIGHT

`settle` gives a planned run the journal that it has with all but its last LEFT entries settled: a
row for each settlement, the bitmap and the counters, written by the statements that the package
writes them with. `kill` settles some entries more, in the journal and the ledger, makes intents
for IN_FLIGHT, and is gone without a word. Of the ledger only the end is there; before it is a hole
of the right length, since opening a run reads its length and its last segment.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from pathlib import Path

from bulkdel.cli.options import load
from bulkdel.job.job import Job
from bulkdel.ledger import rows
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.ledger_file import LEDGER, Mark
from bulkdel.ledger.lock import hold
from bulkdel.ledger.settled import SettledSet
from bulkdel.ledger.tables import connect
from bulkdel.ledger.tick import Tick
from bulkdel.ledger.values import Counters, Group, Intent, Outcome, Part, Settlement
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.status import identity_of
from bulkdel.words import Entry, Sweep, Verdict
from tests.support.build import CIRCUMSTANCES

TAIL = 64
"""Entries that `kill` settles."""
_LINE_BYTES = 230
_PIECE = 100_000
_FRESH = (Part(),)


def settle(job: Job, left: int) -> None:
    """All but `left` entries, and the TAIL that `kill` settles."""
    meta = _meta(job)
    done = meta.shares[0].batches - left - TAIL
    with PlanReader(job.run_dir, meta) as plan:
        _open(job, meta, plan).close()
    settlement = _deleted(time.time_ns() // 1_000_000)
    settled = SettledSet()
    with closing(connect(job.run_dir)) as db:
        for first in range(0, done, _PIECE):
            piece = range(first, min(first + _PIECE, done))
            db.execute("BEGIN IMMEDIATE")
            # Of an entry only the ordinal is written.
            tick = Tick(settled=[(settlement, Sweep(ordinal, ""), 0) for ordinal in piece])
            rows.write_tick(db, tick, first + 1)
            segments = settled.grown(piece)
            rows.put_segments(db, segments)
            settled.adopt(segments)
            db.execute("COMMIT")
        rows.put_counters(db, {0: Counters(deleted=done, calls=done)})
        end = Mark(seq=done, offset=done * _LINE_BYTES, chain=Mark.first(meta.digest).chain)
        rows.put_heads(db, end, end)
    os.truncate(job.run_dir / LEDGER, end.offset)


def kill(job: Job, left: int, in_flight: int) -> None:
    """Goes on for a moment, and never returns."""
    meta = _meta(job)
    end = meta.shares[0].batches
    with hold(job.run_dir), PlanReader(job.run_dir, meta) as plan:
        journal = _open(job, meta, plan)
        now_ms = time.time_ns() // 1_000_000
        journal.start_sitting(now_ms, os.getpid(), CIRCUMSTANCES)
        first = end - left - TAIL
        tail = _entries(plan, first, first + TAIL)
        journal.commit([_intent(entry) for entry in tail])
        journal.publish()
        journal.commit(
            [
                Outcome(
                    entry=entry,
                    target=0,
                    settlement=_deleted(now_ms),
                    parts=(),
                    code=0,
                    info="",
                    throttled=False,
                    lost=False,
                )
                for entry in tail
            ]
        )
        journal.publish()
        journal.commit([_intent(one) for one in _entries(plan, end - left, end - left + in_flight)])
        os._exit(0)


def _meta(job: Job) -> PlanMeta:
    meta = read_plan_meta(job.run_dir)
    assert meta is not None
    return meta


def _open(job: Job, meta: PlanMeta, plan: PlanReader) -> Journal:
    identity = identity_of(job, meta)
    operation, mode = meta.fingerprint.operation, meta.fingerprint.mode
    return Journal.open(job.run_dir, identity, plan.entry, operation=operation, mode=mode)


def _entries(plan: PlanReader, lo: int, hi: int) -> list[Entry]:
    return [entry for some in plan.scan(lo, hi) for entry in some]


def _intent(entry: Entry) -> Intent:
    return Intent(ordinal=entry.ordinal, target=0, parts=_FRESH, again=False)


def _deleted(at_ms: int) -> Settlement:
    group = Group(status=Verdict.DELETED, code=0, info="", lost=0, items=None)
    return Settlement(of=None, left=(), groups=(group,), attempts=1, at_ms=at_ms)


if __name__ == "__main__":
    what, job_file, directory, *numbers = sys.argv[1:]
    loaded = load(Path(job_file), Path(directory))
    if what == "settle":
        settle(loaded, int(numbers[0]))
    else:
        kill(loaded, int(numbers[0]), int(numbers[1]))
