"""What is shown of a run, without account ids: with pseudonyms, and the shapes of rows. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from bulkdel.plain import shape
from bulkdel.report.doubts import nameless_lookalike
from bulkdel.report.facts import RunFacts
from bulkdel.report.preview import Preview
from bulkdel.report.rejects import Rejects
from bulkdel.report.remaining import Remaining
from bulkdel.words import Batch, Entry

Name: TypeAlias = Callable[[str], str]


def nameless_preview(preview: Preview, name: Name) -> Preview:
    """A plan's preview with names for accounts, and shapes for odd ids and rejected rows."""
    meta = preview.meta
    shares = tuple(
        replace(one, largest=tuple((name(account), pairs) for account, pairs in one.largest))
        for one in meta.shares
    )
    odd = tuple(map(nameless_lookalike, meta.lookalikes))
    return replace(
        preview,
        meta=replace(meta, shares=shares, lookalikes=odd),
        rejects=nameless_rejects(preview.rejects),
        sample=tuple(_entry(one, name) for one in preview.sample),
    )


def nameless_rejects(rejects: Rejects) -> Rejects:
    """With the shapes of the rows."""
    first = tuple(replace(one, raw=shape(one.raw)) for one in rejects.first)
    return replace(rejects, first=first)


def nameless_remaining(one: Remaining, name: Name) -> Remaining:
    """What remains, with names for its accounts."""
    to_id = None if one.to_id is None else name(one.to_id)
    return replace(one, from_id=name(one.from_id), to_id=to_id)


def nameless_facts(facts: RunFacts, name: Name) -> RunFacts:
    """A report's facts with names for accounts and shapes for rejected rows.

    What is said of its status and of the runs beside it has its names already.
    """
    counts = facts.counts
    if counts is not None:
        worst = tuple(replace(one, account=name(one.account)) for one in counts.worst)
        counts = replace(counts, worst=worst)
    rejects = nameless_rejects(facts.rejects)
    return replace(facts, counts=counts, rejects=rejects, ids=False)


def _entry(entry: Entry, name: Name) -> Entry:
    if isinstance(entry, Batch):
        others = tuple(map(name, entry.to_accounts))
        return replace(entry, from_account=name(entry.from_account), to_accounts=others)
    return replace(entry, from_account=name(entry.from_account))
