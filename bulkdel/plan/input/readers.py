"""The reader of each input format. A new format is a file with a reader in it, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Final, TypeAlias

from bulkdel.job.job import Format, Quoting
from bulkdel.plan.input.jsonl import open_jsonl
from bulkdel.plan.input.open_file import OpenFile
from bulkdel.plan.input.parquet import open_parquet
from bulkdel.plan.input.reader import Reader
from bulkdel.plan.input.separated import open_separated

OpenReader: TypeAlias = Callable[[OpenFile, Quoting | None], AbstractContextManager[Reader]]
"""Opens a file's reader for the length of a with block; [input] quoting is for formats with quotes.

Raises WrongInput where the file is not of the format.
"""

READERS: Final[Mapping[Format, OpenReader]] = MappingProxyType(
    {
        Format.CSV: open_separated,
        Format.TSV: open_separated,
        Format.JSONL: open_jsonl,
        Format.PARQUET: open_parquet,
    }
)
