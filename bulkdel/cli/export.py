"""`bulkdel export`: pairs of a run, or its rejected rows, as a file that a new job reads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.report.export_json import export_json, export_words
from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.exported import ExportFilter, PairStatus
from bulkdel.runs.export import keep, pairs, rejected, remaining

EPILOG = """
\b
Exit codes:
  0  written, also where no pair was chosen
  2  could not be done: wrong options, no plan yet, or a file is in the way

\b
With --full every row has more columns:
  status        deleted, already_gone, failed or unsettled
  code, info    the provider's last result for the pair; empty if none came
  attempts      calls that carried the pair
  lost_answers  of those, how many may have been carried out unanswered
  target        the target's name

\b
Ids and texts are written as they are. A cell that begins with =, +, - or @ is
a formula to a spreadsheet, and may be somebody's: import the columns as text.

\b
A rejected row is written below the header it was read under. Left out, and
named on standard error, are rows too long to have been kept and rows that
readers do not agree about (broken quotes, lone carriage returns).

\b
With --remaining a pair is written as it stands in the ledger; but where only
To_Account's list still has From_Account, it is written from there.

\b
A pair has one row for each target that was chosen: name one with --target
where the rows are the input of a new job. A run that is at work can be
exported: a pair that is settled meanwhile may be there twice, and none is
missing.

\b
Examples:
  bulkdel export purge.toml --status failed --full
  bulkdel export purge.toml --status unsettled --target $last --output rest.csv
  bulkdel export purge.toml --account alice --format jsonl
  bulkdel export purge.toml --remaining --output remaining.csv
  bulkdel export purge.toml --rejects --output rejects.csv
"""


class RowFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


def export(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    status: Annotated[
        list[PairStatus] | None,
        typer.Option(help="Only pairs of this status; may be given several times."),
    ] = None,
    code: Annotated[
        list[int] | None,
        typer.Option(metavar="CODE", help="Only pairs whose last result code is this one."),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only pairs of this target.")
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only pairs with this account on either side."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Add status, code and more to every row, see below.")
    ] = False,
    row_format: Annotated[
        RowFormat, typer.Option("--format", help="How rows are written.")
    ] = RowFormat.CSV,
    rejects: Annotated[
        bool,
        typer.Option("--rejects", help="Write the rejected rows as they stood in the input."),
    ] = False,
    remains: Annotated[
        bool,
        typer.Option(
            "--remaining",
            help="Write what is still there, as `verify --remote` last found it.",
        ),
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --rejects: only rows of this input file, as rejects.jsonl names it.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write to this new file, readable by the owner only, and not to standard output.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="With --output: print what was written, as JSON.")
    ] = False,
) -> int:
    """Write pairs of the run of JOB as rows that a new job can read.

    Writes the pairs that all options choose, under the field names of the
    job, as CSV or JSONL: settled ones from the ledger, unsettled ones from
    plan and journal. Changes nothing, can be called at any time, and needs
    little memory however large the run is.
    """
    chosen = bool(status or code or target or account or full)
    if rejects and (chosen or row_format is not RowFormat.CSV):
        raise WrongInput(
            "--rejects writes rows as they stood in the input: of the other options only "
            "--source, --output and --json go with it"
        )
    if remains and (status or code or full or rejects):
        raise WrongInput(
            "--remaining writes what a verification found: of the other options only --target, "
            "--account, --format, --output and --json go with it"
        )
    if source is not None and not rejects:
        raise WrongInput("--source goes with --rejects only")
    if json and output is None:
        raise WrongInput("--json says what was written to a file", mend="name one with --output")
    loaded = load(job, run_dir)
    notes = ExportNotes()
    if rejects:
        pieces = rejected(loaded, source=source, say=streams.say, notes=notes)
    else:
        choice = ExportFilter(
            statuses=frozenset(status or ()),
            codes=frozenset(code or ()),
            targets=frozenset(target or ()),
            accounts=frozenset(account or ()),
        )
        form = Format(row_format)
        pieces = (
            remaining(loaded, choice, form, say=streams.say, notes=notes)
            if remains
            else pairs(loaded, choice, form, full=full, say=streams.say, notes=notes)
        )
    if output is None:
        for piece in pieces:
            streams.result(piece)
    else:
        keep(pieces, output)
        if json:
            streams.result(export_json(output, notes))
        else:
            streams.say(export_words(output, notes))
    return 0
