"""What a person is shown before anything is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from rich.console import RenderableType

from bulkdel.job.beside import OnFailure
from bulkdel.job.job import Job, Reach
from bulkdel.plan.values import PlanMeta
from bulkdel.report.canary import canary_fact
from bulkdel.report.doubts import plan_doubts, warnings
from bulkdel.report.few import first_few
from bulkdel.report.figures import count, counted, plain, rate, span
from bulkdel.report.phrases import deed, place, unit
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, table, words
from bulkdel.report.text.sides import chosen_sides
from bulkdel.report.text.tables import share_of
from bulkdel.words import Mode, Operation

_Work: TypeAlias = tuple[str, int, int, float, float]
"""A target's name, pairs, calls, calls/s, and seconds that it takes at least."""


def is_real(job: Job) -> bool:
    """Whether the job would touch anything outside this machine."""
    return any(target.reach is Reach.REAL for target in job.targets)


def confirm_text(job: Job, meta: PlanMeta, width: int, *, colour: bool = False) -> str:
    """Everything that a yes agrees to: where, what, how much, for how long."""
    return page(_parts(job, meta), width, colour=colour)


def question(job: Job, meta: PlanMeta) -> str:
    """The question at the end, for one line of a terminal."""
    real = sum(target.reach is Reach.REAL for target in job.targets)
    where = counted(real, "real app")
    if job.operation is Operation.DELETE_ALL_FRIENDS:
        what = f"Clear the friend lists of {counted(meta.books.pairs, 'account')}"
    else:
        what = f"Delete {counted(meta.books.pairs, 'pair')}"
    doubtful = sum(kind.ids for kind in meta.lookalikes)
    first = f"Look at {counted(doubtful, 'id')} named above. " if doubtful else ""
    return f"{first}{what} at {where}? Type yes to go on: "


def work(job: Job, meta: PlanMeta) -> RenderableType:
    """Pairs, calls and time for each target, at its ceiling and without a retry."""
    return table(
        ("target", f"{unit(job.operation)}s", "calls", "calls/s", "takes at least"),
        ("target",),
        [
            _row(*each)
            for each in first_few(
                [
                    (one.name, share.pairs, share.batches, one.qps, share.batches / one.qps)
                    for one, share in ((one, share_of(meta, one)) for one in job.targets)
                ],
                _as_one,
            )
        ],
    )


def places(job: Job) -> list[tuple[str, str]]:
    """Where the calls of each target go; of very many, where those of the others are named."""
    return first_few(
        [(target.name, plain(place(target), 400)) for target in job.targets],
        lambda rest: (f"{len(rest):,} others", "in the job file, and in `bulkdel plan --json`"),
    )


def _parts(job: Job, meta: PlanMeta) -> Iterator[RenderableType]:
    real = is_real(job)
    if real:
        yield words(f"This deletes real data. {_way_back(job)}", BAD)
    else:
        yield words("A trial: no target of this job is a real provider.", GOOD)
    yield words("")
    yield facts(
        [
            ("job", f"{plain(job.name)} ({plain(str(job.source), 1000)})"),
            ("does", deed(job.operation, job.mode)),
            *places(job),
            *canary_fact(job),
            ("results", plain(str(job.run_dir), 1000)),
        ]
    )
    if job.operation is Operation.DELETE_ALL_FRIENDS:
        yield words("")
        yield words(_everyone(job, meta), BAD if real else TITLE)
    yield words("")
    yield work(job, meta)
    yield from chosen_sides(job, meta)
    for doubt in plan_doubts(job, meta):
        yield words("")
        yield words(doubt, TITLE)
    for warning in warnings(job):
        yield words("")
        yield words(warning, BAD)


def _way_back(job: Job) -> str:
    if not job.backup.enabled:
        return "It cannot be undone."
    but = "" if job.backup.on_failure is OnFailure.KEEP else ", but not where it cannot be pulled"
    until = (
        "" if job.backup.keep_s is None else f", for {span(job.backup.keep_s).removesuffix(' 0 h')}"
    )
    return f"Its backup is pulled before, so it can be put back{but}{until}."


def _everyone(job: Job, meta: PlanMeta) -> str:
    accounts = counted(meta.books.pairs, "account")
    return (
        f"Every friend of {accounts} goes, whatever else the input says: "
        f"not single friends but whole lists, {_reached(job.mode)}."
    )


def _reached(mode: Mode) -> str:
    if mode is Mode.TWO_WAY:
        return "and on the friends' side as well"
    return "on the accounts' own side only"


def _as_one(rest: Sequence[_Work]) -> _Work:
    """Targets that share a row: what they come to together, and what the longest takes."""
    _, pairs, calls, qps, takes_s = zip(*rest, strict=True)
    return f"{len(rest):,} others", sum(pairs), sum(calls), sum(qps), max(takes_s)


def _row(name: str, pairs: int, calls: int, qps: float, takes_s: float) -> tuple[str, ...]:
    return name, count(pairs), count(calls), rate(qps), span(takes_s)
