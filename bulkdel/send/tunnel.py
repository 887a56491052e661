"""The way through a proxy: CONNECT over a socket that is connected to it. No part is aiohttp's.

It ends where TLS begins, with the provider and over the same socket: from there on the connection
is one like any other, for whoever asks whether it is silent, whether what was sent has arrived (as
far as the proxy), and for whoever aborts it. Whatever fails here, no call has left.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bulkdel.job.job import ProxySource
from bulkdel.job.secrets import basic
from bulkdel.providers.protocol import Secret

ANSWER_MOST: Final = 64 * 1024
"""Bytes of the answer to CONNECT."""
_PIECE: Final = 4096
_END: Final = b"\r\n\r\n"
_BEGIN: Final = b"HTTP/"
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?\r\n")
_WANTED: Final = re.compile(
    rb"^proxy-authenticate:[ \t]*([A-Za-z-]{1,20})([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_BASIC: Final = re.compile(rb"\bbasic\b", re.IGNORECASE)
_SCHEMES_SHOWN: Final = 4

WANTS_LOGIN: Final = (401, 407)
"""The second is HTTP's word for it; tinyproxy answers a wrong login with the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """What a target's calls go through.

    Attributes:
        address: "http://host:port".
        login: "user:password"; None where none was given.
    """

    address: str
    login: Secret | None = None

    @classmethod
    def of(cls, source: ProxySource | None, login: Secret | None) -> Proxy | None:
        """The proxy of a target, with what `read_login` says; None where it has none."""
        return None if source is None else cls(address=source.address, login=login)

    @property
    def host(self) -> str:
        """Its name or IP address, without brackets."""
        return urlsplit(self.address).hostname or ""

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.address).port or 80


class TunnelError(Exception):
    """There is no way through the proxy; its text names the proxy, and holds no login.

    Attributes:
        refused: whether the proxy refused us for the login: no further call can do better.
        resolving: whether its name led nowhere.
        cause: what the system said, where it was asked.
    """

    def __init__(
        self,
        proxy: Proxy,
        words: str,
        *,
        refused: bool = False,
        resolving: bool = False,
        cause: OSError | None = None,
    ) -> None:
        why = f": {os.strerror(cause.errno)}" if cause is not None and cause.errno else ""
        super().__init__(f"the proxy {proxy.address} {words}{why}")
        self.refused = refused
        self.resolving = resolving
        self.cause = cause


async def open_tunnel(at: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy at the other end of `at` connect to `host`; the next byte is the host's.

    `at` does not block. There is no bound in time.

    Raises:
        TunnelError: the proxy does not, or what it answers is no answer.
    """
    loop = asyncio.get_running_loop()
    there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        await loop.sock_sendall(at, _request(there, proxy.login))
        answer = await _answer(at, proxy)
    except OSError as error:
        raise TunnelError(proxy, "broke the connection", cause=error) from None
    head, _, more = answer.partition(_END)
    status = _STATUS.match(head + b"\r\n")
    if status is None:
        raise TunnelError(proxy, "gave an answer to CONNECT that is not HTTP")
    code = int(status[1])
    if not 200 <= code <= 299:  # noqa: PLR2004  # HTTP's word for success
        raise _refusal(proxy, there, code, head)
    if more:
        # The host says nothing before it is spoken to: somebody else does.
        raise TunnelError(proxy, "sent more than its answer to CONNECT")


def _request(there: str, login: Secret | None) -> bytes:
    lines = [f"CONNECT {there} HTTP/1.1", f"Host: {there}", "User-Agent: bulkdel"]
    if login is not None:
        lines.append(f"Proxy-Authorization: Basic {basic(login)}")
    return "\r\n".join((*lines, "", "")).encode("ascii")


async def _answer(at: socket.socket, proxy: Proxy) -> bytes:
    """All that came by the time that the head was there."""
    loop = asyncio.get_running_loop()
    answer = b""
    while _END not in answer:
        piece = await loop.sock_recv(at, _PIECE)
        if not piece:
            raise TunnelError(proxy, "hung up instead of answering CONNECT")
        answer += piece
        if not answer.startswith(_BEGIN[: len(answer)]):
            raise TunnelError(proxy, "gave an answer to CONNECT that is not HTTP")
        if len(answer) > ANSWER_MOST:
            raise TunnelError(proxy, f"gave an answer to CONNECT of more than {ANSWER_MOST} bytes")
    return answer


def _refusal(proxy: Proxy, there: str, code: int, head: bytes) -> TunnelError:
    if code not in WANTS_LOGIN:
        return TunnelError(proxy, f"did not connect to {there}: it answered CONNECT with {code}")
    wanted = _WANTED.findall(head)
    if wanted and not any(_BASIC.search(kind + rest) for kind, rest in wanted):
        kinds = " or ".join(kind.decode() for kind, _ in wanted[:_SCHEMES_SHOWN])
        words = f"wants a login of the kind {kinds}, and bulkdel has Basic only ({code})"
    elif proxy.login is None:
        words = f"wants a login ({code}): proxy_env names the variable that holds user:password"
    else:
        words = f"refused the login that proxy_env names ({code})"
    return TunnelError(proxy, words, refused=True)
