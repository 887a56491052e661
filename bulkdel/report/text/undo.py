"""What a person is shown of an undo: before anything is put back, and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from bulkdel.job.job import Job, Reach
from bulkdel.plan.values import PlanMeta
from bulkdel.report.few import ROWS_MOST, few_counts
from bulkdel.report.figures import count, counted, plain, rate, span
from bulkdel.report.phrases import place, unit
from bulkdel.report.text.confirm import is_real
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, table, words
from bulkdel.report.undone import Undone, entries


def confirm_undo_text(  # all that a yes agrees to
    job: Job,
    meta: PlanMeta,
    accounts: Sequence[str],
    width: int,
    *,
    backed_up: str,
    unsettled: int,
    colour: bool = False,
) -> str:
    """Everything that a yes agrees to: what is put back, where, from when, for how long.

    Args:
        job: the run's.
        meta: the undo's plan's.
        accounts: those of --account; none means all.
        width: of the screen.
        backed_up: when the backup was finished; empty where it is gone.
        unsettled: pairs of the run that have no result.
        colour: whether the screen shows colours.
    """
    parts = _parts(job, meta, accounts, backed_up=backed_up, unsettled=unsettled)
    return page(parts, width, colour=colour)


def undo_question(job: Job, meta: PlanMeta, accounts: Sequence[str]) -> str:
    """The question at the end, for one line of a terminal."""
    real = sum(target.reach is Reach.REAL for target in job.targets)
    what = entries(meta.books.pairs)
    if accounts:
        what = f"what concerns {counted(len(accounts), 'account')}"
    return f"Put back {what} at {counted(real, 'real app')}? Type yes to go on: "


def _parts(
    job: Job,
    meta: PlanMeta,
    accounts: Sequence[str],
    *,
    backed_up: str,
    unsettled: int,
) -> Iterator[RenderableType]:
    if is_real(job):
        yield words("This writes friends back onto real friend lists.", BAD)
    else:
        yield words("A trial: no target of this job is a real provider.", GOOD)
    yield words("")
    when = f" of {backed_up}" if backed_up else ""
    yield facts(
        [
            ("undoes", f"{plain(job.name)} ({plain(str(job.run_dir), 1000)})"),
            ("does", f"puts back the friends that this run deleted, from its backup{when}"),
            *_places(job),
            *([("only", f"what concerns {_named(accounts)}")] if accounts else []),
        ]
    )
    yield words("")
    targets = {target.name: target for target in job.targets}
    # Each call that puts back has one before it that asks what is there.
    hours = {one.target: 2 * one.batches / targets[one.target].qps for one in meta.shares}
    rows = few_counts((one.target, [one.pairs, 2 * one.batches]) for one in meta.shares)
    yield table(
        ("target", "entries", "calls", "calls/s", "takes at least"),
        ("target",),
        [
            (
                name,
                *map(count, numbers),
                rate(targets[name].qps) if name in targets else "",
                span(hours.get(name, max(hours.values()))),
            )
            for name, numbers in rows
        ],
    )
    yield words("")
    yield words(
        "An entry is one friend on one account's list. Who is on a list already stays there as he "
        "is. Once something was put back the run is finished: it cannot be continued."
    )
    yield from _left_out(job, meta)
    if unsettled:
        pairs = counted(unsettled, unit(job.operation))
        yield words("")
        yield words(
            f"{pairs} of the run have no result yet. What of them was deleted without a word is "
            "not put back: `bulkdel run` first would settle them.",
            TITLE,
        )


def _places(job: Job) -> list[tuple[str, str]]:
    """Each app; of more than a screen has rows for, how many."""
    if len(job.targets) > ROWS_MOST:
        return [("at", f"{counted(len(job.targets), 'app')}, as the job file names them")]
    return [(target.name, plain(place(target), 400)) for target in job.targets]


def _left_out(job: Job, meta: PlanMeta) -> Iterator[RenderableType]:
    if unheld := sum(meta.origin.unheld if meta.origin else ()):
        yield words("")
        what = counted(unheld, f"deleted {unit(job.operation)}")
        yield words(f"Of {what} the backup holds nothing: they stay deleted.", TITLE)


def _named(accounts: Sequence[str]) -> str:
    shown = [plain(one, 40) for one in accounts[:5]]
    more = f" and {len(accounts) - len(shown)} more" if len(accounts) > len(shown) else ""
    return f"{', '.join(shown)}{more}; the rest can be put back later"


def undone_text(undone: Undone, width: int, *, colour: bool = False) -> str:
    """How an undo stands when its command ends."""
    return page(_summary(undone), width, colour=colour)


def _summary(undone: Undone) -> Iterator[RenderableType]:
    yield words(undone.words, GOOD if undone.status.is_finished else TITLE)
    yield words("")
    status = undone.status
    yield table(
        ("target", "entries", "restored", "already there", "failed", "left"),
        ("target",),
        [
            (name, *map(count, numbers))
            for name, numbers in few_counts(
                (one.name, [one.pairs, *one.by_status(status.errand).values(), one.unsettled])
                for one in status.targets
            )
        ],
    )
    for sentence in undone.sentences():
        yield words("")
        yield words(sentence)
