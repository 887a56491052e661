"""Makes the plan: plan.parquet and rejects.jsonl in the run directory, whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Job
from bulkdel.plan import duck
from bulkdel.plan.facts import Facts, look_at
from bulkdel.plan.fingerprint import fingerprint_of
from bulkdel.plan.grouping import Grouped, Grouping
from bulkdel.plan.intake import Scan, Wanted, read_strictly, reject_lines, take_in
from bulkdel.plan.meta import digest, to_json
from bulkdel.plan.protect import protected_accounts
from bulkdel.plan.read import PLAN_FILE
from bulkdel.plan.rejects import RejectsFile
from bulkdel.plan.rules import RowRules, rules_of
from bulkdel.plan.sources import STDIN, SourceFile, find_sources, keep_stdin
from bulkdel.plan.values import Books, PlanMeta, Share, Source
from bulkdel.words import Operation

REJECTS_FILE = "rejects.jsonl"
_WORKSHOP = ".planning"
_BYTES_A_ROW = 24  # a guess that only decides how many parts the work is done in


def make_plan(job: Job, *, stdin: BinaryIO | None = None, memory_limit_mb: int = 768) -> PlanMeta:
    """Plans `job`: writes rejects.jsonl, then plan.parquet, into its run directory.

    Args:
        job: what to plan.
        stdin: standard input, where the job's input names it. It is kept in the run directory;
            None plans what was kept before.
        memory_limit_mb: what DuckDB may use; Python needs some 150 MB beside it.

    Raises:
        WrongInput: the input cannot be planned, or the run directory cannot hold it.
    """
    return _make_plan(job, None, stdin=stdin, memory_limit_mb=memory_limit_mb)


def _make_plan(
    job: Job, rules: RowRules | None, *, stdin: BinaryIO | None, memory_limit_mb: int
) -> PlanMeta:
    """As make_plan, with other rules for rows where a test brings its own."""
    with duck.storage_errors(job.run_dir):
        _prepare(job.run_dir)
        if STDIN in job.input.files:
            keep_stdin(stdin, job.run_dir)
        workshop = job.run_dir / _WORKSHOP
        shutil.rmtree(workshop, ignore_errors=True)  # of a planning that was killed
        workshop.mkdir(mode=0o700)
        try:
            meta = _work(job, rules, workshop, memory_limit_mb)
            (job.run_dir / PLAN_FILE).unlink(missing_ok=True)
            for name in (REJECTS_FILE, PLAN_FILE):
                _publish(workshop / name, job.run_dir / name)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    return meta


def _work(job: Job, rules: RowRules | None, workshop: Path, memory_limit_mb: int) -> PlanMeta:
    pairs = job.operation is Operation.DELETE_FRIENDS
    wanted = Wanted(
        rules=rules or rules_of(job, pairs=pairs),
        refused=None if pairs or job.input.accounts_only else job.input.to_field,
    )
    protected = protected_accounts(job.guards)
    sources = find_sources(job.input, job.run_dir)
    looked = [(source, look_at(source, workshop, at)) for at, source in enumerate(sources)]
    rows = sum(_guess(source, facts) for source, facts in looked)
    con = duck.open_workshop(workshop, memory_limit_mb=memory_limit_mb)
    try:
        grouping = Grouping(con, workshop, pairs=pairs, rows=rows)
        read = valid = 0
        with (workshop / REJECTS_FILE).open("w+b") as out:
            rejects = RejectsFile(out)
            for at, (source, facts) in enumerate(looked):
                staged = workshop / f"staged-{at}"
                scan = take_in(con, source, facts, wanted=wanted, rejects=rejects, staged=staged)
                file_read, file_valid = _load(
                    grouping, at, scan, wanted=wanted, rejects=rejects, staged=staged
                )
                read += file_read
                valid += file_valid
                staged.unlink(missing_ok=True)
        if read == 0:
            names = ", ".join(source.name for source in sources)
            raise WrongInput(f"input.files {names}: there are no rows in the input")
        sizes = tuple(dict.fromkeys(target.batch_size for target in job.targets))
        grouped = grouping.group(protected, sizes)
        books = Books(
            read=read,
            pairs=grouped.pairs,
            duplicates=valid - grouped.protected - grouped.pairs,
            rejected=read - valid,
            protected=grouped.protected,
        )
        if books.duplicates < 0:
            raise AssertionError(f"more pairs than rows: {books}")
        planned = tuple(_as_planned(source, facts) for source, facts in looked)
        fingerprint = fingerprint_of(job, planned, protected)
        meta = PlanMeta(
            fingerprint=fingerprint,
            books=books,
            shares=_shares(job, grouped),
            digest=digest(fingerprint, books),
        )
        targets = tuple((target.name, target.batch_size) for target in job.targets)
        grouping.write(workshop / PLAN_FILE, targets, pairs=grouped.pairs, meta=to_json(meta))
    finally:
        con.close()
    return meta


def _load(
    grouping: Grouping,
    at: int,
    scan: Scan,
    *,
    wanted: Wanted,
    rejects: RejectsFile,
    staged: Path,
) -> tuple[int, int]:
    """Loads one file's rows and makes sure that every row is accounted for: (read, valid)."""
    name = scan.source.name
    if scan.valid is None:
        mark = rejects.mark()
        try:
            loaded = grouping.load(at, scan.sql)
        except duck.DataError:
            loaded = -1
        if loaded == scan.rows:
            return scan.rows, loaded
        if loaded >= 0:
            rejected = reject_lines(scan.source, scan.facts, wanted=wanted, rejects=rejects)
            if loaded + rejected == scan.rows:
                return scan.rows, loaded
        # Two readers do not agree about this file: then only the strict one is believed.
        rejects.rewind(mark)
        grouping.unload(at)
        scan = read_strictly(scan.source, scan.facts, wanted=wanted, rejects=rejects, staged=staged)
    try:
        loaded = grouping.load(at, scan.sql)
    except duck.DataError as exc:
        raise WrongInput(f"input.files {name}: cannot be read as {scan.source.format}") from exc
    if loaded != scan.valid:
        raise AssertionError(f"{name}: {scan.valid} rows were staged, {loaded} were read")
    return scan.rows, loaded


def _guess(source: SourceFile, facts: Facts) -> int:
    if source.format in (Format.CSV, Format.TSV):
        return facts.lines
    return max(facts.lines, facts.path.stat().st_size // _BYTES_A_ROW)


def _as_planned(source: SourceFile, facts: Facts) -> Source:
    return Source(
        path=source.name, format=source.format.value, size=facts.size, sha256=facts.sha256
    )


def _shares(job: Job, grouped: Grouped) -> tuple[Share, ...]:
    shares: list[Share] = []
    first = 0
    for target in job.targets:
        batches = grouped.batches[target.batch_size]
        shares.append(
            Share(
                target=target.name,
                first=first,
                batches=batches,
                pairs=grouped.pairs,
                largest=grouped.largest,
            )
        )
        first += batches
    return tuple(shares)


def _prepare(run_dir: Path) -> None:
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as exc:
        raise WrongInput(f"run_dir {run_dir}: is not a directory") from exc
    if not os.access(run_dir, os.W_OK | os.X_OK):
        raise WrongInput(f"run_dir {run_dir}: cannot be written; mend that or use --run-dir")
    run_dir.chmod(0o700)


def _publish(made: Path, name: Path) -> None:
    """Gives a finished file its name, durably."""
    made.chmod(0o600)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(name)
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
