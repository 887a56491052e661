"""Accounts with more pairs than fit into memory at ease: DuckDB makes them distinct and sorts them.

Such an account's To_Accounts are a file of their own, which DuckDB sorts out of core; batches are
then cut from the sorted file, a stretch at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bulkdel.plan import duck
from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.ids import MOST_WORDS, WORD, Words, hashes_of, texts_of, widened, words_of_texts

_BLOCK_BYTES = 8 << 20
_SEPARATOR = b"\x1f"  # separates nothing: the lines have one column


@dataclass(frozen=True, slots=True, kw_only=True)
class Giant:
    """An account set aside; `path` holds its To_Accounts, one a line, repeated ones too."""

    account: bytes
    hash: int
    path: Path


def set_aside(spill: Spill, part: int, folder: Path, *, rows: int) -> tuple[Words, list[Giant]]:
    """Reads a part: accounts with more than `rows` rows go into files, the rest is answered."""
    seen: Counter[int] = Counter()
    for piece in spill.blocks(part):
        values, counts = np.unique(hashes_of(piece[:, 0]), return_counts=True)
        seen.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    giants: dict[int, Giant] = {}
    rest: list[Words] = []
    large = np.array([value for value, count in seen.items() if count > rows], "<u8")
    for piece in spill.blocks(part):
        if piece.shape[1] == 1:  # accounts alone: one row of each is enough
            rest.append(np.unique(piece, axis=0))
            continue
        hashes = hashes_of(piece[:, 0])
        left = ~np.isin(hashes, large)
        for value in large.tolist():
            mine = np.flatnonzero(hashes == value)
            if not len(mine):
                continue
            accounts = texts_of(piece[mine, 0])
            giant = giants.setdefault(
                value, Giant(account=accounts[0], hash=value, path=folder / f"giant-{part}-{value}")
            )
            same = np.array([account == giant.account for account in accounts], np.bool_)
            left[mine[~same]] = True
            with giant.path.open("ab") as out:
                out.writelines(text + b"\n" for text in texts_of(piece[mine[same], 1]))
        rest.append(piece[left])
    width = max(piece.shape[2] for piece in rest)
    whole = [
        np.stack([widened(piece[:, at], width) for at in range(piece.shape[1])], axis=1)
        for piece in rest
    ]
    return np.concatenate(whole), list(giants.values())


def sort_giant(con: duck.Connection, giant: Giant) -> int:
    """Makes the file distinct and sorted bytewise; answers how many lines are left."""
    in_order = giant.path.with_suffix(".sorted")
    with duck.opened(giant.path) as file:
        lines = duck.lines_in(file, {"t": "VARCHAR"}, _SEPARATOR)
        select = f"SELECT DISTINCT t FROM {lines} ORDER BY t"  # noqa: S608 - no values but our own
        count = duck.write_lines(con, select, in_order, _SEPARATOR)
    in_order.replace(giant.path)
    return count


def sorted_blocks(giant: Giant, size: int) -> Iterator[Words]:
    """The sorted To_Accounts in stretches of a whole number of batches of `size`."""
    lines = size * max(1, _BLOCK_BYTES // (size * 32))
    with giant.path.open("rb") as file:
        while True:
            block = [line[:-1] for _, line in zip(range(lines), file, strict=False)]
            if not block:
                return
            longest = max(map(len, block))
            yield words_of_texts(block, max(MOST_WORDS, -(-longest // WORD)))
