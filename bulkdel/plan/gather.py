"""The input, read and grouped once: what a plan, or the plans of many shards, are written from."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from bulkdel import files, rundir
from bulkdel.job.job import Job
from bulkdel.plan import duck
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
from bulkdel.plan.protect import protected_accounts
from bulkdel.plan.rejects import RejectsFile, file_name
from bulkdel.plan.scale import Scale
from bulkdel.plan.sides.fewest import Fewest
from bulkdel.plan.values import Books, Fingerprint, Lookalike, Share, Source
from bulkdel.plan.workshop import workshop
from bulkdel.words import Mode, Operation, Orient

_BINARY_UNPACKED: Final = 4  # a guess that only decides how many parts the work is done in


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All pairs of an input, in batches of each size that a target of the job takes.

    Attributes:
        folder: where files may be made; rejects.jsonl is there, and is whole.
        con: a database to write plans with.
        sweeps: whether each account is a batch, and no To_Account is named.
        shares: one a target, as if all were in one plan.
        sizes: by target, rows that a batch may have; where accounts are cleared, each is a batch.
        lines: the batches of a size as lines (see compose), numbered from a number on.
    """

    folder: Path
    con: duck.Connection
    fingerprint: Fingerprint
    books: Books
    lookalikes: tuple[Lookalike, ...]
    sweeps: bool
    shares: tuple[Share, ...]
    sizes: Mapping[str, int]
    lines: Callable[[int, int], Generator[bytes, None, None]]


@contextmanager
def gathered(
    job: Job, *, stdin: BinaryIO | None = None, scale: Scale | None = None
) -> Iterator[Gathered]:
    """Reads and groups the input of `job` for the length of a with block.

    Args:
        job: whose input; its run directory must be held.
        stdin: standard input, where the job's input names it. It is kept in the run directory;
            None reads what was kept before.
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
            yield from _work(job, folder, scale)


def _work(job: Job, folder: Path, scale: Scale) -> Iterator[Gathered]:
    pairs = job.operation is Operation.DELETE_FRIENDS
    sizes = {target.name: target.batch_size if pairs else 1 for target in job.targets}
    protected = protected_accounts(job.guards)
    sources = find_sources(job.input, job.run_dir)
    looked = [(source, look_at(source, folder, at)) for at, source in enumerate(sources)]
    parts = _parts(looked, scale)
    with (
        ThreadPoolExecutor(WORKERS) as pool,
        ThreadPoolExecutor(1) as hashing,
        closing(duck.open_workshop(folder, memory_limit_mb=scale.duck_mb)) as con,
        closing(
            _grouping(
                job,
                tuple(dict.fromkeys(sizes.values())),
                Workplace(pool=pool, folder=folder, parts=parts, giant_rows=scale.giant),
                scale,
            )
        ) as grouping,
    ):
        hashes = [hashing.submit(digest_of, source, facts) for source, facts in looked]
        file_books = []
        with (folder / files.REJECTS).open("w+b") as out:
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
        yield Gathered(
            folder=folder,
            con=con,
            fingerprint=fingerprint_of(job, planned, protected),
            books=books,
            lookalikes=as_values(together(books.lookalikes for books in file_books)),
            sweeps=not pairs,
            shares=_shares(sizes, grouped),
            sizes=sizes,
            lines=grouping.lines,
        )


def _grouping(
    job: Job, sizes: tuple[int, ...], place: Workplace, scale: Scale
) -> Grouping | Fewest:
    """What takes the rows, and makes batches of these sizes of them."""
    if job.orient is not Orient.FEWEST_CALLS:
        return Grouping(place, sizes)
    if job.operation is not Operation.DELETE_FRIENDS or job.mode is not Mode.TWO_WAY:
        raise AssertionError(f"{job.orient} with {job.operation}, {job.mode}")
    return Fewest(place, sizes, memory=scale.sides)


def _parts(looked: list[tuple[SourceFile, Facts]], scale: Scale) -> int:
    """In how many parts the rows of these files are worked on."""
    return parts_for(
        sum(
            facts.unpacked * (_BINARY_UNPACKED if source.format in BINARY else 1)
            for source, facts in looked
        ),
        scale.part,
    )


def _shares(sizes: Mapping[str, int], grouped: Grouped) -> tuple[Share, ...]:
    shares: list[Share] = []
    first = 0
    for target, size in sizes.items():
        sized = grouped.sized[size]
        shares.append(
            Share(
                target=target,
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
