"""Begins the processes that send shards, keeps them going, and tells them what they are told.

    supervisor ─┬─▶ sender ─▶ its shards        a sender that dies is begun again at once;
                ├─▶ sender ─▶ its shards        what it had is free then, since the system
                └─▶ …                           has said that it is dead

On one machine it is the store of leases as well. It sends nothing itself.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import sys
import time
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from bulkdel.errors import BulkdelError, StoreAway
from bulkdel.files import reason
from bulkdel.lease.table import Table
from bulkdel.lease.values import Left, Nothing
from bulkdel.runs.log import TRACE_CAP, masked
from bulkdel.runs.pipe import Orders
from bulkdel.runs.seams import Say
from bulkdel.send.view import End, LaneEnd

LOOK_EVERY_S: Final = 2.0
"""Seconds between two looks at all shards, for whoever watches."""
STARTS_S: Final = 30
"""How long a sender may take until it speaks first."""
TRIES_MOST: Final = 6
"""Senders in a row that end without having taken a shard; then no more are begun in their place."""
BALANCE_EVERY: Final = 10
"""Seconds between two looks at whether one sender has many shards and another has few."""
PAUSES_S: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
EARLY_S: Final = 30.0
EARLY_FREE: Final = 3
"""Senders in a row that took a shard and died within EARLY_S. The next ones begin after a pause,
or a shard that ends every process would have one begun after another without a breath."""
EARLY_PAUSE_S: Final = 2.0
DRAIN_S: Final = 30.0
"""Beyond timeout_s: how long a sender that was told to stop may take, before it is ended."""
SAID_MOST: Final = 40
"""Different lines that a person is told, half of them of what goes on; run.log has all."""
_LINE_MOST: Final = 1 << 20
_START: Final = (
    "import sys; sys.path.append(sys.argv.pop()); from bulkdel.cli.sender import main; main()"
)


@dataclass(slots=True, eq=False)
class _Child:
    process: Process
    number: int
    session: str
    silent: int = -STARTS_S
    in_flight: int = 0
    away: str = ""
    away_at_s: float = -math.inf
    took: bool = False
    words: str = ""

    def tell(self, message: Mapping[str, Any]) -> None:
        """An order or an answer; none where it is dead, which is heard of elsewhere."""
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(orjson.dumps(message) + b"\n")


class Supervisor:
    """The senders of one command. Made inside a running loop; `run` once; it obeys `control`.

    Attributes:
        lanes: how each shard ended that the senders of this command ended, by its name.
        asks: whether a canary waits for somebody to let the rest on.
        stopped: why all of it stopped before its end; None where it did not.
    """

    def __init__(
        self,
        orders: Orders,
        table: Table | None,
        say: Say,
        bound_s: float | None = None,
        dead: Callable[[str], None] | None = None,
    ) -> None:
        """A sender asks `table`; or, where there is none, a store of its own.

        Args:
            orders: what each sender is begun with.
            table: of the leases of this machine.
            say: takes lines for a person.
            bound_s: after which all of it stops, as max_duration says.
            dead: is told the session of a sender that is dead, so that nobody waits for it.
        """
        self._orders, self._table, self._say = orders, table, say
        self._bound_s, self._dead = bound_s, dead
        # Each speaks every second. One that does not is stopped, or hangs: once it is dead, another
        # can go on with its shards.
        self._lease_s = orders.job.cluster.lease_s if orders.job.cluster else 0.0
        self._log = structlog.get_logger()
        self._children: set[_Child] = set()
        self._numbers = 0
        self._stop_came = asyncio.Event()
        self._paused: str | None = None
        self._rates: dict[str, float] = {}
        self._said: set[str] = set()
        self._given_up: list[str] = []
        self.lanes: dict[str, tuple[LaneEnd, ...]] = {}
        self.asks = False
        self.stopped: tuple[End, str] | None = None

    async def run(self, processes: int, look: Callable[[], None]) -> None:
        """Keep so many senders going until nothing is left to take, or `stop`.

        `look` is called every LOOK_EVERY_S, in a thread, and never twice at once.

        Raises:
            StoreAway: no sender can be kept going.
        """
        keepers = [
            asyncio.create_task(self._keep_looking(look), name="look"),
            asyncio.create_task(self._keep_watch(), name="watch"),
            asyncio.create_task(self._keep_duration(), name="duration"),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(processes):
                    group.create_task(self._keep_sender(), name="sender")
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
        if len(self._given_up) == processes:
            raise StoreAway(self._given_up[-1])

    def in_flight(self) -> int:
        """Calls in flight, as the senders said last; may be asked from any thread."""
        return sum(child.in_flight for child in tuple(self._children))

    def stop(self, end: End, words: str) -> None:
        """Send nothing more; calls in flight finish, then `run` returns."""
        if self.stopped is None:
            self.stopped = end, words
            self._tell_all(_stop_order(end, words))
            self._stop_came.set()

    def pause(self, by: str = "") -> None:
        """Send nothing until `resume`, as the user `by` asks."""
        self._paused = by
        self._tell_all(self._told())

    def resume(self) -> None:
        """Send again."""
        self._paused = None
        self._tell_all(self._told())

    def slow_to(self, target: str, qps: float) -> None:
        """Stay at or under `qps` calls/s for a target."""
        self._rates[target] = qps
        self._tell_all(self._told())

    def _told(self, give_back: frozenset[str] = frozenset()) -> dict[str, Any]:
        paused = self._paused is not None
        told = {"paused": paused, "by": self._paused or "", "rates": self._rates}
        return {"do": "told", "told": {**told, "give_back": sorted(give_back)}}

    def _tell_all(self, order: Mapping[str, Any]) -> None:
        for child in self._children:
            child.tell(order)

    async def _keep_sender(self) -> None:
        """One sender after another, each begun when the last has died."""
        tries = aways = early = 0
        loop = asyncio.get_running_loop()
        while self.stopped is None:
            began_s = loop.time()
            words, took, away = await self._one_sender()
            if not words or self.stopped is not None:
                return
            tries, aways = 0 if took or away else tries + 1, aways + 1 if away else 0
            early = early + 1 if took and loop.time() - began_s < EARLY_S else 0
            pause_s = PAUSES_S[min(tries + aways, len(PAUSES_S) - 1)]
            if early > EARLY_FREE:
                pause_s = max(pause_s, EARLY_PAUSE_S)
            if away:
                self._tell("Nothing is sent until the store answers again; it is asked for then.")
            elif tries >= TRIES_MOST:
                self._given_up.append(words)
                self._say(f"Warning: a process ends again and again and is not begun anew: {words}")
                return
            else:
                self._tell(f"A process has died ({words}); another takes its place.")
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stop_came.wait()

    async def _one_sender(self) -> tuple[str, bool, bool]:
        """Why it died, or ""; whether it had taken a shard; whether the store was away."""
        try:
            child = await self._begun()
        except OSError as error:
            return f"none can be begun: {reason(error)}", False, False
        try:
            code = await self._served(child)
        finally:
            await self._buried(child)
        if code == 0:
            return "", child.took, False
        away = time.monotonic() - child.away_at_s < 2 * self._lease_s
        words = (child.away if away else child.words) or _how(code)
        self._log.warning("sender.died", pid=child.process.pid, how=_how(code), said=words)
        return words, child.took, away

    async def _begun(self) -> _Child:
        """A new sender, in a session of its own: what a terminal's Ctrl-C stops is this process."""
        root = str(Path(__file__).parents[2])
        orders = replace(self._orders, session=str(uuid.uuid4()))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", _START, root),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_MOST,
            start_new_session=True,
        )
        self._numbers += 1
        child = _Child(process, self._numbers, orders.session)
        if process.stdin is not None:
            process.stdin.write(orders.line())
        self._children.add(child)
        child.tell(self._told())
        if self.stopped is not None:
            child.tell(_stop_order(*self.stopped))
        self._log.info("sender.begun", pid=process.pid)
        return child

    async def _served(self, child: _Child) -> int:
        """Hears what it says until it is dead, and returns with what it left."""
        hearing = asyncio.create_task(self._hear_errors(child))
        try:
            stdout = child.process.stdout
            while stdout is not None and (line := await stdout.readline()):
                child.silent = 0
                self._heard(child, orjson.loads(line))
        except ValueError as error:  # no line of ours: nothing that it says is to be relied on
            child.words = f"it said what cannot be understood ({error})"
            child.process.kill()
        code = await child.process.wait()
        await hearing
        return code

    async def _hear_errors(self, child: _Child) -> None:
        """What stands on its standard error was not foreseen: the end of it is kept in the log."""
        stderr, text = child.process.stderr, ""
        while stderr is not None and (piece := await stderr.read(_LINE_MOST)):
            text = (text + piece.decode("utf-8", "backslashreplace"))[-TRACE_CAP:]
        if text:
            self._log.warning("sender.spoke", pid=child.process.pid, traceback=masked(text))

    async def _buried(self, child: _Child) -> None:
        """It is dead for sure: what it had is free."""
        self._children.discard(child)
        if self._table is not None:
            had = self._table.gone(child.number)
            self._tell_all({"do": "look"})
            self._log.info("sender.ended", pid=child.process.pid, had=had)
        elif child.process.returncode and self._dead is not None:
            await asyncio.to_thread(self._dead, child.session)

    def _heard(self, child: _Child, message: Mapping[str, Any]) -> None:
        match message:
            case {"in_flight": int(calls)}:
                child.in_flight = calls
            case {"do": str()}:
                child.tell({"answer": self._answer(child, message)})
            case {"took": str(shard)}:
                child.took = True
                self.lanes.pop(shard, None)
                self._log.info("shard.taken", shard=shard, pid=child.process.pid)
            case {"say": str(words)}:
                self._log.info("sender.said", pid=child.process.pid, said=words)
                self._tell(words, SAID_MOST // 2)
            case {"shard": str(shard), "left": left, **how}:
                self._ended(shard, left, how)
            case {"away": str(words)}:
                child.away, child.away_at_s = words, time.monotonic()
                self._tell(f"The store does not answer: {words}")
            case {"wrong": str(words), "trace": str(text)}:
                child.words = words
                self._log.error("sender.failed", pid=child.process.pid, traceback=text)
            case _:
                raise ValueError("a message of another version")

    def _ended(self, shard: str, left: str, how: Mapping[str, Any]) -> None:
        lanes = tuple(
            LaneEnd(target=target, end=End(end), words=words, code=code)
            for target, end, words, code in how.get("lanes", ())
        )
        if left != Left.FREE:  # whoever takes it says how it ends
            self.lanes[shard] = lanes
        self.asks = self.asks or bool(how.get("asks"))
        words = "; ".join(dict.fromkeys(lane.words for lane in lanes if lane.words))
        more = {"traceback": how["trace"]} if "trace" in how else {}
        self._log.info("shard.left", shard=shard, left=left, said=words, **more)
        if left in {Left.ENDED, Left.REFUSED}:
            self._tell(f"Shard {shard} ends with work left: {words}")

    def _answer(self, child: _Child, call: Mapping[str, Any]) -> Any:
        """What the table says."""
        table = self._table
        if table is None:
            raise ValueError("there is no table to ask")
        match call:
            case {"do": "join"}:
                table.join(child.number)
            case {"do": "take", "most_qps": float(most)}:
                got = table.take(child.number, most)
                return {"over": got.over} if isinstance(got, Nothing) else asdict(got)
            case {"do": "give_back", "shard": str(shard), "left": str(left)}:
                table.give_back(child.number, shard, Left(left))
                self._tell_all({"do": "look"})
            case {"do": "leave"}:
                table.gone(child.number)
            case _:
                raise ValueError("a call of another version")
        return None

    def _tell(self, words: str, most: int = SAID_MOST) -> None:
        """A line for a person, once, where not too many were told."""
        if words not in self._said and len(self._said) < most:
            self._said.add(words)
            self._say(words)

    async def _keep_looking(self, look: Callable[[], None]) -> None:
        while True:
            with suppress(BulkdelError, OSError):  # the next look may do
                await asyncio.to_thread(look)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_watch(self) -> None:
        """Ends what is silent. This process may have been stopped itself: turns are counted."""
        drained_s = 0.0
        for turn in itertools.count(1):
            await asyncio.sleep(1.0)
            drained_s += 1.0 if self.stopped else 0.0
            if turn % BALANCE_EVERY == 0 and self._table is not None:
                excess = self._table.excess()
                for child in self._children:
                    if child.number in excess:
                        child.tell(self._told(excess[child.number]))
            late = drained_s > self._orders.job.retry.timeout_s + DRAIN_S
            for child in tuple(self._children):
                child.silent += 1
                if late or child.silent > self._lease_s:
                    child.words = "it did not answer any more, and was ended"
                    with suppress(ProcessLookupError):
                        child.process.kill()

    async def _keep_duration(self) -> None:
        if self._bound_s is not None:
            await asyncio.sleep(self._bound_s)
            self.stop(End.DURATION, f"it has run for {self._bound_s:g} s")


def _stop_order(end: End, words: str) -> dict[str, Any]:
    return {"do": "stop", "end": str(end), "words": words}


def _how(code: int) -> str:
    """How a process ended, in words."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
