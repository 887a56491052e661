"""What a rehearsal must know of a provider: how a reply reads as it stands, and what is assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bulkdel.providers.codes import Scope
from bulkdel.words import Ruling

AllFailed: TypeAlias = Literal["zero", "code_and_items", "code_only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a reply says, as it stands there: nothing is filled in, and the order is its own.

    Attributes:
        own: the ruling of the reply's own code.
        items: the ids that its results name, as often as they are named, each with its ruling.
    """

    own: Ruling
    items: tuple[tuple[str, Ruling], ...] = ()

    def of(self, account: str) -> tuple[Ruling, ...]:
        """Every ruling that the results give an id."""
        return tuple(ruling for name, ruling in self.items if name == account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """How the replies to deletions are read as they stand, and what is documented of them.

    Attributes:
        read: the reply to a deletion whose own code was said of `scope`. Total; a reply of which
            any part cannot be read is ruled `transient`, and names nobody.
        names_all: whether results name every id; otherwise they name those that failed.
        all_failed: the reply's own code where every id failed: 0 and the results say it; a code
            beside the results; a code and no results.
        adds_both: whether putting a friend on a list writes the friend's list too; None where
            nothing is documented, and nothing of bulkdel's hangs on it.
    """

    read: Callable[[Scope, int, bytes], Said]
    names_all: bool
    all_failed: AllFailed
    adds_both: bool | None
