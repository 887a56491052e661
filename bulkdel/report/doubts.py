"""What of a plan deserves a second look, or forbids to send it: odd ids, and the job's guards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Final

from bulkdel.job.account import is_invisible
from bulkdel.job.job import Guards, Job
from bulkdel.job.secrets import secret_warnings
from bulkdel.plain import shape
from bulkdel.plan.values import Books, Lookalike, PlanMeta
from bulkdel.report.deadline import deadline_doubt
from bulkdel.report.figures import count, counted, rate
from bulkdel.words import Mode, Operation

_KINDS: Final = {
    "blank": (
        "begins or ends with a blank or an invisible character",
        "begin or end with a blank or an invisible character",
    ),
    "backslash_n": (
        "is a database's sign for nothing",
        "are a database's sign for nothing",
    ),
    "null": ("is a word for nothing", "are words for nothing"),
    "formula": ("looks like a spreadsheet's formula", "look like a spreadsheet's formulas"),
    "number": ("looks like a number that was cut", "look like numbers that were cut"),
}
"""By kind: what one such id does, and what several do."""


def plan_doubts(job: Job, meta: PlanMeta, now_s: float, before_s: float = 0.0) -> Iterator[str]:
    """What to look at in the plan before it is sent at `now_s`, a paragraph each; or nothing.

    `before_s` are the seconds that a backup takes first, where that is known.
    """
    odd = meta.lookalikes if job.log_ids else map(nameless_lookalike, meta.lookalikes)
    if question := lookalikes_question(odd):
        yield question
    if late := deadline_doubt(job, meta, now_s, before_s=before_s):
        yield late
    yield from guards_that_guard_nobody(job, meta.books)


def lookalikes_question(lookalikes: Iterable[Lookalike], *, where: str = "") -> str:
    """How many ids look like what an export did to them, one of each kind, and the question.

    `where` follows the first number: " of the first 1,000 rows".
    """
    kinds = _summed(lookalikes)
    if not kinds:
        return ""
    parts: list[str] = []
    for kind in kinds:
        does, do = _KINDS.get(kind.kind, ("looks changed", "look changed"))
        ids = counted(kind.ids, "id") if not parts else count(kind.ids)
        among = where if not parts else ""
        such = ": " if kind.ids == 1 else ", such as "
        parts.append(f"{ids}{among} {does if kind.ids == 1 else do}{such}{_seen(kind.example)}")
    are = "Is this an id" if sum(kind.ids for kind in kinds) == 1 else "Are these ids"
    it_is = "It is sent as it stands" if are.startswith("Is") else "They are sent as they stand"
    return f"{'; '.join(parts)}. {are}, or did an export change what was meant? {it_is}."


def nameless_lookalike(one: Lookalike) -> Lookalike:
    """With the shape of its example; a word for nothing names nobody."""
    if one.kind in {"null", "backslash_n"}:
        return one
    return replace(one, example=shape(one.example, letters=one.kind != "number"))


def guards_that_guard_nobody(job: Job, books: Books) -> Iterator[str]:
    """A sentence for each guard of the job that holds nothing of this plan back."""
    guards = job.guards
    keys = _protecting(guards)
    if keys and books.read and not books.protected:
        whom = "as From_Account" if job.operation is Operation.DELETE_ALL_FRIENDS else "in any row"
        yield (
            f"{keys}: no protected account stands {whom} of the input, so nothing is held back. "
            "If one should, look how the input writes it: ids are compared as they stand, capital "
            "letters and all."
        )
    if starred := [account for account in guards.protect if "*" in account]:
        yield (
            f"guards.protect: the * in {_seen(shape(starred[0]))} stands for itself, and for no "
            "other characters. Name each account."
        )
    ratio = guards.max_failure_ratio
    if ratio is None:
        return
    if ratio >= 1:
        yield "guards.max_failure_ratio = 1 never stops a run: no more than all pairs can fail."
    elif 0 < books.pairs < guards.min_sample:
        yield (
            f"guards.max_failure_ratio never stops this run: it counts from min_sample = "
            f"{count(guards.min_sample)} settled pairs on, and the plan has {count(books.pairs)}."
        )


def too_many(guards: Guards, books: Books) -> str:
    """Why `guards.max_pairs` keeps this plan from being sent; empty if it does not."""
    if guards.max_pairs is None or books.pairs <= guards.max_pairs:
        return ""
    return (
        f"guards.max_pairs = {guards.max_pairs} in the job file, but the plan holds "
        f"{counted(books.pairs, 'pair')}: nothing is sent. Raise the key if the plan is right"
    )


def warnings(job: Job) -> Iterator[str]:
    """What of the job itself deserves a second look, one sentence each."""
    for target in job.targets:
        if target.over_ceiling:
            yield (
                f"{target.name}: qps = {rate(target.qps)} is above the provider's documented "
                "ceiling. That is right only if your quota was raised; otherwise calls will be "
                "refused."
            )
    yield from secret_warnings(job)
    guarded = bool(job.guards.protect or job.guards.protect_files)
    if job.operation is Operation.DELETE_ALL_FRIENDS and guarded:
        lost = (
            " and can still lose friends whose lists are cleared"
            if job.mode is Mode.TWO_WAY
            else " but can still vanish from the lists that are cleared"
        )
        yield f"guards.protect: protected accounts keep their own lists{lost}."


def _protecting(guards: Guards) -> str:
    keys = ("protect" if guards.protect else "", "protect_files" if guards.protect_files else "")
    named = " and ".join(filter(None, keys))
    return f"guards.{named}" if named else ""


def _summed(lookalikes: Iterable[Lookalike]) -> list[Lookalike]:
    """One for each kind, in the order of their first."""
    order = {kind: at for at, kind in enumerate(_KINDS)}
    ordered = sorted(lookalikes, key=lambda one: order.get(one.kind, len(order)))
    summed = []
    for kind, group in groupby(ordered, key=lambda one: one.kind):
        same = [one for one in group if one.ids > 0]
        if same:
            ids = sum(one.ids for one in same)
            summed.append(Lookalike(kind=kind, ids=ids, example=same[0].example))
    return summed


def _seen(account: str) -> str:
    """An id in quotes, so that what it begins and ends with is seen."""
    shown = "".join(
        one
        if one.isprintable() and not is_invisible(one)
        else one.encode("unicode_escape").decode("ascii")
        for one in account
    )
    return f'"{shown}"'
