"""What the calls of a lane do: the seam between a lane and the operation that it carries out."""

from __future__ import annotations

from typing import Protocol

from bulkdel.ledger.values import Outcome
from bulkdel.providers.operations import Command
from bulkdel.providers.protocol import Provider
from bulkdel.words import Answer, Batch, Entry, Errand, Mode, Sweep


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


class Asking:
    """What the calls of a verification do: ask whether pairs are gone, or lists are empty."""

    def __init__(self, provider: Provider, mode: Mode) -> None:
        self._friends = provider.on_batches(Errand.ASK, mode)
        self._list = provider.on_lists(Errand.ASK_LIST)
        self._mode = mode

    def command(self, load: Entry) -> Command:
        """The question for all of the load."""
        match load:
            case Batch():
                return self._friends.encode(load, self._mode)
            case Sweep():
                return self._list.encode(load, self._mode)
            case _:
                raise ValueError("a list that is to be pulled is not asked for")

    def answer(self, load: Entry, status: int, body: bytes) -> Answer:
        """What the reply says of the load: gone, or where it remains; see `STATUSES`."""
        match load:
            case Batch():
                return self._friends.decode(load, status, body)
            case Sweep():
                return self._list.decode(load, status, body)
            case _:
                raise ValueError("a list that is to be pulled is not asked for")

    async def keep(self, outcome: Outcome) -> None:
        """Nothing belongs to an answer beside its outcome."""

    def leave(self, ordinal: int) -> None:
        """Nothing is remembered of an entry."""
