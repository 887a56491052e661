"""What each emulated provider must be able to say of itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Final, Protocol

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.wire import ID_BYTES, EmulatedApp, Reading
from bulkdel.emulator.world import Data, World

STRANGER: Final = "account_nobody_asked_for"
"""Who stands in a list where a fault adds one."""

_NONCES_CAP = 1_000_000


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
    unknown_added: ClassVar[int]  #: for one who is to be added
    not_friend: ClassVar[int]
    friend_already: ClassVar[int]  #: 0: adding again is answered as done
    full: ClassVar[int]  #: the list holds as many as it may

    def __init__(self, app: EmulatedApp, habits: Habits) -> None: ...

    def owns(self, path: str) -> bool:
        """Whether a path belongs to this provider."""
        ...

    def read(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, now: float
    ) -> Reading:
        """Understand a call; never raises, whatever was sent. `now` is Unix seconds."""
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

    @staticmethod
    def made_data(account: str, friend: str) -> Data:
        """The data of an entry that nobody set, made from the two ids."""
        ...

    @staticmethod
    def other_side(data: Data) -> Data:
        """The data of the other list's entry, where an addition writes both."""
        ...


class Nonces:
    """The nonces seen while they may be valid."""

    def __init__(self, valid_s: float) -> None:
        self._valid_s = valid_s
        self._seen: dict[str, float] = {}
        self._order: deque[str] = deque()

    def is_new(self, nonce: str, now: float) -> bool:
        """Note a nonce; False if it was seen before."""
        order = self._order
        while order and (self._seen[order[0]] < now - self._valid_s or len(order) >= _NONCES_CAP):
            del self._seen[order.popleft()]
        if nonce in self._seen:
            return False
        self._seen[nonce] = now
        order.append(nonce)
        return True


def listed(
    listing: Listing, items: list[dict[str, Any]], key: str, *, ordered: bool = True
) -> list[dict[str, Any]]:
    """The items as an answer lists them; `key` holds each one's id."""
    if not ordered:
        items = [*items[1::2], *items[::2]]
    match listing:
        case Listing.MISSING:
            return items[1::2]
        case Listing.EXTRA:
            return [*items, *(item | {key: STRANGER} for item in items[:1])]
        case Listing.DUPLICATE:
            return [*items, *items[:1]]
        case Listing.SHUFFLED:
            return [*items[1::2], *items[::2]]
        case Listing.WHOLE | Listing.CHANGED:
            return items


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
