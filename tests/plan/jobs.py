"""Jobs and plans for the planner's tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bulkdel.job.job import Format, Input, Job, Quoting, Target
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.plan.scale import Scale
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Entry, Operation, Orient
from tests.support import build


def a_target(name: str, *, provider: str = "tencent", batch_size: int = 1000) -> Target:
    """A target; what does not decide a plan is made up."""
    return build.target(name=name, provider=provider, batch_size=batch_size)


def a_job(
    folder: Path,
    files: list[str],
    *,
    operation: Operation = Operation.DELETE_FRIENDS,
    format: Format | None = None,  # noqa: A002 - the job file's key
    from_field: str = "From_Account",
    to_field: str = "To_Account",
    accounts_only: bool = False,
    quoting: Quoting | None = None,
    targets: tuple[Target, ...] = (),
    protect: tuple[str, ...] = (),
    protect_files: tuple[Path, ...] = (),
    orient: Orient = Orient.AS_GIVEN,
) -> Job:
    """A job over `files` (relative to `folder`), with one Tencent target unless told otherwise."""
    return build.job(
        *(targets or (a_target("tencent"),)),
        source=folder / "job.toml",
        name="job",
        operation=operation,
        run_dir=folder / "run",
        input=Input.model_construct(
            files=tuple(file if file == "-" else str(folder / file) for file in files),
            format=format,
            from_field=from_field,
            to_field=to_field,
            accounts_only=accounts_only,
            quoting=quoting,
        ),
        guards=replace(build.GUARDS, protect=protect, protect_files=protect_files),
        orient=orient,
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan as the tests look at it."""

    meta: PlanMeta
    entries: list[Entry]
    rejects: list[dict[str, Any]]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The first target's pairs, sorted."""
        share = self.meta.shares[0]
        entries = self.entries[share.first : share.first + share.batches]
        return sorted(
            (entry.from_account, other)
            for entry in entries
            for other in getattr(entry, "to_accounts", ("",))
        )

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Line and reason of each reject."""
        return [(reject["line"], reject["reason"]) for reject in self.rejects]


def plan(job: Job, **kwargs: Any) -> Planned:
    """Plans `job` and reads everything back."""
    meta = make_plan(job, **kwargs)
    total = sum(share.batches for share in meta.shares)
    with PlanReader(job.run_dir, meta) as reader:
        entries = [entry for some in reader.scan(0, total) for entry in some]
    lines = (job.run_dir / "rejects.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    books = meta.books
    rejects = [json.loads(line) for line in lines]
    assert books.read == books.pairs + books.duplicates + books.rejected + books.protected
    assert books.rejected == len(rejects)
    return Planned(meta, entries, rejects)


def plan_text(
    folder: Path,
    text: str | bytes,
    name: str = "in.csv",
    *,
    scale: Scale = Scale(),  # noqa: B008 - frozen
    **kwargs: Any,
) -> Planned:
    """Plans one file with this content."""
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    return plan(a_job(folder, [name], **kwargs), scale=scale)
