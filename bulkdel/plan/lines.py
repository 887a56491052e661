"""The entries of a plan as lines in a file (see compose): whole targets, or slices of one.

A target is sliced by From_Account, so that no two slices ever change one account's list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, Self

from bulkdel.plan.batches.compose import FIELD_END, ID_END, LineDigests
from bulkdel.plan.gather import Gathered
from bulkdel.plan.stretches import stretch_of

_FIELD, _ID = bytes([FIELD_END]), bytes([ID_END])
_ACCOUNT_AT: Final = 13
"""Bytes of a line before its From_Account: twelve digits and the end of a field."""


class Lines:
    """The entries of one plan, written into a file for the length of a with block.

    Attributes:
        path: of the file.
        stretch: entries that one digest is of (see stretches).
        batches, pairs: how many, over all its targets; whoever writes keeps them.
    """

    def __init__(self, path: Path, sizes: Sequence[int]) -> None:
        self.path, self.stretch = path, stretch_of(sizes)
        self.batches = self.pairs = 0
        self._digests = LineDigests(self.stretch)

    def __enter__(self) -> Self:
        self._out = self.path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()

    def take(self, piece: bytes) -> None:
        """The next lines, whole ones."""
        self._digests.take(piece)
        self._out.write(piece)

    @property
    def digests(self) -> bytes:
        """Of all stretches of what was written."""
        return self._digests.all()


def slice_of(account: bytes, slices: int) -> int:
    """Which of so many slices an account's pairs are in; the same for ever, on every machine.

    The first eight bytes of the SHA-256 of its bytes, as a big-endian number, modulo `slices`.
    """
    return int.from_bytes(hashlib.sha256(account).digest()[:8], "big") % slices


def whole(rows: Gathered, targets: Sequence[str]) -> Lines:
    """All entries of these targets, one target's after another's, in a new file."""
    shares = {share.target: share for share in rows.shares}
    with Lines(rows.folder / "lines", [rows.sizes[target] for target in targets]) as made:
        for target in targets:
            with closing(rows.lines(rows.sizes[target], made.batches)) as pieces:
                for piece in pieces:
                    made.take(piece)
            made.batches += shares[target].batches
            made.pairs += shares[target].pairs
    return made


def sliced(rows: Gathered, target: str, slices: int) -> list[Lines]:
    """The entries of a target in so many slices, each in a new file; a slice may be empty.

    Each From_Account is in one slice. The order of sending is kept, and numbers are consecutive.
    """
    size = rows.sizes[target]
    with ExitStack() as stack:
        made = [
            stack.enter_context(Lines(rows.folder / f"lines-{at}", [size])) for at in range(slices)
        ]
        for piece in stack.enter_context(closing(rows.lines(size, 0))):
            parts: list[list[bytes]] = [[] for _ in made]
            for line in piece[1:].split(b"\n"):
                account = line[_ACCOUNT_AT:].partition(_FIELD)[0]
                parts[slice_of(account, slices)].append(line[_ACCOUNT_AT:])
            for one, contents in zip(made, parts, strict=True):
                numbered = enumerate(contents, one.batches)
                one.take(b"".join(b"\n%012d%b%b" % (at, _FIELD, rest) for at, rest in numbered))
                one.batches += len(contents)
                one.pairs += len(contents) + sum(rest.count(_ID) for rest in contents)
    return made
