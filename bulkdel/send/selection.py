"""Which pairs of a plan a sitting may send: all of them, where nothing else is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bulkdel.words import Entry


class Selection(Protocol):
    """What is sent in a sitting that leaves some of the plan alone. Asked from any thread."""

    def chosen(self, target: int, entry: Entry) -> Sequence[int] | None:
        """Positions of the items that may be sent, ascending; None means all of them.

        The entry is of the target at this index of the plan.
        """

    def words(self, pairs: int) -> str:
        """Why a target ends with so many pairs that were not to be sent, as a sentence's part."""
