"""The command, killed from within: `dies.py POINT N DEPARTURES ARGUMENT...`.

At the N-th passage of POINT the process sends itself SIGKILL. The product knows nothing of this:
its functions are wrapped from outside. The moment at which each call leaves is appended to the file
DEPARTURES, by the clock that all processes of the machine share; at a point inside the writing of
the ledger, the file SYNCED beside it says how much of the ledger was synced. In FRIENDS_SYNCED
stands, a line each time, how much of the friend data is.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp

from bulkdel import files
from bulkdel.cli import app
from bulkdel.ledger import journal, ledger_file, lock, rows
from bulkdel.ledger.values import Deal, Event, Intent, Outcome, Settlement
from bulkdel.send.pace import Pacer
from bulkdel.send.transport import Transport

NEVER = "never"
SYNCED = "synced"
FRIENDS_SYNCED = "friends-synced"
PARTS = {"ledger-torn": 0.6, "ledger-unsynced": 1.0}
"""How much of an append is written before the death; none of it is synced."""
SLOW_DISK_S = 0.05
"""What every commit takes before a death at "sent": a call that did not wait would be out."""
ON_THE_WIRE_S = 0.03
"""Enough for a call to arrive; less than its answer takes, mostly."""


class Death:
    """Counts passages of one point, and kills at the last."""

    def __init__(self, point: str, passages: int) -> None:
        self.point = point
        self.left = passages

    def passes(self, point: str) -> None:
        """The process is at `point` now."""
        if self.is_due(point):
            os.kill(os.getpid(), signal.SIGKILL)

    def is_due(self, point: str) -> bool:
        """Whether this is the last passage of the point."""
        if point != self.point:
            return False
        self.left -= 1
        return self.left == 0


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replaces a function of the product: `around` gets it, then its arguments."""
    inner = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        return around(inner, *arguments, **named)

    setattr(owner, name, wrapped)


class Seam:
    """A module as another module sees it, with some functions replaced."""

    def __init__(self, module: Any, **functions: Any) -> None:
        self._module = module
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def committed(event: Event) -> str:
    """The point that a tick with this event passes; empty where none is of interest."""
    match event:
        case Intent():
            return "intent-committed"
        case Outcome(settlement=Settlement()):
            return "settlement-committed"
        case Deal():
            return "dealt"
        case _:
            return ""


def in_writing(death: Death, synced: Path) -> None:
    """The points of a tick: what is committed, what is appended, what is synced."""

    def commit(inner: Any, self: Any, events: Iterable[Event]) -> None:
        told = list(events)
        if death.point == "sent":
            time.sleep(SLOW_DISK_S)
        inner(self, told)
        for point in dict.fromkeys(map(committed, told)):
            death.passes(point)

    def append(inner: Any, self: Any, data: bytes, offset: int) -> None:
        if data and death.point in PARTS and death.is_due(death.point):
            synced.write_text(str(offset))
            os.pwrite(self._descriptor, data[: int(len(data) * PARTS[death.point])], offset)
            os.kill(os.getpid(), signal.SIGKILL)
        inner(self, data, offset)

    def publish(inner: Any, self: Any) -> None:
        lines = bool(self._unpublished)
        inner(self)
        if lines:
            death.passes("published")

    def close(inner: Any, self: Any) -> None:
        death.passes("closing")
        inner(self)

    wrap(journal.Journal, "commit", commit)
    wrap(journal.Journal, "publish", publish)
    wrap(journal.Journal, "close", close)
    wrap(ledger_file.LedgerFile, "append", append)


def in_backing_up(death: Death, synced: Path) -> None:
    """The points before and after friend data is synced, and how much of it is then."""
    sizes = os.open(synced, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def sync(inner: Any, descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if not name.startswith(files.FRIENDS):
            return inner(descriptor)  # type: ignore[no-any-return]
        size = os.fstat(descriptor).st_size
        death.passes("friends-written")
        inner(descriptor)
        os.write(sizes, b"%d\n" % size)
        death.passes("friends-synced")
        return None

    wrap(os, "fsync", sync)
    wrap(os, "fdatasync", sync)


def in_opening(death: Death) -> None:
    """The points of taking the lock, and of opening or mending the journal."""

    def ftruncate(*arguments: Any) -> None:
        os.ftruncate(*arguments)
        death.passes("lock-truncated")

    def connect(inner: Any, run_dir: Path, **how: Any) -> Any:
        db = inner(run_dir, **how)
        death.passes("journal-made")
        return db

    def admit(inner: Any, *arguments: Any) -> None:
        inner(*arguments)
        death.passes("admitted")

    def complete(inner: Any, *arguments: Any) -> Any:
        death.passes("mending")
        end = inner(*arguments)
        death.passes("ledger-mended")
        return end

    def record_lost(inner: Any, *arguments: Any) -> Any:
        lost = inner(*arguments)
        death.passes("landing-lost")
        return lost

    setattr(lock, "os", Seam(os, ftruncate=ftruncate))  # noqa: B010  # mypy sees no such name
    wrap(journal, "connect", connect)
    wrap(journal, "admit", admit)
    wrap(ledger_file.LedgerFile, "complete", complete)
    wrap(rows, "record_lost", record_lost)


def in_planning(death: Death) -> None:
    """The points of giving the finished plan its name, and then the cut of one into shards."""

    def publish(inner: Any, made: Path, name: Path) -> None:
        which = name.name.partition(".")[0]
        death.passes(f"{which}-written")
        inner(made, name)
        death.passes(f"{which}-named")

    def replace(inner: Any, path: Path, *content: Any, **how: Any) -> None:
        death.passes("cut-written" if path.name == files.CUT else "")
        inner(path, *content, **how)
        death.passes("cut-named" if path.name == files.CUT else "")

    wrap(files, "publish", publish)
    wrap(files, "replace", replace)


def in_sending(death: Death, departures: int) -> None:
    """The points of a call's way, and the log of departures."""

    async def depart(inner: Any, self: Any) -> float:
        at: float = await inner(self)
        os.write(departures, f"{time.monotonic()!r}\n".encode())
        return at

    async def start(inner: Any, self: Any, *arguments: Any) -> Any:
        if death.is_due("sent"):
            await asyncio.sleep(ON_THE_WIRE_S)
            os.kill(os.getpid(), signal.SIGKILL)
        return await inner(self, *arguments)

    async def send(inner: Any, self: Any, *arguments: Any) -> Any:
        reply = await inner(self, *arguments)
        death.passes("answered")
        return reply

    wrap(Pacer, "depart", depart)
    wrap(aiohttp.ClientResponse, "start", start)
    wrap(Transport, "send", send)


def main() -> None:
    """The command with the arguments that are left."""
    point, passages, departures, *arguments = sys.argv[1:]
    death = Death(point, int(passages))
    beside = Path(departures)
    in_writing(death, beside.with_name(SYNCED))
    in_backing_up(death, beside.with_name(FRIENDS_SYNCED))
    in_opening(death)
    in_planning(death)
    in_sending(death, os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    sys.argv[1:] = arguments
    app.main()


if __name__ == "__main__":
    main()
