"""What `plan` shows: the books, the rejects, the work for each target, and what would stop it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from rich.console import RenderableType

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.job.window import ALWAYS
from bulkdel.plan.cut import WORKER_QPS, processes_for
from bulkdel.plan.values import Books, PlanMeta
from bulkdel.report.canary import canary_fact
from bulkdel.report.deadline import request_rows
from bulkdel.report.doubts import plan_doubts, too_many, warnings
from bulkdel.report.figures import count, counted, plain, rate, span
from bulkdel.report.phrases import deed, unit
from bulkdel.report.preview import Preview, backup_s, backup_work, done, takes_with_s
from bulkdel.report.rejects import Rejects
from bulkdel.report.text import tables
from bulkdel.report.text.advice import whole_lists
from bulkdel.report.text.confirm import places, work
from bulkdel.report.text.layout import BAD, DIM, GOOD, TITLE, facts, page, table, to_paste, words
from bulkdel.report.text.sides import chosen_sides, other_way_round, would_save
from bulkdel.words import Batch, Entry, Mode, Operation

SHOWN_IDS = 3
"""To_Accounts of a sample batch that are shown."""


def plan_text(
    job: Job,
    preview: Preview,
    width: int,
    *,
    colour: bool = False,
    command: str = "",
    now_s: float = 0.0,
) -> str:
    """The plan for a person.

    Args:
        job: what is planned.
        preview: what of it is shown.
        width: columns.
        colour: whether there is any.
        command: the one that would send it.
        now_s: Unix time.
    """
    return page(_parts(job, preview, command, now_s), width, colour=colour)


def _parts(job: Job, preview: Preview, command: str, now_s: float) -> Iterator[RenderableType]:
    meta = preview.meta
    rows = meta.books
    yield words(f"{plain(job.name)}: planned, nothing was sent.", TITLE)
    yield words("")
    yield facts(
        [
            ("does", deed(job.operation, job.mode)),
            *places(job),
            *canary_fact(job),
            *request_rows(job.request, now_s),
            ("run directory", plain(str(job.run_dir), 1000)),
        ]
    )
    yield words("")
    yield tables.rows_line(rows)
    yield words("")
    yield _balanced(rows)
    yield words("")
    yield work(job, meta)
    yield words(
        "At the ceiling of each target and without a retry; the targets work side by side.",
        DIM,
        indent=2,
    )
    yield from _cut(job, preview)
    yield from _backup(job, preview)
    yield from chosen_sides(job, meta)
    yield from would_save(preview.savings, preview.savings_unknown)
    yield from _when(job, meta, now_s)
    yield from _largest(job, meta)
    yield from _sample(meta, preview.sample)
    yield from whole_lists(job, meta)
    yield from _rejected(job, rows, preview.rejects)
    for doubt in plan_doubts(job, meta, now_s, backup_s(job, preview)):
        yield words("")
        yield words(doubt, TITLE)
    for warning in warnings(job):
        yield words("")
        yield words(warning, BAD)
    yield words("")
    stopped = too_many(job.guards, rows)
    if not rows.read:
        yield words("The input holds no rows at all: `bulkdel run` refuses it (exit 2).", BAD)
    elif stopped:
        yield words(f"`bulkdel run` would not send this (exit 3): {stopped}.", BAD)
    elif not rows.pairs:
        yield words(f"There is no {unit(job.operation)} to send.", BAD)
    elif command:
        yield words("To send it:", TITLE)
        yield to_paste(command)


def _cut(job: Job, preview: Preview) -> Iterator[RenderableType]:
    """How many processes can send it at once, and what more than one of them are good for."""
    if not preview.shards:
        return
    yield words("")
    if len(preview.shards) == 1:
        yield words(
            "[cluster] cuts nothing: all targets are in one shard, which one process sends. Lower "
            "cluster.shard_qps, or leave [cluster] out.",
            BAD,
        )
        return
    shards = count(len(preview.shards))
    yield words(f"Cut into {shards} shards, which several processes can send at once:", TITLE)
    processes = processes_for(job.targets, preview.shards)
    alone, together = (span(takes_with_s(job, preview.meta, one)) for one in (1, processes))
    told = (
        f"all targets together are allowed {rate(sum(one.qps for one in job.targets))} calls/s, "
        f"and one process sends about {rate(WORKER_QPS)}"
    )
    if alone != together:
        told += (
            f". With one process it takes at least {alone}, with {count(processes)} on as many "
            f"free cores {together}"
        )
    yield words(f"{told}.", indent=2)


def _backup(job: Job, preview: Preview) -> Iterator[RenderableType]:
    """What the backup takes before that."""
    if not (work_of := backup_work(job, preview)):
        return
    yield words("")
    yield words("Before it, the backup ([backup] in the job file):", TITLE)
    yield table(
        ("target", "friend lists", "calls at least", "calls/s", "takes at least"),
        ("target",),
        [
            (name, count(one.lists), count(one.lists), rate(one.qps), span(one.takes_at_least_s))
            for name, one in work_of.items()
        ],
    )
    more = "A list of several pages takes a call for each; how long the lists are is not known yet."
    if job.operation is Operation.DELETE_ALL_FRIENDS and job.mode is Mode.TWO_WAY:
        more += " Then the list of each friend found on them is pulled as well."
    yield words(more, DIM, indent=2)


def _when(job: Job, meta: PlanMeta, now_s: float) -> Iterator[RenderableType]:
    """When it will be done, if it begins now and the schedule is kept."""
    if job.schedule == ALWAYS:
        return
    finished = done(job, meta, now_s)
    yield words("")
    if finished is None:
        yield words("With this schedule it would take more than a thousand starts.", BAD)
        return
    kind = "night" if job.schedule.window else "start"
    yield words(
        f"With the schedule it is done {_moment(job, finished.at_s)} at the earliest, "
        f"in {counted(finished.sittings, kind)}, if it begins now."
    )


def _moment(job: Job, at_s: float) -> str:
    """A time in UTC; where the schedule has a zone of its own that shows another, first in that."""
    at = datetime.fromtimestamp(at_s, UTC)
    utc = f"{at:%Y-%m-%d %H:%M} UTC"
    if job.schedule.window is None:
        return utc
    there = at.astimezone(job.schedule.window.zone)
    if there.utcoffset() == timedelta(0):
        return utc
    return f"{there:%Y-%m-%d %H:%M} {job.schedule.window.zone.key} ({utc})"


def _balanced(rows: Books) -> RenderableType:
    if rows.accounted == rows.read:
        return words("The books are balanced: every row is counted once.", GOOD)
    return words(
        f"THE BOOKS DO NOT BALANCE: {count(rows.read)} rows were read, but "
        f"{count(rows.accounted)} are accounted for. Do not send this plan.",
        BAD,
    )


def _largest(job: Job, meta: PlanMeta) -> Iterator[RenderableType]:
    largest = meta.shares[0].largest if meta.shares else ()
    if not largest or unit(job.operation) == "account":
        return
    yield words("")
    yield words("The accounts with most pairs:", TITLE)
    yield table(
        ("pairs", "account"),
        ("account",),
        [(count(pairs), plain(account)) for account, pairs in largest],
    )


def _sample(meta: PlanMeta, sample: Sequence[Entry]) -> Iterator[RenderableType]:
    """The calls that would go out first, so that a swapped column is seen."""
    if not sample:
        return
    yield words("")
    yield words(f"The first calls to {meta.shares[0].target}:", TITLE)
    yield table(
        ("From_Account", "To_Accounts"),
        ("From_Account", "To_Accounts"),
        [(plain(entry.from_account), _others(entry)) for entry in sample],
    )
    turned, pairs = other_way_round(sample)
    if turned:
        yield words(
            f"Of the {counted(pairs, 'pair')} in these calls the input names {count(turned)} from "
            "the other side; the ledger names them as the input does.",
            indent=2,
        )


def _others(entry: Entry) -> str:
    if not isinstance(entry, Batch):
        return "(the whole list)"
    shown = ", ".join(plain(other) for other in entry.to_accounts[:SHOWN_IDS])
    more = len(entry.to_accounts) - SHOWN_IDS
    return f"{shown} and {count(more)} more" if more > 0 else shown


def _rejected(job: Job, rows: Books, rejects: Rejects) -> Iterator[RenderableType]:
    if not rows.rejected:
        return
    yield words("")
    yield words(f"{counted(rows.rejected, 'row')} rejected and not sent:", TITLE)
    yield table(
        ("rows", "reason"),
        ("reason",),
        [(count(number), plain(reason)) for reason, number in rejects.reasons],
    )
    if not rejects.whole:
        yield words(f"(counted over the first {counted(_seen(rejects), 'reject')})", DIM, indent=2)
    yield words("")
    yield table(
        ("line", "file", "reason", "the row"),
        ("file", "reason", "the row"),
        [
            (
                plain(reject.lines, 20),
                plain(PurePath(reject.file).name, 30),
                plain(reject.reason, 40),
                plain(reject.raw, 40),
            )
            for reject in rejects.first
        ],
    )
    yield words(f"All of them: {plain(str(job.run_dir / files.REJECTS), 1000)}", indent=2)


def _seen(rejects: Rejects) -> int:
    return sum(number for _, number in rejects.reasons)
