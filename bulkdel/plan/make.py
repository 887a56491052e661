"""Makes the plan: plan.parquet and rejects.jsonl in the run directory, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import BinaryIO

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.plan.gather import Gathered, gathered
from bulkdel.plan.lines import Lines, whole
from bulkdel.plan.meta import DIGESTS_KEY, META_KEY, digest, to_json
from bulkdel.plan.read import PLAN_FILE
from bulkdel.plan.scale import Scale
from bulkdel.plan.values import Books, Fingerprint, Lookalike, PlanMeta, Share
from bulkdel.plan.write import write_plan

REJECTS_FILE = files.REJECTS


def make_plan(job: Job, *, stdin: BinaryIO | None = None, scale: Scale | None = None) -> PlanMeta:
    """Plans `job` in one piece: writes rejects.jsonl, then plan.parquet, into its run directory.

    Args:
        job: what to plan. Nothing has been sent from its run directory.
        stdin: standard input, where the job's input names it. It is kept in the run directory;
            None plans what was kept before.
        scale: how much is worked on at a time, if not what the job's memory limit allows.

    Raises:
        WrongInput: the input cannot be planned, or the run directory cannot hold it.
    """
    with gathered(job, stdin=stdin, scale=scale) as rows:
        lines = whole(rows, [share.target for share in rows.shares])
        meta = write(
            rows,
            lines,
            fingerprint=rows.fingerprint,
            shares=rows.shares,
            books=rows.books,
            lookalikes=rows.lookalikes,
        )
        unplan(job.run_dir)
        for name in (REJECTS_FILE, PLAN_FILE):
            files.publish(rows.folder / name, job.run_dir / name)
    return meta


def write(
    rows: Gathered,
    lines: Lines,
    *,
    fingerprint: Fingerprint,
    shares: tuple[Share, ...],
    books: Books,
    lookalikes: tuple[Lookalike, ...] = (),
) -> PlanMeta:
    """Writes these entries as a plan into the folder of `rows`; what it knows of itself.

    Raises:
        OSError, DuckError: there is no room for it.
    """
    entries_sha256 = hashlib.sha256(lines.digests).hexdigest()
    meta = PlanMeta(
        fingerprint=fingerprint,
        books=books,
        shares=shares,
        digest=digest(fingerprint, books, entries_sha256),
        stretch=lines.stretch,
        entries_sha256=entries_sha256,
        lookalikes=lookalikes,
    )
    write_plan(
        rows.con,
        lines.path,
        rows.folder / PLAN_FILE,
        meta.shares,
        sweeps=rows.sweeps,
        metadata={META_KEY: to_json(meta), DIGESTS_KEY: lines.digests},
    )
    return meta


def unplan(run_dir: Path) -> None:
    """Removes the plan that is there, in one piece or cut; nothing was sent of it.

    First the file that alone says that there is one: killed at any point, it is made anew.
    """
    for name in (files.CUT, PLAN_FILE):
        (run_dir / name).unlink(missing_ok=True)
    files.sync_folder(run_dir)
    if (run_dir / files.SHARDS).is_dir():
        shutil.rmtree(run_dir / files.SHARDS)
