"""A cut against the plans of its shards: every target once, every pair in one of its slices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
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
    pairs: Counter[str] = Counter()
    for shard in cut.shards:
        for name in shard.targets:
            sliced[name].append(shard)
        if plan := plans.get(shard.name):
            pairs.update({share.target: share.pairs for share in plan.shares})
            if shard.targets != tuple(share.target for share in plan.shares):
                yield f"shard {shard.name}: its plan is of other targets"
    are_all = len(plans) == len(cut.shards)
    digests = {name: plan.digest for name, plan in plans.items()}
    if are_all and plans_sha256(digests) != cut.meta.entries_sha256:
        yield "the plans of its shards are not those that it was made with"
    for share in cut.meta.shares:
        if are_all and pairs[share.target] != share.pairs:
            yield (
                f"{share.target}: its shards hold {pairs[share.target]:,} pairs, not "
                f"{share.pairs:,}"
            )
        yield from _slices_wrong(run_dir, share.target, sliced[share.target], plans)
    strange = _folders(run_dir / files.SHARDS) - {one.name for one in cut.shards}
    for name in sorted(strange)[:_NAMED]:
        yield f"{files.SHARDS}/{name}: no shard of this run has that name"


def _slices_wrong(
    run_dir: Path, name: str, shards: list[Shard], plans: Mapping[str, PlanMeta]
) -> Iterator[str]:
    numbers = [(one.slice_at, one.slices) for one in shards]
    if numbers != [(at, len(shards)) for at in range(len(shards))]:
        yield f"{name}: the slices of it in its shards are not the whole of it once"
    if len(shards) > 1:
        yield from _in_two_slices(run_dir, name, [one for one in shards if one.name in plans])


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
