"""One call and its state, from the entry that it is for to the reply."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bulkdel.send.feed import Work
from bulkdel.words import Entry


@dataclass(slots=True, eq=False)
class Attempt:
    """One call.

    Attributes:
        load: what it carries: the entry, or what of it goes now.
        task: its carrier.
        probe: whether it is out alone, to see how the provider is.
        generation: of the credentials it was signed with.
        intended: whether its intent is, or may be, durable.
        in_flight: whether it has left, and no reply is there yet.
        left_at: the loop's time when it left, seconds.
        hidden: texts of the call that must stand nowhere if its reply repeats them.
    """

    work: Work
    load: Entry
    task: asyncio.Task[None]
    probe: bool = False
    generation: int = 0
    intended: bool = False
    in_flight: bool = False
    left_at: float = 0.0
    hidden: tuple[str, ...] = field(default=(), repr=False)
