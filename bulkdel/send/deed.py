"""What the calls of a lane do: the seam between a lane and the operation that it carries out."""

from __future__ import annotations

from typing import Protocol

from bulkdel.ledger.values import Outcome
from bulkdel.providers.protocol import Command, Provider
from bulkdel.words import Answer, Entry, Mode


class Deed(Protocol):
    """One operation, for one lane.

    A load is an entry, or what is left of one, as a call carries it. `command` and `answer` are
    called in turn for an ordinal, never for two loads of it at once.
    """

    def command(self, load: Entry) -> Command:
        """What the next call with this load asks for."""

    def answer(self, load: Entry, status: int, body: bytes) -> Answer:
        """What the reply to that call says of the load. Total: any status and any bytes.

        `more` for what another call is needed for.
        """

    async def keep(self, outcome: Outcome) -> None:
        """Returns when what belongs to an outcome, and is not in it, is durable.

        Only then is the outcome recorded.

        Raises:
            StorageFailed: it could not be written.
        """

    def leave(self, ordinal: int) -> None:
        """Nothing more is sent of this entry for now: what was remembered of it goes."""


class Deletion:
    """What the calls of a run itself do."""

    def __init__(self, provider: Provider, mode: Mode) -> None:
        self._mode = mode
        self._provider = provider
        self.answer = provider.decode

    def command(self, load: Entry) -> Command:
        """The deletion of the load."""
        return self._provider.command(load, self._mode)

    async def keep(self, outcome: Outcome) -> None:
        """Nothing belongs to a deletion beside its outcome."""

    def leave(self, ordinal: int) -> None:
        """Nothing is remembered of an entry."""
