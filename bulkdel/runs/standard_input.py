"""Standard input where a plan is there already: whether rows are piped in, and whether they differ.

It is never waited for: a continuing sitting needs none, and may have one that never ends.
"""

from __future__ import annotations

import hashlib
import select
import sys
from io import BufferedReader
from typing import BinaryIO

_CHUNK = 1 << 20


def piped() -> BinaryIO | None:
    """Standard input, if something stands in it now; None for a terminal or an empty one."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    stream = sys.stdin.buffer
    ready, _, _ = select.select([stream], [], [], 0)
    if not ready or not isinstance(stream, BufferedReader) or not stream.peek(1):
        return None
    return stream


def is_same(stream: BinaryIO, size: int, sha256: str) -> bool:
    """Whether the stream holds what was planned; reads no further than it takes to know."""
    read, content = 0, hashlib.sha256()
    while read <= size and (chunk := stream.read(_CHUNK)):
        read += len(chunk)
        content.update(chunk)
    return read == size and content.hexdigest() == sha256
