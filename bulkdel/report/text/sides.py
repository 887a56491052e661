"""Where the side of each friendship is chosen: what that saves, and what it means for the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType

from bulkdel.job.job import Job, Target
from bulkdel.plan.values import PlanMeta, Share
from bulkdel.report.figures import count, counted, plain, span
from bulkdel.report.savings import Saving
from bulkdel.report.text.layout import DIM, TITLE, facts, words
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


def would_save(savings: Sequence[Saving], why_not: str) -> Iterator[RenderableType]:
    """What choosing sides would save, a line a target; or why that is not known."""
    if why_not:
        yield words("")
        yield words(f"{_KEY}: {plain(why_not, 600)}.", DIM)
    if not savings:
        return
    yield words("")
    if not any(one.saved_calls for one in savings):
        yield words(f"{_KEY} would save no call.", DIM)
        return
    yield words(f"{_KEY} would save calls:", TITLE)
    yield facts([(one.target, _would_save(one)) for one in savings])
    nearly = "" if all(one.exact for one in savings) else _NEARLY
    yield words(f"{nearly}{_SECOND}", DIM, indent=2)


def _would_save(saving: Saving) -> str:
    about = "" if saving.exact else "about "
    if not saving.saved_calls:
        return f"no call of {count(saving.as_given)}"
    return (
        f"{about}{count(saving.calls)} instead of {counted(saving.as_given, 'call')}: saves "
        f"{about}{count(saving.saved_calls)}, {span(saving.saved_s)}"
    )


_KEY: Final = 'orient = "fewest_calls" under [plan]'
_NEARLY: Final = "About: planning searches longer, and mostly comes to some fewer. "
_SECOND: Final = 'A friendship whose first side is answered "not a friend" is asked for once more.'


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
