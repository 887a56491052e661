"""How a sitting ended, kept in its journal for whoever asks later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from bulkdel.errors import BulkdelError, Corrupt, StorageFailed
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.sittings import LaneStop
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.failures import leaf, unexpected
from bulkdel.runs.live import left_at_once, read_live
from bulkdel.send.view import End, LaneEnd


def note_end(journal: Journal, lanes: Sequence[LaneEnd]) -> None:
    """Keep how the sitting ended, if it began."""
    with suppress(StorageFailed, Corrupt):  # the lanes' own words say it better
        journal.end_sitting(
            time.time_ns() // 1_000_000,
            "; ".join(dict.fromkeys(str(lane.end) for lane in lanes)),
            [
                LaneStop(target=lane.target, end=str(lane.end), words=lane.words, code=lane.code)
                for lane in lanes
            ],
        )


def note_dead(journal: Journal) -> None:
    """Keep how the process before left, where it said that it stops and wrote no more."""
    live = read_live(journal.run_dir)
    if live is not None and (lanes := left_at_once(live)):
        end = "; ".join(dict.fromkeys(lane.end for lane in lanes))
        journal.end_dead(live.began_ms, live.at_ms, end, lanes)


@contextmanager
def crash_noted(journal: Journal, meta: PlanMeta) -> Iterator[None]:
    """Within it an error that no lane could tell of is kept as the sitting's end."""
    try:
        yield
    except Exception as error:
        cause = leaf(error)
        if isinstance(cause, BulkdelError):
            end, words = End.STORAGE, str(cause)
        else:
            end, words = End.CRASHED, unexpected(cause)
        note_end(
            journal,
            [LaneEnd(target=share.target, end=end, words=words) for share in meta.shares],
        )
        raise
