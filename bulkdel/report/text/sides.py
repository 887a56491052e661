"""Where the side of each friendship is chosen: what that saves, and what it means for the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType

from bulkdel.job.job import Job, Target
from bulkdel.plan.values import PlanMeta, Share
from bulkdel.report.figures import count, counted, span
from bulkdel.report.text.layout import TITLE, words
from bulkdel.report.text.tables import Way, share_of, ways
from bulkdel.words import Batch, Entry, Orient


def chosen_sides(job: Job, meta: PlanMeta) -> Iterator[RenderableType]:
    """The calls as given, as planned and at the least; nothing where rows go as they are given."""
    if meta.fingerprint.orient is not Orient.FEWEST_CALLS or not meta.books.pairs:
        return
    shares = [(target, share_of(meta, target)) for target in job.targets]
    yield words("")
    yield words("Each friendship is sent once, from the side that makes calls few:", TITLE)
    yield ways([way for target, share in shares for way in _ways(target, share)])
    yield words("")
    for target, share in shares:
        yield words(_saved(target, share))
    yield words(
        "Rows a,b and b,a name one friendship: the second is counted as a duplicate. Where the "
        'side that is asked first answers "not a friend", the other side is asked in a second '
        "phase, before the friendship is called already gone. How many calls that adds is known "
        "only then; these figures are without them."
    )


def other_way_round(sample: Iterable[Entry]) -> tuple[int, int]:
    """The pairs of these entries whose rows name them from the other side, of how many."""
    sides = [one.sides for one in sample if isinstance(one, Batch) and one.sides is not None]
    return sum(sum(one.turned) for one in sides), sum(len(one.turned) for one in sides)


def _ways(target: Target, share: Share) -> Iterator[Way]:
    numbers = (
        ("as given", share.as_given),
        ("as planned", share.batches),
        ("no plan needs fewer", share.least),
    )
    for name, calls in numbers:
        if calls is not None:
            yield Way(target=target.name, name=name, calls=calls, qps=target.qps)


def _saved(target: Target, share: Share) -> str:
    less = (share.as_given or 0) - share.batches
    if less <= 0:
        return f"At {target.name} that saves nothing."
    whole = counted(share.as_given or 0, "call")
    return f"At {target.name} that saves {count(less)} of {whole}, {span(less / target.qps)}."
