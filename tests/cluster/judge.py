"""The friend APIs of dozens of apps on one port, and what they saw: nothing of bulkdel in it.

    python -m tests.cluster.judge [ADDRESS PORT]

Plain sockets and the standard library. A call's arrival is the kernel's time stamp of its last
bytes, so that a busy machine moves none of them. A call is in flight from then until its answer is
handed to the socket, or its client has closed. Commands stand on standard input and are answered on
standard output, one line of JSON each; the first says what the apps are, and is answered by the
port. It ends with its standard input.

A fault is {"kind", "share": 1.0, "apps": null (all), "delay_s", "status", "times": null (no end)}:
hang (not done, no answer), lose (done, no answer), cut (closed, not done), drop (closed, done),
delay (answered so much later), trouble (the provider's code for a failure of its own), http.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import selectors
import socket
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from tests.cluster import answers
from tests.cluster.app import App, Call, Line

_STAMPS: Final = 35  # SO_TIMESTAMPNS, which the socket module does not name
_ESTABLISHED: Final = "01"


class Judge:
    """All apps, all connections, and what is to be answered later."""

    def __init__(self, begin: dict[str, Any]) -> None:
        self._apps = {
            int(number): App(int(number), told["provider"], told["secret"], begin["friends"])
            for number, told in begin["apps"].items()
        }
        self._processes = Processes() if begin["owners"] else None
        self._latency_s: Sequence[float] = begin["latency_s"]
        self._random = random.Random(begin["seed"])
        self._faults: list[dict[str, Any]] = []
        self._strangers = 0
        self._wake = selectors.DefaultSelector()
        self._later: list[tuple[float, int, Call, bytes, str]] = []
        self._numbers = count()

    def serve(self, listener: socket.socket, commands: int) -> None:
        """Until the commands end."""
        listener.setblocking(False)
        self._wake.register(listener, selectors.EVENT_READ, listener)
        self._wake.register(commands, selectors.EVENT_READ)
        told = b""
        while True:
            wait = max(0.0, self._later[0][0] - time.monotonic()) if self._later else None
            for key, _ in self._wake.select(wait):
                if isinstance(key.data, Line):
                    self._read(key.data)
                elif key.data is listener:
                    self._accept(listener)
                else:
                    more = os.read(commands, 1 << 20)
                    if not more:
                        return
                    *lines, told = (told + more).split(b"\n")
                    for line in lines:
                        say(self._obey(json.loads(line)))
            while self._later and self._later[0][0] <= time.monotonic():
                self._answer(*heapq.heappop(self._later)[2:])

    def _obey(self, command: dict[str, Any]) -> object:
        match command:
            case {"faults": faults}:
                self._faults = faults
                return None
            case {"calls_after": after}:
                calls = [call for app in self._apps.values() for call in app.calls]
                return [call.facts() for call in calls if call.arrived > after]
            case {"count_after": after}:
                calls = [call for app in self._apps.values() for call in app.calls]
                return sum(call.arrived > after for call in calls)
            case {"left": number}:
                return sorted(self._apps[number].friends)
            case _:
                facts = {number: app.facts() for number, app in self._apps.items()}
                return {"strangers": self._strangers, "apps": facts}

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                link, (host, port) = listener.accept()
                link.setblocking(False)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                to = listener.getsockname()[1]
                pid = self._processes.pid_of(port, to) if self._processes else 0
                line = Line(link, host, pid)
                self._wake.register(link, selectors.EVENT_READ, line)

    def _read(self, line: Line) -> None:
        try:
            more, beside, *_ = line.link.recvmsg(1 << 18, 64)
        except BlockingIOError:
            return
        except OSError:
            more, beside = b"", []
        if not more:
            self._close(line, "closed")
            return
        line.received += more
        head, found, body = line.received.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r", 1)[0] or 0)
        if not found or len(body) < size:
            return
        line.received = body[size:]
        arrived = time.time()
        for _, kind, stamp in beside:
            if kind == _STAMPS:
                seconds, nanoseconds = struct.unpack("qq", stamp[:16])
                arrived = seconds + nanoseconds / 1e9
        self._take(line, head.split(b" ", 2)[1].decode(), body[:size], arrived)

    def _take(self, line: Line, path: str, body: bytes, arrived: float) -> None:
        place, _, query = path.partition("?")
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        number = int(asked.get("sdkappid") or asked.get("AppId") or 0)
        content = json.loads(body or b"{}")
        account = content.get("From_Account") or content.get("FromUserId")
        ids = content.get("To_Account") or content.get("UserIds") or []
        app = self._apps.get(number)
        if app is None or not account or not isinstance(ids, list):
            self._strangers += 1
            self._close(line, "cut")
            return
        line.call = call = Call(app, account, len(ids), arrived, line)
        app.takes(call)
        fault = self._fault(number)
        kind = fault.get("kind", "answered")
        latency_s = self._random.uniform(*self._latency_s)
        answer = b""
        if not app.is_signed(asked):
            kind, answer = "refused", answers.whole(app.provider, answers.UNSIGNED[app.provider])
        elif kind == "trouble":
            answer = answers.whole(app.provider, answers.TROUBLE[app.provider])
        elif kind == "http":
            answer = answers.http({}, fault["status"])
        elif kind not in {"hang", "cut"}:
            command = asked.get("Action") or place
            answer = app.carry_out(command, account, ids, content)
        if kind == "delay":
            latency_s += fault["delay_s"]
        if kind in {"cut", "drop"}:
            answer = b""
        if kind not in {"hang", "lose"}:
            due = time.monotonic() + latency_s
            heapq.heappush(self._later, (due, next(self._numbers), call, answer, kind))

    def _fault(self, number: int) -> dict[str, Any]:
        for fault in self._faults:
            apps, times = fault.get("apps"), fault.get("times")
            if times == 0 or (apps and number not in apps):
                continue
            if self._random.random() < fault.get("share", 1.0):
                if times:
                    fault["times"] = times - 1
                return fault
        return {}

    def _answer(self, call: Call, answer: bytes, how: str) -> None:
        line = call.line
        if line.closed:
            return
        if line.is_gone():  # its client waits for it no more
            self._close(line, "closed")
            return
        call.ended, call.how = time.time(), how
        line.call = None
        if not answer:
            self._close(line, "cut")
            return
        try:
            line.link.sendall(answer)
        except OSError:
            call.how = "closed"
            self._close(line, "closed")

    def _close(self, line: Line, how: str) -> None:
        if line.closed:
            return
        line.closed = True
        if line.call is not None:
            line.call.ended, line.call.how = time.time(), how
            line.call = None
        self._wake.unregister(line.link)
        line.link.close()


class Processes:
    """Which process of this machine has a connection from one port to another.

    One port may have connections to several others.
    """

    def __init__(self) -> None:
        self._known: list[Path] = []

    def pid_of(self, port: int, to: int) -> int:
        """0 where none is found."""
        inode = "none"
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = row.split()
            ports = [int(word.partition(":")[2], 16) for word in words[1:3]]
            if ports == [port, to] and words[3] == _ESTABLISHED:
                inode = words[9]
        for folders in (self._known, self._others()):
            for folder in folders:
                if _holds(folder, f"socket:[{inode}]"):
                    self._known = [folder, *(one for one in self._known if one != folder)]
                    return int(folder.name)
        return 0

    def _others(self) -> list[Path]:
        """The latest first."""
        folders = Path("/proc").glob("[0-9]*")
        return sorted(folders, key=lambda one: int(one.name), reverse=True)


def _holds(folder: Path, link: str) -> bool:
    with suppress(OSError):
        if b"bulkdel" in (folder / "cmdline").read_bytes():
            for one in (folder / "fd").iterdir():
                with suppress(OSError):
                    if str(one.readlink()) == link:
                        return True
    return False


def say(value: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main(address: str = "127.0.0.1", port: str = "0") -> None:
    """Serve until standard input ends."""
    told = b""
    while not told.endswith(b"\n"):
        more = os.read(0, 1 << 20)
        if not more:
            return
        told += more
    judge = Judge(json.loads(told))
    with socket.create_server((address, int(port)), backlog=1024) as listener:
        listener.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
        say(listener.getsockname()[1])
        judge.serve(listener, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
