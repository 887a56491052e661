"""The HTTP face: loopback sockets, delays on the loop's clock, cut connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import StreamReader, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage

from bulkdel.emulator.emulated import Emulated, PendingCall, Response
from bulkdel.emulator.faults import Cut, Span

HOST = "127.0.0.1"
BODY_BYTES = 4 * 1024 * 1024
"""Larger requests are answered HTTP 413."""

GRAPH_CAP = 1000
"""Pairs that one look at a graph shows."""

_STOP_S = 0.01
_INSPECT = "/_emulator/"


class EmulatorServer:
    """One or more emulated apps, each of another provider, on a loopback port.

    Args:
        emulated: at most one of each provider.
        clock: Unix seconds; give `lambda: EPOCH + loop.time()` in virtual time.
        port: 0 means any free one, kept over outages.
        inspect: whether /_emulator/stats, /_emulator/graph and /_emulator/data are
            served.
        outages: when the port is closed, in seconds since `start`: connections are dropped, new
            ones refused.

    Raises:
        ValueError: for two apps of one provider.
    """

    def __init__(
        self,
        *emulated: Emulated,
        clock: Callable[[], float] = time.time,
        port: int = 0,
        inspect: bool = False,
        outages: Sequence[Span] = (),
    ) -> None:
        names = [each.name for each in emulated]
        if len(set(names)) != len(names):
            raise ValueError(f"one app of each provider can share a port, not {names}")
        self._emulated = emulated
        self._clock = clock
        self._port = port
        self._inspect = inspect
        self._outages = tuple(outages)
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._busy: set[asyncio.Task[Any]] = set()
        self._timers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """Where it listens, "http://127.0.0.1:PORT"; known once started."""
        return f"http://{HOST}:{self._port}"

    async def start(self) -> str:
        """Listen; return the address.

        Raises:
            OSError: if the port is taken.
        """
        now = self._clock()
        for each in self._emulated:
            if each.since is None:
                each.since = now
        self._web = web.Server(self._answer, request_factory=self._request, access_log=None)
        await self.open()
        self._timers = [
            asyncio.create_task(self._outage(span), name="emulator.outage")
            for span in self._outages
        ]
        return self.address

    async def stop(self) -> None:
        """Close the port and drop every call under way, carried out or not."""
        for task in (*self._timers, *self._busy):
            task.cancel()
        await asyncio.gather(*self._timers, *self._busy, return_exceptions=True)
        self._timers = []
        await self.close()
        if self._web is not None:
            await self._web.shutdown(_STOP_S)
            self._web = None

    async def open(self) -> None:
        """Listen again after `close`, on the same port."""
        if self._web is None or self._listener is not None:
            return
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._web, HOST, self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections until `open`, and drop those there are; calls under way go on."""
        if self._listener is None:
            return
        listener, self._listener = self._listener, None
        listener.close()
        if self._web is not None:
            for connection in self._web.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        await listener.wait_closed()

    async def _outage(self, span: Span) -> None:
        await asyncio.sleep(span.from_s)
        await self.close()
        if span.until_s < float("inf"):
            await asyncio.sleep(span.until_s - span.from_s)
            await self.open()

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: Any,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES
        )

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if self._inspect and path.startswith(_INSPECT):
            return self._look(request)
        emulated = next((each for each in self._emulated if each.rules.owns(path)), None)
        if emulated is None:
            return web.Response(status=404)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a handler runs in a task
        self._busy.add(task)
        try:
            return await self._serve(emulated, request)
        finally:
            self._busy.discard(task)

    async def _serve(self, emulated: Emulated, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.read()
        except ConnectionError:  # the client left before it had said what it wants
            return web.Response()
        transport = request.transport

        def waits() -> bool:
            return transport is not None and not transport.is_closing()

        call = emulated.receive(
            request.method, request.path, request.query, body, self._clock(), waits=waits
        )
        response = Response(cut=Cut.SILENT)
        try:
            response = await self._carry_out(emulated, call)
        finally:
            emulated.release(call, response)
        if response.cut is Cut.MIDWAY:
            return await _half(request, response)
        if response.cut is Cut.SILENT and transport is not None:
            transport.abort()
        return web.Response(status=response.status, headers=response.headers, body=response.body)

    async def _carry_out(self, emulated: Emulated, call: PendingCall) -> Response:
        if call.fate.before_s:
            await asyncio.sleep(call.fate.before_s)
        response = emulated.carry_out(call)
        if call.fate.after_s:
            await asyncio.sleep(call.fate.after_s)
        return response

    def _look(self, request: web.BaseRequest) -> web.Response:
        match request.path.removeprefix(_INSPECT):
            case "stats":
                shown: dict[str, Any] = {each.name: stats_of(each) for each in self._emulated}
            case "graph":
                account = request.query.get("account")
                shown = {each.name: _graph(each, account) for each in self._emulated}
            case "data":
                account = request.query.get("account", "")
                shown = {each.name: _data(each, account) for each in self._emulated}
            case _:
                return web.Response(status=404)
        return web.Response(
            body=orjson.dumps(shown, option=orjson.OPT_INDENT_2), content_type="application/json"
        )


def stats_of(emulated: Emulated) -> dict[str, Any]:
    """An app's counters, and what is going on in it, ready for JSON."""
    return {
        "app_id": emulated.app.app_id,
        **emulated.stats.as_dict(),
        "removed": emulated.world.removed,
        "in_flight": emulated.in_flight,
    }


def _graph(emulated: Emulated, account: str | None) -> dict[str, Any]:
    if account is not None:
        return {"account": account, "friends": sorted(emulated.world.of(account))}
    pairs = [pair for pair, _ in zip(emulated.world.pairs(), range(GRAPH_CAP), strict=False)]
    edges = sum(map(len, emulated.world.friends.values()))
    return {"accounts": len(emulated.world.friends), "pairs": edges, "some": pairs}


def _data(emulated: Emulated, account: str) -> dict[str, Any]:
    friends = sorted(emulated.world.of(account))
    return {friend: emulated.world.data(account, friend) for friend in friends}


async def _half(request: web.BaseRequest, response: Response) -> web.StreamResponse:
    half = web.StreamResponse(status=response.status, headers=response.headers)
    half.headers[hdrs.CONTENT_LENGTH] = str(len(response.body))
    await half.prepare(request)
    await half.write(response.body[: len(response.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half
