"""What a run takes from whoever started it: where it speaks, what it shows, who stops it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from bulkdel.send.view import LaneView

Say: TypeAlias = Callable[[str], None]
"""Takes a line for a person."""
Show: TypeAlias = Callable[[Sequence[LaneView]], None]
"""Takes the lanes as they are at a moment, about twice a second."""
TellStop: TypeAlias = Callable[[Callable[[str], None]], None]
"""Takes what a first signal is told to, with its name."""
