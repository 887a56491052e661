"""What a run takes from whoever started it: where it speaks, what it shows, who stops it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from bulkdel.send.view import LaneView

Say: TypeAlias = Callable[[str], None]
"""Takes a line for a person."""
Show: TypeAlias = Callable[[Sequence[LaneView]], None]
"""Takes the lanes as they are at a moment, about twice a second."""


class TellStop(Protocol):
    """Takes what a first signal is told to, with its name, and what counts the calls in flight."""

    def __call__(
        self, at_first: Callable[[str], None], in_flight: Callable[[], int] | None = None, /
    ) -> None:
        """From now on, until the next time."""
