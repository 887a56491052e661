"""Opens what an export reads, and writes it to a file of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from bulkdel.cli.stages import Say
from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Job
from bulkdel.ledger.chronicle import chronicle
from bulkdel.plan.first_line import first_line
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.rejects import file_name
from bulkdel.plan.sources import STDIN, STDIN_COPY
from bulkdel.plan.values import PlanMeta
from bulkdel.report.export_rows import Shape, written_rows
from bulkdel.report.exported import Choice, settled_rows, unsettled_rows
from bulkdel.report.raw_rejects import Tally, raw_rejects
from bulkdel.words import Operation


def pairs(job: Job, choice: Choice, row_format: Format, *, full: bool) -> Iterator[bytes]:
    """The chosen pairs of the job's run, in pieces.

    Raises:
        WrongInput: there is no plan yet, or a target that was chosen is none of it.
    """
    meta = _planned(job)
    names = [share.target for share in meta.shares]
    if strange := sorted(choice.targets.difference(names)):
        raise WrongInput(f"--target {strange[0]}: this run has only {', '.join(names)}")
    planned = meta.fingerprint
    sweeps = planned.operation is Operation.DELETE_ALL_FRIENDS
    shape = Shape(
        format=row_format,
        from_field=planned.from_field,
        to_field=None if sweeps else planned.to_field,
        full=full,
    )
    # The journal first: what is settled while we read is then in both, and never in neither.
    with chronicle(job.run_dir) as history, PlanReader(job.run_dir, meta) as plan:
        ours = history is not None and history.identity.plan_digest == meta.digest
        rows = chain(
            settled_rows(job.run_dir, choice) if ours else (),
            unsettled_rows(plan, meta, history if ours else None, choice),
        )
        yield from written_rows(rows, shape)


def rejected(job: Job, *, source: str | None, say: Say) -> Iterator[bytes]:
    """The rejected rows of the job's input as they stood there, in pieces.

    `say` is told where some of them are not whole.
    """
    meta = _planned(job)
    planned = meta.fingerprint
    formats = {file_name(one.path): Format(one.format) for one in planned.sources}
    if source is not None and source not in formats:
        raise WrongInput(f"--source {source}: the input files are {', '.join(formats)}")

    def header_of(file: str) -> bytes | None:
        delimiter = {Format.CSV: b",", Format.TSV: b"\t"}.get(formats.get(file, Format.JSONL))
        if delimiter is None:
            return None
        path = job.run_dir / STDIN_COPY if file == STDIN else Path(file)
        fields = [planned.from_field, planned.to_field][: 1 if planned.accounts_only else 2]
        return first_line(path) or delimiter.join(name.encode() for name in fields)

    tally = Tally()
    yield from raw_rejects(job.run_dir, header_of, tally, source=source)
    if tally.cut:
        say(
            f"Warning: {tally.cut:,} of the {tally.rows:,} rows are longer than rejects.jsonl "
            "keeps and are cut here: mend those in the input itself."
        )


def keep(pieces: Iterable[bytes], path: Path) -> None:
    """Write the pieces to a new file (0600): whole, or not at all.

    Raises:
        WrongInput: the file is there already, or cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        if path.exists():
            raise WrongInput(f"--output {path}: is there already; choose another name")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                for piece in pieces:
                    out.write(piece)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise WrongInput(f"--output {path}: cannot be written: {error.strerror}") from error


def _planned(job: Job) -> PlanMeta:
    meta = read_plan_meta(job.run_dir)
    if meta is None:
        raise WrongInput(
            f"{job.run_dir}: there is no plan yet, so there is nothing to export; "
            "`bulkdel plan` makes one"
        )
    return meta
