"""The reader of each input format. A new format is a file with a reader in it, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bulkdel.job.job import Format, Quoting
from bulkdel.plan.input.jsonl import JsonlReader
from bulkdel.plan.input.open_file import OpenFile
from bulkdel.plan.input.parquet import ParquetReader
from bulkdel.plan.input.reader import Reader
from bulkdel.plan.input.separated import SeparatedReader

READERS: Final[Mapping[Format, Callable[[OpenFile, Quoting | None], Reader]]] = MappingProxyType(
    {
        Format.CSV: SeparatedReader,
        Format.TSV: SeparatedReader,
        Format.JSONL: JsonlReader,
        Format.PARQUET: ParquetReader,
    }
)
