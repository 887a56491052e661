"""Advice for accounts with more pairs than one call carries: what clearing their lists would do.

Never more than advice: what it destroys besides is not in the input, so it takes a job of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType

from bulkdel.job.job import Job, Target
from bulkdel.plan.values import PlanMeta, Share
from bulkdel.providers import PROVIDERS
from bulkdel.report.figures import count, counted, span
from bulkdel.report.text.layout import TITLE, words
from bulkdel.report.text.tables import Way, share_of, ways
from bulkdel.words import Mode, Operation

MUCH: Final = 10
"""Clearing whole lists is offered where it would save one call in so many."""

_REACHED = {
    Mode.TWO_WAY: "on their own lists and on those of the friends",
    Mode.ONE_WAY: "on their own lists only, nobody else's is touched",
}


def whole_lists(job: Job, meta: PlanMeta) -> Iterator[RenderableType]:
    """What delete_all_friends would save and destroy; nothing where that is not much."""
    if job.operation is not Operation.DELETE_FRIENDS:
        return
    heavy = [
        (target, share, _cleared(target, share))
        for target in job.targets
        if _is_much(share := share_of(meta, target))
    ]
    if not heavy:
        return
    yield words("")
    sizes = ", ".join(f"{count(target.batch_size)} at {target.name}" for target, _, _ in heavy)
    yield words(f"Some accounts have more pairs here than one call carries ({sizes}):", TITLE)
    yield ways(
        [
            way
            for target, share, cleared in heavy
            for way in (
                Way(
                    target=target.name,
                    name=f"{counted(share.heavy.accounts, 'account')}, "
                    f"{counted(share.heavy.pairs, 'pair')}",
                    calls=share.heavy.batches,
                    qps=target.qps,
                ),
                cleared,
            )
        ]
    )
    yield words("")
    for target, share, cleared in heavy:
        yield words(_saved(target, share, cleared))
    guarded = job.guards.protect or job.guards.protect_files
    besides = ", also those with protected accounts" if guarded else ""
    yield words(
        "It clears whole lists, so it would destroy besides every friendship of these accounts "
        f"that the input does not name{besides} ({_REACHED[job.mode]}). The provider then reports "
        "no single friendship, and the ledger has one line an account.",
        TITLE,
    )
    yield words(
        "bulkdel never switches by itself. If that is what you want: a job of its own, operation "
        f'= "{Operation.DELETE_ALL_FRIENDS}", with these accounts as its input, and this job '
        "without their pairs."
    )


def _is_much(share: Share) -> bool:
    """Whether a call an account would save a tenth of the target's calls: less is not worth it."""
    return 0 < share.batches <= MUCH * (share.heavy.batches - share.heavy.accounts)


def _cleared(target: Target, share: Share) -> Way:
    """The same accounts by delete_all_friends.

    As fast as that job would be sent by default, but no faster than this target is: whoever
    lowered its rate did so for a reason.
    """
    limits = PROVIDERS[target.provider].limits[Operation.DELETE_ALL_FRIENDS]
    return Way(
        target=target.name,
        name=f"their whole lists, by {Operation.DELETE_ALL_FRIENDS}",
        calls=share.heavy.accounts,
        qps=min(target.qps, limits.qps),
    )


def _saved(target: Target, share: Share, cleared: Way) -> str:
    less = share.heavy.batches - cleared.calls
    time_s = share.heavy.batches / target.qps - cleared.takes_s
    time = f", {span(time_s)}" if time_s > 0 else ""
    return (
        f"At {target.name} {Operation.DELETE_ALL_FRIENDS} would save {count(less)} of "
        f"{counted(share.batches, 'call')}{time}."
    )
