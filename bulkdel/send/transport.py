"""One call out, one reply or none back; with connection.py the only door to aiohttp's client.

It sends a request once. aiohttp re-sends a GET by itself when a kept-alive connection dies, which
would clear a friend list a second time unasked; that is switched off here, and a test pins it.
It asks to depart with a connection in hand: what was paced before connecting would leave in a crowd
after a slow connect. No exception that it lets out, and no text that it returns, holds a URL.
"""

from __future__ import annotations

import asyncio
import email.utils
import errno
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

import aiohttp
from yarl import URL

from bulkdel.lease.fence import no_fence
from bulkdel.providers.protocol import Call
from bulkdel.send.connection import (
    DEPARTURE,
    NO_CONNECTION,
    Connector,
    Departure,
    UnusableError,
)
from bulkdel.send.tunnel import Proxy, TunnelError

BODY_MOST: Final = 2 * 1024 * 1024
"""Bytes of a reply that are read, whatever its call carried."""
BODY_BASE: Final = 128 * 1024
BODY_EACH: Final = 1024
"""Bytes of a reply that are read, and more for each id that its call carried: an id has 32 bytes,
escaped in JSON 192, and the rest is for a long text."""
CHUNK: Final = 64 * 1024
LONG_ONES_MOST: Final = 32
"""Replies of more than a CHUNK or two that are read at the same time, over all transports that
share a `room_for_replies`: with BODY_MOST it bounds the memory that replies in flight can take."""


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
        ours: whether it was this machine that could not open a connection.
        refused: whether the proxy on the way refused the login that we have for it.
    """

    reason: str
    left: bool
    ours: bool = False
    refused: bool = False


def room_for_replies() -> asyncio.Semaphore:
    """What transports share, so that long replies are read a few at a time."""
    return asyncio.Semaphore(LONG_ONES_MOST)


Depart = Callable[[], Awaitable[None]]
"""Returns when the call may leave, and is asked with a connection in hand. Asked again if the
connection died in the meantime."""


class Transport:
    """Calls to one address. An async context manager.

    `timeout_s` bounds connecting, and again the time from leaving to the last byte of the reply;
    waiting for the departure is part of neither. A call that it ended never arrives afterwards.
    """

    def __init__(
        self,
        address: str,
        *,
        max_in_flight: int,
        timeout_s: float,
        room: asyncio.Semaphore | None = None,
        proxy: Proxy | None = None,
        fence: Callable[[], None] = no_fence,
    ) -> None:
        """Calls to `address`, through `proxy` if there is one.

        `room` is shared by all transports of a process that hold replies together; `fence` returns
        only while this process may send, and is asked each time that bytes leave.

        Raises:
            ValueError: a proxy, and an address that is not https.
        """
        if proxy is not None and not address.startswith("https://"):
            raise ValueError("only https goes through a proxy")
        self._address = address
        self._proxy = proxy
        self._room = room or room_for_replies()
        self._connector: Connector | None = None
        self._max_in_flight = max_in_flight
        self._timeout_s = timeout_s
        self._fence = fence
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # A connection more than calls: one that waits to depart never waits for another to end.
        self._connector = Connector(
            limit=self._max_in_flight + 1,
            timeout_s=self._timeout_s,
            proxy=self._proxy,
            fence=self._fence,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
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

    def stalled(self) -> bool:
        """Whether the network does not take what was sent: nothing more should leave now."""
        return self._connector is not None and self._connector.stalled()

    async def send(self, call: Call, depart: Depart) -> Reply | NoReply:
        """Send `call` once `depart` lets it; never raises for anything the network does."""
        if self._session is None:
            raise RuntimeError("the transport is not open")
        departure: Departure | None = None
        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                departure = Departure(depart, limit, self._timeout_s)
                token = DEPARTURE.set(departure)
                try:
                    return await self._exchange(self._session, call)
                finally:
                    # It knows the task whose context would keep it: a cycle for each call.
                    DEPARTURE.reset(token)
        except TimeoutError:
            lacks = departure.lacks if departure else NO_CONNECTION
            what = "no reply" if departure and departure.left else lacks
            reason = f"{what} within {self._timeout_s:g} s"
        except _TooLarge:
            reason = f"a reply larger than {_most(call)} bytes"
        except (aiohttp.ClientError, OSError, ValueError, TunnelError) as trouble:
            reason = _words(trouble)
            if (departure is None or not departure.left) and (why := _own_trouble(trouble)):
                return NoReply(reason=why, left=False, ours=True)
            if isinstance(trouble, TunnelError):
                return NoReply(reason=reason, left=False, refused=trouble.refused)
        return NoReply(reason=reason, left=departure is not None and departure.left)

    async def _exchange(self, session: aiohttp.ClientSession, call: Call) -> Reply:
        url = URL(f"{self._address}{call.path}?{call.query}", encoded=True)
        async with session.request(
            call.method, url, data=call.body, allow_redirects=False
        ) as response:
            body = await _bounded(response.content, _most(call), self._room)
            return Reply(
                status=response.status,
                retry_after_s=_seconds_to(response.headers.get("Retry-After")),
                date_s=_unix_seconds(response.headers.get("Date")),
                body=body,
            )


class _TooLarge(Exception):
    pass


def _most(call: Call) -> int:
    return min(BODY_MOST, BODY_BASE + BODY_EACH * call.ids)


async def _bounded(content: aiohttp.StreamReader, most: int, room: asyncio.Semaphore) -> bytes:
    first = await content.readany()
    if content.at_eof():
        return first
    async with room:
        pieces, size = [first], len(first)
        while piece := await content.read(CHUNK):
            size += len(piece)
            if size > most:
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
    (UnusableError, "no connection stayed open and silent until the call could leave"),
)
"""From the most special kind to the most general."""


def _words(trouble: Exception) -> str:
    """What happened, without the URL that aiohttp likes to print."""
    if isinstance(trouble, TunnelError):
        return str(trouble)
    for kind, words in _WORDS:
        if isinstance(trouble, kind):
            return words
    cause = trouble.os_error if isinstance(trouble, aiohttp.ClientConnectorError) else trouble
    what = "could not connect" if cause is not trouble else "the connection broke"
    why = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else None
    return f"{what}: {why or type(cause).__name__}"


_OURS: Final = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOBUFS,
        errno.EADDRNOTAVAIL,  # all ports are in use
        errno.EACCES,
        errno.EPERM,  # a firewall of this machine
    }
)
"""What keeps this machine from opening a connection, wherever to. A network or host that is not
reached is not among them: that may be either's."""


def _own_trouble(trouble: Exception) -> str:
    """Why this machine could not even begin to connect, in words; empty where it did."""
    if isinstance(trouble, (aiohttp.ClientSSLError, ssl.SSLError)):
        return ""  # its numbers are those of OpenSSL
    cause: object = trouble
    if isinstance(trouble, aiohttp.ClientConnectorError):
        cause = trouble.os_error
    elif isinstance(trouble, TunnelError):
        cause = trouble.cause
    number = cause.errno if isinstance(cause, OSError) else None
    if isinstance(trouble, aiohttp.ClientConnectorDNSError) or (
        isinstance(trouble, TunnelError) and trouble.resolving
    ):
        number = _no_descriptor()  # a resolver that can open nothing says "not found" as well
    if number not in _OURS:
        return ""
    return f"this machine cannot open a connection: {os.strerror(number or 0)}"


def _no_descriptor() -> int | None:
    """The error number of opening a file now; None where that works."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno
    return None


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
