"""What a report says of the runs beside a run, read from their ledgers."""

from __future__ import annotations

from collections.abc import Iterator

from bulkdel.errors import BulkdelError, Exit
from bulkdel.job.job import Job
from bulkdel.ledger.history import CodeCount
from bulkdel.providers import PROVIDERS
from bulkdel.report.beside import SideFacts, SideStatus
from bulkdel.report.beside_words import name_of
from bulkdel.report.nameless import nameless_remaining
from bulkdel.report.remaining import remaining_lines
from bulkdel.report.remote import remote_verification
from bulkdel.report.status import Status
from bulkdel.report.text.remote import limits, named, sampled
from bulkdel.report.undone import Undone
from bulkdel.runs.names import names_of
from bulkdel.runs.shards import parts_of
from bulkdel.runs.undone import missing, other_lists, unasked
from bulkdel.words import Errand


def side_facts(job: Job, status: Status) -> tuple[SideFacts, ...]:
    """The runs beside the run that have begun, with what their ledgers say of them.

    Of one that cannot be read its figures are shown, and that it cannot.
    """
    found = []
    for side in status.beside.sides:
        if not side.has_begun:
            continue
        try:
            found.append(_facts(job, status, side))
        except (BulkdelError, OSError) as error:
            notes = (f"Its ledger cannot be read: {error}",)
            found.append(SideFacts(status=side, notes=notes, codes=_codes(job, side)))
    return tuple(found)


def _facts(job: Job, status: Status, side: SideStatus) -> SideFacts:
    match side.errand:
        case Errand.ASK | Errand.ASK_LIST:
            return _asked(job, status, side)
        case Errand.PUT_BACK:
            return SideFacts(status=side, notes=tuple(_undone(job, side)), codes=_codes(job, side))
        case Errand.PULL:
            return SideFacts(status=side, codes=_codes(job, side))


def _asked(job: Job, status: Status, side: SideStatus) -> SideFacts:
    parts = parts_of(job) if side.count("remains") else ()
    lines = (line for part in parts for line in remaining_lines(part.run_dir / side.folder))
    not_asked = {one.name: one.counters.failed + one.unsettled for one in status.targets}
    found = remote_verification(side, lines, mode=status.mode, not_asked=not_asked)
    notes = [sampled(found, target) for target in found.targets if found.sample is not None]
    if name_of(side) == "verification":
        notes += limits(found)
    remains, names = found.sum("remains"), names_of(job)
    first = [nameless_remaining(one, names) for one in found.first]
    return SideFacts(
        status=side,
        notes=tuple(notes),
        first=tuple((one.target, named(one, several=False)) for one in first),
        more=remains - len(found.first),
        codes=_codes(job, side),
    )


def _undone(job: Job, side: SideStatus) -> Iterator[str]:
    undone = Undone(
        status=side,
        ending=None,
        exit_code=Exit.DONE,
        missing=missing(job),
        other_lists=other_lists(job),
        unasked=unasked(job),
    )
    return undone.sentences()


def _codes(job: Job, side: SideStatus) -> tuple[tuple[CodeCount, str], ...]:
    """The commonest codes, each in words."""
    providers = {target.name: PROVIDERS[target.provider] for target in job.targets}
    return tuple((one, one.info or providers[one.target].words(one.code)) for one in side.failed)
