"""Makes the plan: plan.parquet and rejects.jsonl in the run directory, whole or not at all."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final

from bulkdel import files, rundir
from bulkdel.job.job import Job, Target
from bulkdel.plan import duck
from bulkdel.plan.batches.compose import LineDigests
from bulkdel.plan.batches.grouping import Grouped, Grouping, Workplace, parts_for
from bulkdel.plan.batches.in_threads import WORKERS
from bulkdel.plan.batches.partition import Partitioner
from bulkdel.plan.fingerprint import fingerprint_of
from bulkdel.plan.input.facts import Facts, digest_of, ensure_unchanged, held, look_at
from bulkdel.plan.input.formats import BINARY, quoting_of
from bulkdel.plan.input.kinds import EXPORT_AGAIN
from bulkdel.plan.input.lookalikes import as_values, together
from bulkdel.plan.input.rules import rules_of
from bulkdel.plan.input.sources import STDIN, SourceFile, WrongFile, find_sources, keep_stdin
from bulkdel.plan.intake import Intake
from bulkdel.plan.meta import DIGESTS_KEY, META_KEY, digest, to_json
from bulkdel.plan.protect import protected_accounts
from bulkdel.plan.read import PLAN_FILE
from bulkdel.plan.rejects import RejectsFile, file_name
from bulkdel.plan.scale import Scale
from bulkdel.plan.sides.fewest import Fewest
from bulkdel.plan.stretches import stretch_of
from bulkdel.plan.values import Books, PlanMeta, Share, Source
from bulkdel.plan.workshop import workshop
from bulkdel.plan.write import write_plan
from bulkdel.words import Mode, Operation, Orient

REJECTS_FILE = files.REJECTS
_BINARY_UNPACKED: Final = 4  # a guess that only decides how many parts the work is done in


def make_plan(job: Job, *, stdin: BinaryIO | None = None, scale: Scale | None = None) -> PlanMeta:
    """Plans `job`: writes rejects.jsonl, then plan.parquet, into its run directory.

    Args:
        job: what to plan.
        stdin: standard input, where the job's input names it. It is kept in the run directory;
            None plans what was kept before.
        scale: how much is worked on at a time, if not what the job's memory limit allows.

    Raises:
        WrongInput: the input cannot be planned, or the run directory cannot hold it.
    """
    scale = scale or Scale.within(job.memory_limit_mb)
    with duck.storage_errors(job.run_dir):
        rundir.make(job.run_dir)
        if STDIN in job.input.files:
            keep_stdin(stdin, job.run_dir)
        with workshop(job.run_dir) as folder:
            meta = _work(job, folder, scale)
            (job.run_dir / PLAN_FILE).unlink(missing_ok=True)
            for name in (REJECTS_FILE, PLAN_FILE):
                files.publish(folder / name, job.run_dir / name)
    return meta


def _work(job: Job, folder: Path, scale: Scale) -> PlanMeta:
    pairs = job.operation is Operation.DELETE_FRIENDS
    protected = protected_accounts(job.guards)
    sources = find_sources(job.input, job.run_dir)
    looked = [(source, look_at(source, folder, at)) for at, source in enumerate(sources)]
    with (
        ThreadPoolExecutor(WORKERS) as pool,
        ThreadPoolExecutor(1) as hashing,
        closing(duck.open_workshop(folder, memory_limit_mb=scale.duck_mb)) as con,
        closing(_grouping(job, pool, folder, scale, looked)) as grouping,
    ):
        hashes = [hashing.submit(digest_of, source, facts) for source, facts in looked]
        file_books = []
        with (folder / REJECTS_FILE).open("w+b") as out:
            intake = Intake(
                partitioner=Partitioner(pool, grouping.rows, protected, by=grouping.part_by),
                rejects=RejectsFile(out),
                rules=rules_of(job),
                quoting=job.input.quoting,
                chunk=scale.chunk,
                staged=folder / "staged",
            )
            for source, facts in looked:
                with held(source, facts) as here:
                    file_books.append(intake.take_in(source, here))
        valid = sum(books.valid for books in file_books)
        read = valid + sum(books.rejected for books in file_books)
        guarded = sum(books.protected for books in file_books)
        if read == 0:
            names = ", ".join(source.name for source in sources)
            raise WrongFile(names, "there are no rows in the input", EXPORT_AGAIN)
        planned = tuple(
            Source(
                path=file_name(source.name),
                format=source.format.value,
                size=size,
                sha256=sha256,
                quoting=str(quoting_of(source.format, job.input.quoting) or ""),
                header=books.header,
            )
            for source, (size, sha256), books in zip(
                sources, (hashed.result() for hashed in hashes), file_books, strict=True
            )
        )
        for source, facts in looked:
            ensure_unchanged(source, facts)
        grouped = grouping.group(con)
        books = Books(
            read=read,
            pairs=grouped.pairs,
            duplicates=valid - guarded - grouped.pairs,
            rejected=read - valid,
            protected=guarded,
        )
        if books.duplicates < 0:
            raise AssertionError(f"more pairs than rows: {books}")
        fingerprint = fingerprint_of(job, planned, protected)
        shares = _shares(job, grouped, pairs=pairs)
        sizes = [_size(target, pairs=pairs) for target in job.targets]
        digests = LineDigests(stretch := stretch_of(sizes))
        with (folder / "lines").open("wb") as lines:
            for size, share in zip(sizes, shares, strict=True):
                with closing(grouping.lines(size, share.first)) as pieces:
                    for piece in pieces:
                        digests.take(piece)
                        lines.write(piece)
        entries_sha256 = hashlib.sha256(digests.all()).hexdigest()
        meta = PlanMeta(
            fingerprint=fingerprint,
            books=books,
            shares=shares,
            digest=digest(fingerprint, books, entries_sha256),
            stretch=stretch,
            entries_sha256=entries_sha256,
            lookalikes=as_values(together(books.lookalikes for books in file_books)),
        )
        write_plan(
            con,
            folder / "lines",
            folder / PLAN_FILE,
            shares,
            sweeps=not pairs,
            metadata={META_KEY: to_json(meta), DIGESTS_KEY: digests.all()},
        )
    return meta


def _grouping(
    job: Job,
    pool: ThreadPoolExecutor,
    folder: Path,
    scale: Scale,
    looked: list[tuple[SourceFile, Facts]],
) -> Grouping | Fewest:
    """What takes the rows of these files, and makes batches of them."""
    pairs = job.operation is Operation.DELETE_FRIENDS
    sizes = tuple(dict.fromkeys(_size(target, pairs=pairs) for target in job.targets))
    size = sum(
        facts.unpacked * (_BINARY_UNPACKED if source.format in BINARY else 1)
        for source, facts in looked
    )
    parts = parts_for(size, scale.part)
    place = Workplace(pool=pool, folder=folder, parts=parts, giant_rows=scale.giant)
    if job.orient is not Orient.FEWEST_CALLS:
        return Grouping(place, sizes)
    if not pairs or job.mode is not Mode.TWO_WAY:
        raise AssertionError(f"{job.orient} with {job.operation}, {job.mode}")
    return Fewest(place, sizes, memory=scale.sides)


def _size(target: Target, *, pairs: bool) -> int:
    """Rows that a batch may have; where accounts are cleared, each is a batch."""
    return target.batch_size if pairs else 1


def _shares(job: Job, grouped: Grouped, *, pairs: bool) -> tuple[Share, ...]:
    shares: list[Share] = []
    first = 0
    for target in job.targets:
        sized = grouped.sized[_size(target, pairs=pairs)]
        shares.append(
            Share(
                target=target.name,
                first=first,
                batches=sized.batches,
                pairs=grouped.pairs,
                largest=sized.largest,
                heavy=sized.heavy,
                as_given=sized.as_given,
                least=sized.least,
            )
        )
        first += sized.batches
    return tuple(shares)
