"""A run's lines as they are kept: no account id in them, nor in a text of the provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson

from bulkdel import files
from bulkdel.errors import Corrupt
from bulkdel.evidence import pseudonyms
from bulkdel.evidence.lines import Lines, write_lines
from bulkdel.evidence.sealed import index_path
from bulkdel.runs.seams import Say

LEFT_OPEN: Final = (
    "`bulkdel run` ends what a killed process left; `bulkdel verify` says what is wrong"
)
_TEXTS_MOST: Final = 50
"""Different texts of the provider that may stay; what varies more than that names something."""
_TEXT_LONGEST: Final = 256
_ID_LONGEST: Final = 48
"""Characters of an id of 32 bytes, folded: two bytes become three at the worst."""
_SAID_EVERY: Final = 1_000_000


def seal_lines(
    ledgers: Sequence[Path],
    out: Path,
    names: pseudonyms.Pseudonyms,
    others: Sequence[str],
    say: Say,
) -> Lines:
    """Writes the lines of these ledgers without account ids, and their index; synced.

    A text of the provider stays only where no account of any line, nor of `others`, stands in it.
    """
    texts = _texts(ledgers)

    def says(count: int) -> None:
        if count and count % _SAID_EVERY == 0:
            say(f"{count:,} lines sealed ...")

    texts -= _held(texts, ledgers, others)
    sealed = (names.sealed(line, texts) for line in _lines(ledgers))
    return write_lines(sealed, out, index_path(out), says=says)


def _held(texts: set[str], ledgers: Sequence[Path], others: Sequence[str]) -> set[str]:
    """Those that hold an account of a line, or one of these, in any capitals, also in percents."""
    texts_of: dict[str, set[str]] = {}
    for text in texts:
        for folded in {text.casefold(), unquote(text).casefold()}:
            for begin in range(len(folded)):
                for end in range(begin + 1, min(len(folded), begin + _ID_LONGEST) + 1):
                    texts_of.setdefault(folded[begin:end], set()).add(text)
    found: set[str] = set()
    for other in others:
        found |= texts_of.get(other.casefold(), set())
    for line in _lines(ledgers) if texts_of else ():
        values: dict[str, Any] = orjson.loads(line)
        for name in pseudonyms.ACCOUNT_KEYS:
            if isinstance(named := values.get(name), str):
                found |= texts_of.get(named.casefold(), set())
    return found


def _texts(ledgers: Sequence[Path]) -> set[str]:
    """The different texts that lines hold, up to _TEXTS_MOST; long ones are none of them."""
    texts: set[str] = set()
    for line in _lines(ledgers):
        if b'"info":""' in line:
            continue
        text = orjson.loads(line).get("info", "")
        if len(text) <= _TEXT_LONGEST and (text in texts or len(texts) < _TEXTS_MOST):
            texts.add(text)
    return texts


def _lines(ledgers: Sequence[Path]) -> Iterator[bytes]:
    return chain.from_iterable(_lines_of(path) for path in ledgers)


def _lines_of(path: Path) -> Iterator[bytes]:
    if not files.is_there(path):
        return
    with files.open_to_read(path) as file:
        for line in file:
            if not line.endswith(b"\n"):
                raise Corrupt("its last line is torn", where=path, mend=LEFT_OPEN)
            yield line[:-1]
