"""One call out, one reply or none back; the only door to aiohttp's client.

It sends a request once. aiohttp re-sends a GET by itself when a kept-alive connection dies, which
would clear a friend list a second time unasked; that is switched off here, and a test pins it.
It asks to depart with a connection in hand: what was paced before connecting would leave in a crowd
after a slow connect. No exception that it lets out, and no text that it returns, holds a URL.
"""

from __future__ import annotations

import asyncio
import email.utils
import os
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from yarl import URL

from bulkdel.providers.protocol import Call

if TYPE_CHECKING:
    from aiohttp import ClientTimeout
    from aiohttp.tracing import Trace

BODY_MOST: Final = 8 * 1024 * 1024
"""Bytes of a reply that are read; 1000 results with long texts take a tenth of it."""
CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Attributes:
        status: of HTTP.
        retry_after_s: what the server asked to wait, in seconds; None where it said nothing.
        date_s: the server's clock, Unix seconds; None where it said nothing.
        body: at most BODY_MOST bytes.
    """

    status: int
    retry_after_s: float | None
    date_s: float | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """Why there is none.

    Attributes:
        reason: for a person; holds no URL.
        left: whether the call left, so that it may have been carried out.
    """

    reason: str
    left: bool


Depart = Callable[[], Awaitable[None]]
"""Returns when the call may leave, and is asked with a connection in hand. Asked again if the
connection died in the meantime."""


class _Departure:
    """One call's way out: connecting, waiting to leave, out. Only two of the three are timed."""

    def __init__(self, depart: Depart, limit: asyncio.Timeout, timeout_s: float) -> None:
        self._depart = depart
        self._limit = limit
        self._timeout_s = timeout_s
        self.left = False

    async def leave(self) -> None:
        self._limit.reschedule(None)
        await self._depart()
        self._time_it()
        self.left = True

    def stay(self) -> None:
        """The connection had died: nothing left, and another is needed."""
        self.left = False
        self._time_it()

    def _time_it(self) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + self._timeout_s)


_DEPARTURE: ContextVar[_Departure] = ContextVar("departure")


class _Connector(aiohttp.TCPConnector):
    """Hands a connection out when its call may leave."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> Connection:
        departure = _DEPARTURE.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            try:
                await departure.leave()
            except BaseException:
                connection.close()
                raise
            if connection.transport is not None and not connection.transport.is_closing():
                return connection
            departure.stay()
            connection.close()


class Transport:
    """Calls to one address. An async context manager.

    `timeout_s` bounds connecting, and again the time from leaving to the last byte of the reply;
    waiting for the departure is part of neither.
    """

    def __init__(self, address: str, *, max_in_flight: int, timeout_s: float) -> None:
        self._address = address
        self._max_in_flight = max_in_flight
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # A connection more than calls: one that waits to depart never waits for another to end.
        connector = _Connector(limit=self._max_in_flight + 1, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None, sock_read=None),
            headers={"User-Agent": "bulkdel", "Content-Type": "application/json"},
            trust_env=False,
            auto_decompress=True,
        )
        if not hasattr(self._session, "_retry_connection"):
            await self._session.close()
            raise RuntimeError(
                "this aiohttp has no _retry_connection: it might send a GET twice by itself; "
                "install a version that bulkdel's pyproject.toml allows"
            )
        self._session._retry_connection = False  # noqa: SLF001  # there is no public switch
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, call: Call, depart: Depart) -> Reply | NoReply:
        """Send `call` once `depart` lets it; never raises for anything the network does."""
        if self._session is None:
            raise RuntimeError("the transport is not open")
        departure: _Departure | None = None
        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                departure = _Departure(depart, limit, self._timeout_s)
                token = _DEPARTURE.set(departure)
                try:
                    return await self._exchange(self._session, call)
                finally:
                    # It knows the task whose context would keep it: a cycle for each call.
                    _DEPARTURE.reset(token)
        except TimeoutError:
            what = "no reply" if departure and departure.left else "no connection"
            reason = f"{what} within {self._timeout_s:g} s"
        except _TooLarge:
            reason = f"a reply larger than {BODY_MOST} bytes"
        except (aiohttp.ClientError, OSError, ValueError) as trouble:
            reason = _words(trouble)
        return NoReply(reason=reason, left=departure is not None and departure.left)

    async def _exchange(self, session: aiohttp.ClientSession, call: Call) -> Reply:
        url = URL(f"{self._address}{call.path}?{call.query}", encoded=True)
        async with session.request(
            call.method, url, data=call.body, allow_redirects=False
        ) as response:
            body = await _bounded(response.content)
            return Reply(
                status=response.status,
                retry_after_s=_seconds_to(response.headers.get("Retry-After")),
                date_s=_unix_seconds(response.headers.get("Date")),
                body=body,
            )


class _TooLarge(Exception):
    pass


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    first = await content.readany()
    if content.at_eof():
        return first
    pieces, size = [first], len(first)
    while piece := await content.read(CHUNK):
        size += len(piece)
        if size > BODY_MOST:
            raise _TooLarge
        pieces.append(piece)
    return b"".join(pieces)


_WORDS: Final = (
    (aiohttp.ClientConnectorCertificateError, "the server's certificate was refused"),
    (aiohttp.ClientConnectorDNSError, "the address was not found (DNS)"),
    (aiohttp.ClientSSLError, "TLS failed"),
    (aiohttp.ServerDisconnectedError, "the connection was cut"),
    (aiohttp.ClientPayloadError, "the reply broke off"),
    (aiohttp.ClientResponseError, "the reply was not HTTP"),
)
"""From the most special kind to the most general."""


def _words(trouble: Exception) -> str:
    """What happened, without the URL that aiohttp likes to print."""
    for kind, words in _WORDS:
        if isinstance(trouble, kind):
            return words
    cause = trouble.os_error if isinstance(trouble, aiohttp.ClientConnectorError) else trouble
    what = "could not connect" if cause is not trouble else "the connection broke"
    why = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else None
    return f"{what}: {why or type(cause).__name__}"


def _seconds_to(header: str | None) -> float | None:
    """Retry-After: seconds, or a date."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header.strip()[:9])
    date = _unix_seconds(header)
    return None if date is None else max(0.0, date - time.time())


@lru_cache(maxsize=4)  # a server's Date is the same for all replies of a second
def _unix_seconds(header: str | None) -> float | None:
    if header is None:
        return None
    try:
        return email.utils.parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
