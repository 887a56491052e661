"""Makes the plans of a job's shards: shards.json in the run directory says that all are there."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO

from bulkdel import files, rundir
from bulkdel.job.job import Job
from bulkdel.plan.cut import Cut, Shard, keep_cut, plans_sha256, shard_dir, shards_of
from bulkdel.plan.gather import Gathered, gathered
from bulkdel.plan.lines import Lines, sliced, whole
from bulkdel.plan.make import unplan, write
from bulkdel.plan.meta import digest
from bulkdel.plan.read import PLAN_FILE
from bulkdel.plan.scale import Scale
from bulkdel.plan.stretches import stretch_of
from bulkdel.plan.values import Books, PlanMeta, Share


def make_shards(job: Job, *, stdin: BinaryIO | None = None, scale: Scale | None = None) -> Cut:
    """Plans `job`, which has [cluster], shard by shard; whole or not at all.

    The input is read once. Each shard's plan has the shard's targets, and books of its own: its
    pairs, each read once. The input's books are those of the whole, in shards.json.

    Args:
        job: what to plan. Nothing has been sent of it, and no process works on a shard of it.
        stdin: as `make_plan`.
        scale: likewise.

    Raises:
        WrongInput: the input cannot be planned, or the run directory cannot hold it.
    """
    if job.cluster is None:
        raise AssertionError(f"{job.name} is not to be cut")
    shards = shards_of(job.targets, job.cluster)
    with gathered(job, stdin=stdin, scale=scale) as rows:
        unplan(job.run_dir)
        rundir.make(job.run_dir / files.SHARDS)
        digests: dict[str, str] = {}
        for lines, some in _written(rows, shards):
            for shard in some:
                digests[shard.name] = _shard(job, shard, rows, lines).digest
            lines.path.unlink()
        files.publish(rows.folder / files.REJECTS, job.run_dir / files.REJECTS)
        cut = Cut(run_id=str(uuid.uuid4()), meta=_meta(rows, digests), shards=shards)
        keep_cut(job.run_dir, cut)
    return cut


def _written(rows: Gathered, shards: Iterable[Shard]) -> Iterator[tuple[Lines, list[Shard]]]:
    """The entries, and the shards that have just these: all those with targets of like sizes."""
    alike: defaultdict[tuple[int, ...], list[Shard]] = defaultdict(list)
    slices: defaultdict[str, list[Shard]] = defaultdict(list)
    for shard in shards:
        if shard.slices > 1:
            slices[shard.targets[0]].append(shard)
        else:
            alike[tuple(rows.sizes[target] for target in shard.targets)].append(shard)
    for some in alike.values():
        yield whole(rows, some[0].targets), some
    for target, some in slices.items():
        yield from zip(sliced(rows, target, len(some)), ([one] for one in some), strict=True)


def _shard(job: Job, shard: Shard, rows: Gathered, lines: Lines) -> PlanMeta:
    """Writes a shard's plan into its run directory, durably."""
    shares = [share for share in rows.shares if share.target in shard.targets]
    if shard.slices > 1:
        target = shard.targets[0]
        shares = [
            Share(target=target, first=0, batches=lines.batches, pairs=lines.pairs, largest=())
        ]
    pairs = shares[0].pairs
    planned = dict(rows.fingerprint.targets)
    meta = write(
        rows,
        lines,
        fingerprint=replace(
            rows.fingerprint, targets=tuple((name, planned[name]) for name in shard.targets)
        ),
        shares=tuple(_in_order(shares)),
        books=Books(read=pairs, pairs=pairs, duplicates=0, rejected=0, protected=0),
    )
    folder = shard_dir(job, shard)
    rundir.make(folder)
    files.publish(rows.folder / PLAN_FILE, folder / PLAN_FILE)
    return meta


def _in_order(shares: Iterable[Share]) -> Iterator[Share]:
    first = 0
    for share in shares:
        yield replace(share, first=first)
        first += share.batches


def _meta(rows: Gathered, digests: Mapping[str, str]) -> PlanMeta:
    """The whole plan's: in place of its entries, it goes by its shards' digests."""
    entries_sha256 = plans_sha256(digests)
    return PlanMeta(
        fingerprint=rows.fingerprint,
        books=rows.books,
        shares=rows.shares,
        digest=digest(rows.fingerprint, rows.books, entries_sha256),
        stretch=stretch_of(rows.sizes.values()),
        entries_sha256=entries_sha256,
        lookalikes=rows.lookalikes,
    )
