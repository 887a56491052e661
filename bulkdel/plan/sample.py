"""The first rows of an input file, read as the plan would read them: is this what is meant?"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bulkdel.job.job import Job
from bulkdel.plan.input.lookalikes import as_values, counted
from bulkdel.plan.input.open_file import open_beginning
from bulkdel.plan.input.readers import READERS
from bulkdel.plan.input.records import Record
from bulkdel.plan.input.rules import rules_of
from bulkdel.plan.input.sources import SourceFile
from bulkdel.plan.intake import ensure_choice
from bulkdel.plan.values import Lookalike

_ROWS: Final = 1000
"""Rows that are looked at of a file that says how many it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRows:
    """What the first rows of a file say.

    Attributes:
        rows: how many were looked at.
        bad: how many of them would be rejected.
        first_bad: physical line and reason of the first of those.
        pair: the first good row; its To is None where rows are accounts.
        rows_about: rows of the whole file: counted if `whole`, else estimated from its size.
        whole: whether these are all rows of the file.
        id_bytes: bytes of a good row's ids, on average.
        lookalikes: among the good rows' ids, as a plan counts them.
    """

    rows: int
    bad: int
    first_bad: tuple[int, str] | None
    pair: tuple[str, str | None] | None
    rows_about: int
    whole: bool
    id_bytes: float
    lookalikes: tuple[Lookalike, ...] = ()


def sample_of(job: Job, source: SourceFile) -> FirstRows:
    """The first rows of `source`, judged by the rules of all targets of `job`.

    Raises:
        WrongInput: it cannot be read, a column is missing, or it is not what its format says.
    """
    rules, quoting = rules_of(job), job.input.quoting
    ensure_choice(source, quoting)
    with open_beginning(source) as file, closing(READERS[source.format](file, quoting)) as reader:
        records, share = reader.records(rules), file.share
        if reader.rows is not None:
            records, share = islice(records, _ROWS), min(1.0, _ROWS / max(1, reader.rows))
        return _summed_up(records, share)


def columns_of(source: SourceFile) -> tuple[str, ...]:
    """The columns of a file, or the keys of its first JSON object, in their order.

    Raises:
        WrongInput: it cannot be read as what its suffix says.
    """
    with open_beginning(source) as file, closing(READERS[source.format](file, None)) as reader:
        return reader.columns()


def _summed_up(records: Iterable[Record], share: float) -> FirstRows:
    rows = 0
    first_bad: tuple[int, str] | None = None
    good: list[tuple[bytes, ...]] = []
    for record in records:
        rows += 1
        if isinstance(record.content, str):
            first_bad = first_bad or (record.line, record.content)
        else:
            good.append(record.content)
    accounts = [account for ids in good for account in ids]
    first = [account.decode() for account in good[0]] if good else []
    return FirstRows(
        rows=rows,
        bad=rows - len(good),
        first_bad=first_bad,
        pair=(first[0], first[1] if len(first) > 1 else None) if first else None,
        rows_about=rows if share == 1.0 else round(rows / max(share, 1e-12)),
        whole=share == 1.0,
        id_bytes=sum(map(len, accounts)) / len(good) if good else 0.0,
        lookalikes=as_values(counted(accounts)),
    )
