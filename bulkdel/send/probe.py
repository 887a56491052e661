"""What a target's address answers before anything is sent: one look, one call that changes nothing.

The call goes through the same transport as the run's own, and there is one: within any rate.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from bulkdel.providers.operations import Hearing
from bulkdel.providers.protocol import ENTROPY_BYTES, App, Provider
from bulkdel.providers.stars import nameless, starred
from bulkdel.send.connection import connected
from bulkdel.send.transport import NoReply, Transport
from bulkdel.send.tunnel import Proxy, TunnelError, open_tunnel
from bulkdel.words import Batch

DATE_STEP_S: Final = 1.0
"""A Date header cuts the server's clock to whole seconds."""


class ProbeStep(StrEnum):
    """What a probe does, in this order."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TUNNEL = "tunnel"  # only through a proxy, which the steps before it lead to
    TLS = "tls"
    CALL = "call"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How far a probe came, and what it saw on its way.

    Attributes:
        step: where it stopped; DONE if a reply came, or none was wanted.
        trouble: why it stopped, in words; empty where it did not.
        host: of the address, with the port.
        ip: where the host's name leads, or the proxy's: the first of its IP addresses.
        tls: the protocol's version; empty for plain http.
        expires_s: when the certificate expires, Unix seconds.
        skew_s: this machine's clock less the server's, in seconds, right to a second or so; None
            where the server did not say.
        hearing: what the provider made of the call.
        refused: whether the proxy refused the login that we have for it.
    """

    step: ProbeStep
    trouble: str = ""
    host: str
    ip: str = ""
    tls: str = ""
    expires_s: float | None = None
    skew_s: float | None = None
    hearing: Hearing | None = None
    refused: bool = False


async def probe(
    provider: Provider,
    address: str,
    app: App | None,
    pair: tuple[str, str],
    *,
    timeout_s: float,
    proxy: Proxy | None = None,
    now_s: Callable[[], float] = time.time,
) -> Probe:
    """Look at `address`, and where `app` is given ask whether the first of `pair` has the second.

    All of it goes through `proxy` if there is one. Each step has `timeout_s`. Never raises for
    anything the network does.
    """
    seen = await _reach(address, proxy, timeout_s)
    if seen.trouble or app is None:
        return seen
    began_s = now_s()
    call = provider.encode_check(
        *pair,
        app=app,
        credentials=provider.credentials(app, began_s),
        now_s=began_s,
        entropy=secrets.token_bytes(ENTROPY_BYTES),
    )
    async with Transport(address, max_in_flight=1, timeout_s=timeout_s, proxy=proxy) as transport:
        reply = await transport.send(call, _at_once)
    if isinstance(reply, NoReply):
        return replace(seen, step=ProbeStep.CALL, trouble=reply.reason)
    skew_s = None
    if reply.date_s is not None:
        skew_s = (began_s + now_s()) / 2 - (reply.date_s + DATE_STEP_S / 2)
    hearing = provider.decode_check(reply.status, reply.body)
    info = starred(hearing.info, (*call.hidden, app.secret.reveal()))
    info = nameless(info, Batch(0, pair[0], (pair[1],)))
    return replace(seen, skew_s=skew_s, hearing=replace(hearing, info=info))


async def _reach(address: str, proxy: Proxy | None, timeout_s: float) -> Probe:
    """Resolve, connect, have the proxy connect, and agree on TLS, one by one; then hang up."""
    url = urlsplit(address)
    secure = url.scheme == "https"
    host, port = url.hostname or "", url.port or (443 if secure else 80)
    first = (proxy.host, proxy.port) if proxy else (host, port)
    seen = Probe(step=ProbeStep.RESOLVE, host=url.netloc)
    at: socket.socket | None = None
    writer: asyncio.StreamWriter | None = None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            addresses = await loop.getaddrinfo(*first, type=socket.SOCK_STREAM)
        seen = replace(seen, step=ProbeStep.CONNECT, ip=str(addresses[0][4][0]))
        async with asyncio.timeout(timeout_s):
            at = await connected(addresses, timeout_s=timeout_s)
        if proxy is not None:
            seen = replace(seen, step=ProbeStep.TUNNEL)
            async with asyncio.timeout(timeout_s):
                await open_tunnel(at, proxy, host, port)
        _, writer = await asyncio.open_connection(sock=at)
        if secure:
            seen = replace(seen, step=ProbeStep.TLS)
            context = await asyncio.to_thread(ssl.create_default_context)
            async with asyncio.timeout(timeout_s):
                await writer.start_tls(context, server_hostname=host)
            seen = _with_tls(seen, writer)
    except TimeoutError:
        return replace(seen, trouble=f"no answer within {timeout_s:g} s")
    except TunnelError as error:
        return replace(seen, trouble=str(error), refused=error.refused)
    except (OSError, ValueError) as error:
        return replace(seen, trouble=_words(error))
    finally:
        if writer is None and at is not None:
            at.close()
        if writer is not None:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await writer.wait_closed()
    return replace(seen, step=ProbeStep.DONE)


def _with_tls(seen: Probe, writer: asyncio.StreamWriter) -> Probe:
    agreed = writer.get_extra_info("ssl_object")
    expires = (writer.get_extra_info("peercert") or agreed.getpeercert() or {}).get("notAfter")
    return replace(
        seen,
        tls=agreed.version() or "TLS",
        expires_s=ssl.cert_time_to_seconds(expires) if expires else None,
    )


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS on that port ({error.reason or type(error).__name__})"
    if isinstance(error, socket.gaierror):
        return f"the name was not found ({error.strerror})"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__


async def _at_once() -> None:
    """A single call needs no pace."""
