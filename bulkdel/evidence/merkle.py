"""The Merkle tree of RFC 6962, section 2.1: SHA-256 over lines, and proofs that a line is in it.

Lines come one by one, millions of them. A block of lines has a root of its own, and since every
split of the tree falls between blocks, the tree over all lines is the tree over the blocks' roots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

BLOCK: Final = 1 << 8
"""Lines of a block; a power of two."""


def leaf(line: bytes) -> bytes:
    """The hash of one line, without its line feed."""
    return sha256(b"\x00" + line).digest()


def levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The tree over leaves, or over the roots of blocks, level by level; its root is last.

    The last one of a level without a neighbour goes up as it is: that is the split at the largest
    power of two below the number of leaves.
    """
    made = [list(hashes)]
    while len(level := made[-1]) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        made.append([_node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)] + odd)
    return made


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, or over the roots of blocks; of nothing it is SHA-256 of nothing."""
    return levels(hashes)[-1][0] if hashes else sha256(b"").digest()


def path_in(tree: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The audit path of the leaf at `index`, from the leaf up (RFC 6962, section 2.1.1).

    `tree` is as `levels` makes it.
    """
    return [
        level[beside]
        for height, level in enumerate(tree[:-1])
        if (beside := (index >> height) ^ 1) < len(level)
    ]


def root_by(path: Iterable[bytes], of: bytes, *, index: int, size: int) -> bytes | None:
    """The root that this path leads to from a leaf hash at `index` of `size` lines.

    None where no path of this length belongs there.
    """
    if not 0 <= index < size:
        return None
    here, last = index, size - 1
    for one in path:
        if last == 0:
            return None
        if here % 2 or here == last:
            of = _node(one, of)
            while here and not here % 2:
                here, last = here // 2, last // 2
        else:
            of = _node(of, one)
        here, last = here // 2, last // 2
    return of if last == 0 else None


class Blocks:
    """Takes leaves one by one and keeps the roots of whole blocks: 32 bytes for BLOCK lines."""

    def __init__(self) -> None:
        self.roots: list[bytes] = []
        self._open: list[bytes] = []

    def add(self, of: bytes) -> None:
        """The next leaf's hash."""
        self._open.append(of)
        if len(self._open) == BLOCK:
            self.roots.append(root_of(self._open))
            self._open.clear()

    def all(self) -> list[bytes]:
        """The roots of all blocks so far, the last one's too, which may be shorter."""
        return [*self.roots, root_of(self._open)] if self._open else list(self.roots)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()
