"""What each emulated provider must be able to say of itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Protocol

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.wire import ID_BYTES, EmulatedApp, Quirks, Reading
from bulkdel.emulator.world import World


class Rules(Protocol):
    """One provider: what it accepts, and how it answers. May remember signatures, nothing else."""

    name: ClassVar[str]
    ceiling: ClassVar[int]  #: calls/s by default
    codes: ClassVar[Mapping[int, str]]  #: what the emulator answers with each code
    throttled: ClassVar[int]
    conflict: ClassVar[int]
    busy: ClassVar[int]
    unknown_from: ClassVar[int]
    unknown_to: ClassVar[int]
    not_friend: ClassVar[int]

    def __init__(self, app: EmulatedApp, quirks: Quirks) -> None: ...

    def owns(self, path: str) -> bool:
        """Whether a path belongs to this provider."""
        ...

    def read(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reading:
        """Understand a call; never raises, whatever was sent."""
        ...

    def admit(self, query: Mapping[str, str], now: float) -> int:
        """Check the credentials; 0 or the code that refuses them. `now` is Unix seconds."""
        ...

    def revoke(self, before: float) -> None:
        """Refuse signatures made before a moment, in Unix seconds (whole seconds count)."""
        ...

    def answer(
        self, asked: Reading, failures: Mapping[str, int], world: World, listing: Listing
    ) -> tuple[int, bytes]:
        """The top-level code and the body of an accepted call; `failures` by id."""
        ...

    def refuse(self, code: int) -> bytes:
        """The body of a refused call."""
        ...


def are_texts(values: Collection[object]) -> bool:
    """Whether every one of them is a string."""
    return set(map(type, values)) <= {str}


def are_ids(texts: Collection[str]) -> bool:
    """Whether every one of them is 1…32 bytes of UTF-8."""
    if not all(texts) or max(map(len, texts), default=0) > ID_BYTES:
        return False
    return "".join(texts).isascii() or all(is_short(text) for text in texts)


def is_short(text: str) -> bool:
    """Whether it is at most 32 bytes of UTF-8."""
    return len(text.encode(errors="replace")) <= ID_BYTES
