"""A cut against the plans of its shards: every target once, every pair in one of its slices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.plan import duck
from bulkdel.plan.check import PART_ENTRIES, books_wrong
from bulkdel.plan.cut import Cut, Shard, plans_sha256
from bulkdel.plan.values import PlanMeta

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

_NAMED: Final = 10
"""Of one kind, how many are told."""


def check_cut(run_dir: Path, cut: Cut, plans: Mapping[str, PlanMeta]) -> Iterator[str]:
    """Every way in which the shards are not what the cut says, one sentence each.

    `plans` are the shards' by name, as far as they can be read; each is checked by itself as well.
    """
    yield from books_wrong(cut.meta)
    sliced: defaultdict[str, list[Shard]] = defaultdict(list)
    for shard in cut.shards:
        for name in shard.targets:
            sliced[name].append(shard)
    for name in {**dict(cut.meta.fingerprint.targets), **sliced}:
        yield from _slices_wrong(name, sliced[name])
    yield from _plans_wrong(cut, plans)
    for name, shards in sliced.items():
        if len(shards) > 1:
            yield from _in_two_slices(run_dir, name, [one for one in shards if one.name in plans])
    strange = sorted(_folders(run_dir / files.SHARDS) - {one.name for one in cut.shards})
    for name in strange[:_NAMED]:
        yield f"{files.SHARDS}/{name}: no shard of this run has that name"


def _plans_wrong(cut: Cut, plans: Mapping[str, PlanMeta]) -> Iterator[str]:
    """That each plan is of this cut, and that they add up to it."""
    pairs: Counter[str] = Counter()
    whole = replace(cut.meta.fingerprint, targets=())
    for shard in cut.shards:
        plan = plans.get(shard.name)
        if plan is None:
            continue  # which is told where it is looked for
        targets = tuple(one for one in cut.meta.fingerprint.targets if one[0] in shard.targets)
        if plan.fingerprint != replace(whole, targets=targets):
            yield f"shard {shard.name}: its plan is of other targets, input or rules than the cut"
        pairs.update({share.target: share.pairs for share in plan.shares})
    if len(plans) == len(cut.shards):
        if plans_sha256({name: plan.digest for name, plan in plans.items()}) != (
            cut.meta.entries_sha256
        ):
            yield "the plans of its shards are not those that it was made with"
        for share in cut.meta.shares:
            if pairs[share.target] != share.pairs:
                yield (
                    f"{share.target}: its shards hold {pairs[share.target]:,} pairs, not "
                    f"{share.pairs:,}"
                )


def _slices_wrong(name: str, shards: list[Shard]) -> Iterator[str]:
    """That a target is in one shard whole, or each of its slices in one."""
    number = shards[0].slices if shards else 1
    if sorted(one.slice_at for one in shards) != list(range(number)) or any(
        one.slices != number for one in shards
    ):
        names = ", ".join(one.name for one in shards[:_NAMED]) or "none"
        yield f"{name}: its shards ({names}) are not the whole of it once"


def _in_two_slices(run_dir: Path, name: str, shards: list[Shard]) -> Iterator[str]:
    """From_Accounts that two slices of a target hold: their calls could be in flight together."""
    with ExitStack() as stack:
        con = stack.enter_context(closing(duck.open_reader(memory_limit_mb=400)))
        plans = [run_dir / files.SHARDS / one.name / files.PLAN for one in shards]
        try:
            rows = [duck.parquet_rows(stack.enter_context(duck.opened(plan))) for plan in plans]
            entries = sum(duck.number(con, f"SELECT count(*) FROM {one}") for one in rows)
            parts = max(1, -(-entries // PART_ENTRIES))
            reported = 0
            for part in range(parts):
                held = " UNION ALL ".join(
                    f"(SELECT DISTINCT from_account FROM {one}"
                    f" WHERE hash(from_account) % {parts} = {part})"
                    for one in rows
                )
                twice = con.execute(
                    f"SELECT from_account FROM ({held}) GROUP BY from_account"
                    f" HAVING count(*) > 1 ORDER BY 1 LIMIT {_NAMED - reported}"
                ).fetchall()
                for (account,) in twice:
                    yield f"{name}: {str(account)[:80]!r} is in more than one of its slices"
                reported += len(twice)
                if reported >= _NAMED:
                    return
        except (duck.DuckError, OSError):
            return  # which is told of that shard's plan itself


def _folders(shards: Path) -> set[str]:
    """What lies among the shards; names that file systems make are no shards."""
    if not shards.is_dir():
        return set()
    with files.scanned(str(shards)) as entries:
        return {one.name for one in entries if one.is_dir() and not one.name.startswith(".")}
