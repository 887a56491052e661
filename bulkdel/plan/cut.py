"""How a job is cut into shards, and where that is kept: shards.json in the run directory.

A shard is some targets of the job, or one of several slices of a target, with a run directory of
its own: shards/NAME. Once the first call has left, the cut is fixed, whatever the job file says.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt
from bulkdel.job.job import Cluster, Job, Target
from bulkdel.plan import meta as plan_meta
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta

CUT_VERSION: Final = 1
WORKER_QPS: Final = 1000.0
"""Calls/s that one process sends, about, and so those of the shards that it takes at once."""
_BYTES_MOST: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What one process sends at a time, with a run directory of its own.

    Attributes:
        name: of its folder.
        targets: their names, in the job's order.
        slice_at, slices: which slice of its one target it is, from 0 on, and of how many; 0 of 1
            where it holds its targets whole.
    """

    name: str
    targets: tuple[str, ...]
    slice_at: int = 0
    slices: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A job's shards, and the plan that they are cut from.

    Attributes:
        run_id: of this run, wherever it is looked at from; no other run has it.
        meta: the whole plan's: its books, and a share for each target, over all its slices. No file
            holds its entries; each shard has a plan of its own.
        shards: in the order in which they are taken.
    """

    run_id: str
    meta: PlanMeta
    shards: tuple[Shard, ...]


_SHARDS: Final = TypeAdapter(tuple[Shard, ...])


def shards_of(targets: Sequence[Target], cluster: Cluster) -> tuple[Shard, ...]:
    """Cuts targets into shards: in order, each until its qps add up; a sliced one by itself."""
    parts = list(_parts(targets, cluster.shard_qps, cluster.slices))
    width = len(str(len(parts)))
    return tuple(
        Shard(name=f"{at:0{width}d}", targets=names, slice_at=slice_at, slices=slices)
        for at, (names, slice_at, slices) in enumerate(parts, 1)
    )


def processes_for(targets: Sequence[Target], shards: Sequence[Shard]) -> int:
    """How many processes send these shards as fast as the targets are allowed, about."""
    needed = math.ceil(sum(target.qps for target in targets) / WORKER_QPS)
    return max(1, min(needed, len(shards)))


def _parts(
    targets: Sequence[Target], most: float, slices: Mapping[str, int]
) -> Iterator[tuple[tuple[str, ...], int, int]]:
    names: list[str] = []
    together = 0.0
    for target in targets:
        if target.name in slices:
            count = slices[target.name]
            yield from (((target.name,), at, count) for at in range(count))
            continue
        if names and together + target.qps > most and not math.isclose(together + target.qps, most):
            yield tuple(names), 0, 1
            names, together = [], 0.0
        names.append(target.name)
        together += target.qps
    if names:
        yield tuple(names), 0, 1


def plans_sha256(digests: Mapping[str, str]) -> str:
    """What a cut knows its shards' plans by: SHA-256 over their digests, given by shard."""
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()


def keep_cut(run_dir: Path, cut: Cut) -> None:
    """Writes it, durably; from then on the run is planned."""
    content = {
        "version": CUT_VERSION,
        "run_id": cut.run_id,
        "plan": orjson.Fragment(plan_meta.to_json(cut.meta)),
        "shards": [asdict(one) for one in cut.shards],
    }
    files.replace(run_dir / files.CUT, orjson.dumps(content) + b"\n")


def read_cut(run_dir: Path) -> Cut | None:
    """The cut of the run in `run_dir`; None where it is not cut, or not planned yet.

    Raises:
        Corrupt: the file is damaged, or of another version of bulkdel.
        WrongInput: this user may not read it.
        OSError: it cannot be opened.
    """
    path = run_dir / files.CUT
    if not files.is_there(path):
        return None
    with files.open_to_read(path) as file:
        text = file.read(_BYTES_MOST + 1)
    try:
        content: dict[str, Any] = orjson.loads(text)
        return Cut(
            run_id=str(uuid.UUID(content["run_id"])),
            meta=plan_meta.from_json(orjson.dumps(content["plan"])),
            shards=_SHARDS.validate_python(_of_this_version(content)["shards"]),
        )
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        what = "is damaged or of another version of bulkdel"
        raise Corrupt(what, where=path, mend=RESTORE) from error


def _of_this_version(content: dict[str, Any]) -> dict[str, Any]:
    if content["version"] != CUT_VERSION:
        raise ValueError("version")
    return content


def planned(run_dir: Path) -> PlanMeta | None:
    """The whole plan of the run in `run_dir`, cut or not; None if there is none yet.

    Raises:
        Corrupt, StorageFailed, WrongInput, OSError: as `read_cut` and `read_plan_meta`.
    """
    cut = read_cut(run_dir)
    return read_plan_meta(run_dir) if cut is None else cut.meta


def shard_dir(job: Job, shard: Shard) -> Path:
    """The run directory of a shard."""
    return job.run_dir / files.SHARDS / shard.name
