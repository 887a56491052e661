"""Input files → valid rows in parts on disk; everything else in rejects.jsonl."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bulkdel.errors import WrongInput
from bulkdel.job.job import Quoting
from bulkdel.plan.batches.partition import Partitioner
from bulkdel.plan.input.facts import Facts
from bulkdel.plan.input.formats import DELIMITERS
from bulkdel.plan.input.lookalikes import Counts, together
from bulkdel.plan.input.open_file import open_whole
from bulkdel.plan.input.reader import ReadyRows, Staging
from bulkdel.plan.input.readers import READERS
from bulkdel.plan.input.records import Record
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.sources import SourceFile
from bulkdel.plan.rejects import RejectsFile, file_name


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBooks:
    """What became of a file's rows; protected ones are among the valid ones, but kept out.

    Attributes:
        bytes: of the rows, rejects and blank lines that were read many at a time, as each was
            counted where it was read.
        header: of a CSV or TSV file, as it stands there; else None.
    """

    valid: int = 0
    rejected: int = 0
    protected: int = 0
    bytes: int = 0
    lookalikes: Counts
    header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes in files one after the other.

    Attributes:
        partitioner: where rows go.
        rejects: where everything else goes.
        rules, quoting: what a row is in this job, and a quotation mark.
        chunk: bytes that are worked on at a time.
        staged: a free name for the rows of a file that are not cut as they stand.
    """

    partitioner: Partitioner
    rejects: RejectsFile
    rules: RowRules
    quoting: Quoting | None
    chunk: int
    staged: Path

    def take_in(self, source: SourceFile, facts: Facts) -> FileBooks:
        """Takes in one file.

        Raises:
            WrongInput: the file cannot be read as what it is said to be.
        """
        ensure_choice(source, self.quoting)
        name = file_name(source.name)
        before = self.rejects.count
        reject = partial(self.rejects.add, name)
        with (
            open_whole(source, facts) as file,
            closing(READERS[source.format](file, self.quoting)) as reader,
        ):
            ready = reader.ready(
                self.rules, Staging(path=self.staged, reject=reject, chunk=self.chunk)
            )
            books = self._read(ready, reject)
            file.ensure_all(facts.unpacked - ready.size + books.bytes)
        if ready.rows not in (None, books.valid):
            raise AssertionError(f"{source.name}: {ready.rows} valid rows came to {books}")
        return replace(books, rejected=self.rejects.count - before, header=ready.header)

    def _read(self, ready: ReadyRows, reject: Callable[[Record], None]) -> FileBooks:
        """Takes in rows that are ready; the books lack what was rejected before."""
        line = ready.line
        books = FileBooks(lookalikes={})
        with closing(self.partitioner.partition(ready.chunks, ready.shape)) as chunks:
            for chunk in chunks:
                for one in chunk.rejects:
                    reject(one._replace(line=line + one.line, last_line=line + one.last_line))
                line += chunk.lines
                books = FileBooks(
                    valid=books.valid + chunk.rows,
                    protected=books.protected + chunk.protected,
                    bytes=books.bytes + chunk.bytes,
                    lookalikes=together((books.lookalikes, chunk.lookalikes)),
                )
        return books


def ensure_choice(source: SourceFile, quoting: Quoting | None) -> None:
    """WrongInput where the job says how quotes are read, of a format that leaves no choice."""
    if quoting is not None and source.format not in DELIMITERS:
        raise WrongInput(
            f"input.quoting is set, but {source.name} is {source.format}",
            mend="it is allowed only where every input file is csv or tsv",
        )
