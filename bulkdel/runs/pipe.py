"""What a supervisor and its senders say to each other: two pipes, a JSON object a line.

    supervisor ── orders, answers ──▶ standard input of a sender
    supervisor ◀── calls, messages ── its standard output

The first line of all says what is to be sent. A pipe that ends means that the process at its other
end is gone.
"""

from __future__ import annotations

import base64
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, BinaryIO, Final

import orjson

from bulkdel.errors import StoreAway
from bulkdel.job.job import Job
from bulkdel.lease.fence import Fence
from bulkdel.lease.values import Left, Nothing, Taken, Told
from bulkdel.ledger.circumstances import Consent
from bulkdel.plan.cut import Cut

GONE: Final[Mapping[str, Any]] = {"do": "gone"}
"""The order that stands for the end of the pipe: whoever gives orders is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a sender is begun with.

    Attributes:
        job: as it was when the command began, whatever its file says by now.
        consent: how somebody agreed to the plan.
        go_on: whether a canary that is as it should be is let on.
        leave: how many pairs of a shard are to be left this time; of others none.
        began_s: when the command began by the clock of a store; 0 without one.
        session: of this sender in that store.
    """

    job: Job
    cut: Cut
    consent: Consent
    go_on: bool
    leave: Mapping[str, int]
    began_s: float = 0.0
    session: str = ""

    def line(self) -> bytes:
        """As the first line of a pipe. It holds no secret."""
        return base64.b64encode(pickle.dumps(self)) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Orders:
        """What that line says; only ever one that this program wrote."""
        orders = pickle.loads(base64.b64decode(line))  # noqa: S301  # from our own parent process
        if not isinstance(orders, cls):
            raise TypeError("no orders")
        return orders


class Pipe:
    """A sender's end of both pipes. Every method may be called from any thread."""

    def __init__(self, orders: BinaryIO, messages: BinaryIO) -> None:
        self._orders, self._messages = orders, messages
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self._asking, self._writing = Lock(), Lock()

    def listen(self, obey: Callable[[Mapping[str, Any]], None]) -> None:
        """From now on each order is given to `obey`, in a thread of its own, and GONE at last."""
        Thread(target=self._listen, args=(obey,), name="orders", daemon=True).start()

    def _listen(self, obey: Callable[[Mapping[str, Any]], None]) -> None:
        for line in self._orders:
            match orjson.loads(line):
                case {"answer": answer}:
                    self._answers.put(answer)
                case order:
                    obey(order)
        obey(GONE)
        self._answers.put(GONE)

    def tell(self, **message: Any) -> None:
        """Tell the supervisor; where it is gone, nobody."""
        line = orjson.dumps(message) + b"\n"
        with self._writing:
            try:
                self._messages.write(line)
                self._messages.flush()
            except (OSError, ValueError):
                return

    def ask(self, **call: Any) -> Any:
        """Ask the supervisor, and wait for its answer.

        Raises:
            StoreAway: it is gone.
        """
        with self._asking:
            self.tell(**call)
            answer = self._answers.get()
            if answer == GONE:
                self._answers.put(GONE)  # for whoever asks next
                raise StoreAway("the process that began this one is gone")
            return answer


class PipeStore:
    """The leases of one machine, as a sender asks its supervisor for them; see `Store`.

    The supervisor gives a shard to another only when it knows that this process is dead: so the
    fence stands open as long as it lives.
    """

    def __init__(self, pipe: Pipe, fence: Fence) -> None:
        self._pipe, self._fence = pipe, fence
        self._told = Told()

    def join(self) -> None:
        """Begin."""
        self._pipe.ask(do="join")
        self._fence.stand_until(math.inf)

    def hear(self, told: Mapping[str, Any]) -> None:
        """What the supervisor says unasked is told at the next renewal."""
        self._told = Told(**{**told, "give_back": frozenset(told["give_back"])})

    def renew(self) -> Told:
        """What is to be done from now on; what is to be given back is told once."""
        told, self._told = self._told, replace(self._told, give_back=frozenset())
        return told

    def take(self, held: frozenset[str], most_qps: float) -> Taken | Nothing:
        """As `Store.take`."""
        match self._pipe.ask(do="take", held=len(held), most_qps=most_qps):
            case {"over": bool(over)}:
                return Nothing(over=over)
            case taken:
                return Taken(**taken)

    def give_back(self, taken: Taken, left: Left) -> None:
        """As `Store.give_back`."""
        self._pipe.ask(do="give_back", shard=taken.shard, left=left)

    def leave(self) -> None:
        """End."""
        self._pipe.ask(do="leave")
