"""Opens what an export reads, and writes it to a file of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Job
from bulkdel.ledger.history import open_history
from bulkdel.plan.cut import read_cut
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.rejects import file_name
from bulkdel.plan.values import PlanMeta
from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.export_rows import MORE, RowLayout, written_rows
from bulkdel.report.exported import ExportFilter, PairStatus, Row, settled_rows, unsettled_rows
from bulkdel.report.figures import counted
from bulkdel.report.raw_rejects import raw_rejects
from bulkdel.report.remaining import Remaining, as_rows, remaining_lines
from bulkdel.runs.seams import Say
from bulkdel.runs.shards import part_plan, parts_of, refuse_elsewhere, sender_of
from bulkdel.runs.verification import look_verification
from bulkdel.words import Operation


def pairs(
    job: Job,
    choice: ExportFilter,
    row_format: Format,
    *,
    full: bool,
    say: Say,
    notes: ExportNotes | None = None,
) -> Iterator[bytes]:
    """The chosen pairs of the job's run, in pieces.

    `say` is told where a spreadsheet would run a cell. `notes` are filled on the way.

    Raises:
        WrongInput: there is no plan yet, a target that was chosen is none of it, or a column of
            `full` has the name of a field.
    """
    meta = _planned(job, choice)
    shape = _layout(meta, row_format, full=full)
    if full and (taken := [name for name in shape.fields if name in MORE]):
        raise WrongInput(
            f"--full adds a column {taken[0]}, which is the name of a field of this job",
            mend="leave --full out",
        )
    met = notes or ExportNotes()
    rows = chain.from_iterable(_rows(part, choice) for part in parts_of(job))
    yield from written_rows(rows, shape, met)
    _warn_of_formulas(met.formulas, say)


def _rows(job: Job, choice: ExportFilter) -> Iterator[Row]:
    """The chosen pairs of one part of a run."""
    if not choice.wants(PairStatus.UNSETTLED) and sender_of(job):
        yield from settled_rows(job.run_dir, choice)  # it sends, so the ledger is of this plan
        return
    refuse_elsewhere(job)
    meta = part_plan(job)
    # The journal first: what is settled while we read is then in both, and never in neither.
    with open_history(job.run_dir) as history, PlanReader(job.run_dir, meta) as plan:
        ours = history is not None and history.identity.plan_digest == meta.digest
        yield from settled_rows(job.run_dir, choice) if ours else ()
        yield from unsettled_rows(plan, meta, history if ours else None, choice)


def remaining(
    job: Job, choice: ExportFilter, row_format: Format, *, say: Say, notes: ExportNotes
) -> Iterator[bytes]:
    """What the latest verification found to remain, in pieces; of `choice` targets and accounts.

    `say` is told what that verification does not know. `notes` are filled on the way.

    Raises:
        WrongInput: there is no verification, or a target that was chosen is none of the run.
    """
    meta = _planned(job, choice)
    status = look_verification(job)
    if status is None:
        raise WrongInput(
            "no provider was asked what remains",
            where=job.run_dir,
            mend="`bulkdel verify --remote` asks",
        )
    unit = "account" if status.origin.whole_lists else "pair"
    notes.unknown = status.count("unknown")
    found = 0

    def counted_lines() -> Iterator[Remaining]:
        nonlocal found
        for part in parts_of(job):
            for line in remaining_lines(part.run_dir / status.folder):
                found += 1
                yield line

    rows = filter(choice.takes, as_rows(counted_lines()))
    yield from written_rows(rows, _layout(meta, row_format, full=False), notes)
    _warn_of_formulas(notes.formulas, say)
    if notes.unknown:
        say(f"Note: {counted(notes.unknown, unit)} could not be asked for: not in this file.")
    if status.is_part:
        drawn = counted(status.pairs, unit)
        say(
            f"Note: only the {drawn} drawn at random were asked for; what else remains is not here."
        )
    if not status.is_finished or found != status.count("remains"):
        say(
            f"Warning: {status.folder}/ is not finished, so there may be more; `bulkdel verify "
            "--remote` goes on with it."
        )


def _layout(meta: PlanMeta, row_format: Format, *, full: bool) -> RowLayout:
    planned = meta.fingerprint
    sweeps = planned.operation is Operation.DELETE_ALL_FRIENDS
    return RowLayout(
        format=row_format,
        from_field=planned.from_field,
        to_field=None if sweeps else planned.to_field,
        full=full,
    )


def rejected(
    job: Job, *, source: str | None, say: Say, notes: ExportNotes | None = None
) -> Iterator[bytes]:
    """The rejected rows of the job's input as they stood there, in pieces.

    `say` is told what was left out, and what a reader must know. `notes` are filled on the way.
    """
    meta = _planned(job)
    names = [file_name(one.path) for one in meta.fingerprint.sources]
    if source is not None and source not in names:
        raise WrongInput(f"the input files are {', '.join(names)}", where=f"--source {source}")
    tally = notes or ExportNotes()
    yield from raw_rejects(job.run_dir, meta, tally, source=source)
    for left, why in tally.left_out():
        places = ", ".join(left.places) + (", ..." if left.rows > len(left.places) else "")
        say(
            f"Warning: {counted(left.rows, 'rejected row')} left out ({places}): {why}. Take "
            "what is right of them from the input itself."
        )
    if tally.quoting:
        say(f'Note: the new job needs quoting = "{tally.quoting}" in [input] to read these rows.')
    _warn_of_formulas(tally.formulas, say)


def _warn_of_formulas(rows: int, say: Say) -> None:
    if rows:
        say(
            f"Note: {counted(rows, 'row')} with a cell that begins with =, +, - or @: a "
            "spreadsheet runs it as a formula unless the columns are imported as text."
        )


def keep(pieces: Iterable[bytes], path: Path) -> None:
    """Write the pieces to a new file (0600): whole, or not at all.

    Raises:
        WrongInput: the file is there already, or cannot be written.
    """
    try:
        if os.path.lexists(path):  # a link that leads nowhere as well
            raise WrongInput(
                "is there already", where=f"--output {path}", mend="choose another name"
            )
        with files.replacing(path) as out:
            for piece in pieces:
                out.write(piece)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise WrongInput(what, where=f"--output {path}") from error


def _planned(job: Job, choice: ExportFilter | None = None) -> PlanMeta:
    cut = read_cut(job.run_dir)
    meta = read_plan_meta(job.run_dir) if cut is None else cut.meta
    if meta is None:
        raise WrongInput(
            "there is no plan yet, so there is nothing to export",
            where=job.run_dir,
            mend="`bulkdel plan` makes one",
        )
    names = [share.target for share in meta.shares]
    if choice is not None and (strange := sorted(choice.targets.difference(names))):
        raise WrongInput(f"this run has only {', '.join(names)}", where=f"--target {strange[0]}")
    return meta
