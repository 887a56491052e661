"""Through a proxy: every promise of a connection holds; what fails is said without the login."""

from __future__ import annotations

import asyncio
import base64
import resource
import socket
import ssl
import struct
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp.connector
import pytest

from bulkdel.providers.protocol import Call, Secret
from bulkdel.send import connection
from bulkdel.send.connection import Line, connected
from bulkdel.send.transport import NoReply, Reply, Transport
from bulkdel.send.tunnel import ANSWER_MOST, Proxy, TunnelError, open_tunnel
from tests.support.connect_proxy import OPEN, Authority, ConnectProxy, Fault, says
from tests.support.raw_server import GET, OK, POST, Server, at_once

LOGIN: Final = "jürgen:pa%41ss:wörd"
TOLD: Final = base64.b64encode(LOGIN.encode())
LARGE: Final = Call(method="POST", path="/", query="q", body=b"x" * 1_000_000, ids=1000)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Made once: keys take time."""
    return Authority()


@pytest.fixture(autouse=True)
def _trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", authority.client)


async def answer(_: int, __: object, writer: asyncio.StreamWriter) -> None:
    """What every call here is answered with in the end."""
    writer.write(OK)
    await writer.drain()


@asynccontextmanager
async def through(
    proxy: ConnectProxy,
    server: Server,
    authority: Authority,
    *,
    login: str | None = None,
    timeout_s: float = 5.0,
) -> AsyncIterator[Transport]:
    """A transport to the server through the proxy, both running."""
    async with server.running(authority.server) as address, proxy.running() as at:
        way = Proxy(address=at, login=None if login is None else Secret(login))
        async with Transport(address, max_in_flight=2, timeout_s=timeout_s, proxy=way) as transport:
            yield transport


def lines(transport: Transport) -> list[Line]:
    """The connections that calls have in hand."""
    connector = transport._connector
    assert connector is not None
    return [one for one in connector._acquired if isinstance(one, Line)]


async def test_calls_share_a_tunnel(authority: Authority) -> None:
    """Each call arrives once, all over one CONNECT, which tells the proxy no more than where to."""
    proxy, server = ConnectProxy(), Server(answer)
    async with through(proxy, server, authority) as transport:
        for call in (GET, POST, GET):
            assert isinstance(await transport.send(call, at_once), Reply)
    (head,) = proxy.heads
    there = head.split(b" ")[1]
    assert there.startswith(b"localhost:")
    assert head == (
        b"CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bulkdel\r\n\r\n" % (there, there)
    )
    assert [one.split(b" ")[0] for one in server.heads] == [b"GET", b"POST", b"GET"]


async def test_the_login_is_told_as_it_is(authority: Authority) -> None:
    """As UTF-8, with nothing decoded, to the proxy alone; a call holds none of it."""
    proxy, server = ConnectProxy(), Server(answer)
    async with through(proxy, server, authority, login=LOGIN) as transport:
        assert isinstance(await transport.send(POST, at_once), Reply)
    assert b"\r\nProxy-Authorization: Basic %s\r\n" % TOLD in proxy.heads[0]
    assert b"Proxy" not in server.heads[0]


async def test_a_call_asks_to_depart_with_tls_in_hand(authority: Authority) -> None:
    """The tunnel stands, the provider's TLS is agreed on, and the socket drops what is not out."""
    proxy, server = ConnectProxy(), Server(answer)
    seen: list[object] = []

    async def depart() -> None:
        (line,) = lines(transport)
        assert line.transport is not None
        agreed = line.transport.get_extra_info("ssl_object")
        assert isinstance(agreed, ssl.SSLObject)
        assert agreed.server_hostname == "localhost"
        at: socket.socket = line.transport.get_extra_info("socket")
        assert proxy.address.endswith(f":{at.getpeername()[1]}")
        assert at.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == struct.pack("ii", 1, 0)
        if sys.platform == "linux":
            assert at.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
        seen.append(len(proxy.heads))

    async with through(proxy, server, authority) as transport:
        assert isinstance(await transport.send(POST, depart), Reply)
    assert seen == [1]


WANTS: Final = b"HTTP/1.1 407 X\r\nContent-Length: 0\r\n%s\r\n"
ENDLESS: Final = b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"y" * 1_000_000
FAULTS: Final[dict[str, tuple[Fault, str]]] = {
    "wants a login": (
        says(WANTS % b'Proxy-Authenticate: Basic realm="x"\r\n'),
        "refused the login that proxy_env names (407)",
    ),
    "says no kind": (says(WANTS % b""), "refused the login that proxy_env names (407)"),
    "a server's word for it": (
        says(b"HTTP/1.1 401 Unauthorized\r\n\r\n"),
        "refused the login that proxy_env names (401)",
    ),
    "kinds in one line": (
        says(WANTS % b"proxy-authenticate: Negotiate, Basic\r\n"),
        "refused the login that proxy_env names (407)",
    ),
    "wants another kind": (
        says(WANTS % b"Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM abc\r\n"),
        "wants a login of the kind Negotiate or NTLM, and bulkdel has Basic only (407)",
    ),
    "forbids": (
        says(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n<html>"),
        "did not connect to {there}: it answered CONNECT with 403",
    ),
    "not reached": (
        says(b"HTTP/1.0 502 X\r\n\r\n"),
        "did not connect to {there}: it answered CONNECT with 502",
    ),
    "full": (
        says(b"HTTP/1.1 503\r\n\r\n", then="silence"),
        "did not connect to {there}: it answered CONNECT with 503",
    ),
    "redirects": (
        says(b"HTTP/1.1 302 X\r\nLocation: http://elsewhere.example\r\n\r\n"),
        "did not connect to {there}: it answered CONNECT with 302",
    ),
    "another protocol": (
        says(b"SSH-2.0-OpenSSH_9.2\r\n", then="silence"),
        "gave an answer to CONNECT that is not HTTP",
    ),
    "no status": (
        says(b"HTTP/1.1 OK\r\n\r\n", then="silence"),
        "gave an answer to CONNECT that is not HTTP",
    ),
    "endless": (
        says(ENDLESS, then="silence"),
        f"gave an answer to CONNECT of more than {ANSWER_MOST} bytes",
    ),
    "hangs up": (says(b""), "hung up instead of answering CONNECT"),
    "half an answer": (says(b"HTTP/1.1 2"), "hung up instead of answering CONNECT"),
    "resets": (
        says(b"", then="reset"),
        "broke the connection: Connection reset by peer",
    ),
    "speaks for the host": (
        says(OPEN + b"\x16\x03\x03", then="silence"),
        "sent more than its answer to CONNECT",
    ),
    "cuts before TLS": (says(OPEN), "broke the connection before TLS with localhost was agreed on"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_a_proxy_does_instead(authority: Authority, fault: str) -> None:
    """Nothing left, nobody asked to depart, the words name the proxy and never the login.

    Only a refused login is told as one, and none of it is this machine's trouble.
    """
    does, words = FAULTS[fault]
    proxy, server = ConnectProxy(does), Server(answer)
    asked: list[int] = []

    async def depart() -> None:
        asked.append(1)

    async with through(proxy, server, authority, login=LOGIN) as transport:
        reply = await transport.send(POST, depart)
        there = proxy.heads[0].split(b" ")[1].decode()
    assert isinstance(reply, NoReply)
    told = words.format(there=there)
    assert reply.reason.startswith(f"the proxy {proxy.address} {told}")
    assert (reply.left, reply.ours, reply.refused) == (False, False, "(40" in words)
    assert (asked, server.connections, len(proxy.heads)) == ([], 0, 1)
    assert not any(part in repr(reply) for part in ("pa%41", "jürgen", TOLD.decode()))


async def test_a_login_that_is_missing_is_named(authority: Authority) -> None:
    """Who gave none is told where it goes."""
    proxy = ConnectProxy(says(WANTS % b""))
    async with through(proxy, Server(answer), authority) as transport:
        reply = await transport.send(POST, at_once)
    assert isinstance(reply, NoReply)
    assert reply.refused
    assert "proxy_env names the variable that holds user:password" in reply.reason


@pytest.mark.parametrize(
    ("said", "lacks"),
    [
        (b"", "no answer to CONNECT from the proxy {}"),
        (b"HTTP/1.1 200 OK\r\nX: ", "no answer to CONNECT from the proxy {}"),
        (OPEN, "no TLS with localhost through the proxy {}"),
    ],
)
async def test_one_bound_for_all_of_connecting(
    authority: Authority, said: bytes, lacks: str
) -> None:
    """A proxy that is silent at any step costs timeout_s in all, and the step is named."""
    proxy = ConnectProxy(says(said, then="silence"))
    now = asyncio.get_running_loop().time
    async with through(proxy, Server(answer), authority) as transport:
        began = now()
        reply = await transport.send(POST, at_once)
        took_s = now() - began
    reason = f"{lacks.format(proxy.address)} within 5 s"
    assert reply == NoReply(reason=reason, left=False)
    assert took_s == pytest.approx(5, abs=0.1)


async def test_a_proxy_that_is_gone() -> None:
    """Nobody listens there: the proxy is named, not the provider."""
    gone = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(address=f"http://127.0.0.1:{gone.getsockname()[1]}")
    gone.close()
    async with Transport("https://localhost:1", max_in_flight=1, timeout_s=5, proxy=proxy) as way:
        reply = await way.send(POST, at_once)
    why = "cannot be connected to: Connection refused"
    assert reply == NoReply(reason=f"the proxy {proxy.address} {why}", left=False)


async def test_a_name_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy's name that is not found; where it is we who cannot ask, we are blamed."""
    proxy = Proxy(address="http://proxy.invalid:3128")
    async with Transport("https://localhost:1", max_in_flight=1, timeout_s=5, proxy=proxy) as way:
        connector = way._connector
        assert connector is not None

        async def nowhere(*_: object, **__: object) -> list[object]:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(connector._resolver, "resolve", nowhere)
        reply = await way.send(POST, at_once)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            ours = await way.send(POST, at_once)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert reply == NoReply(reason=f"the proxy {proxy.address} was not found (DNS)", left=False)
    words = "this machine cannot open a connection: Too many open files"
    assert ours == NoReply(reason=words, left=False, ours=True)


async def test_what_this_machine_cannot_open_is_its_own_trouble(authority: Authority) -> None:
    """Without a free descriptor no proxy is blamed."""
    proxy = ConnectProxy()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with through(proxy, Server(answer), authority) as transport:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            reply = await transport.send(POST, at_once)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    words = "this machine cannot open a connection: Too many open files"
    assert reply == NoReply(reason=words, left=False, ours=True)


async def test_a_certificate_that_is_not_trusted() -> None:
    """A proxy that opens TLS with a certificate of its own gets no call."""
    server = Server(answer)
    async with through(ConnectProxy(), server, Authority(), login=LOGIN) as transport:
        reply = await transport.send(POST, at_once)
    assert isinstance(reply, NoReply)
    assert "led to a certificate for localhost that is not trusted" in reply.reason
    assert (reply.left, server.heads) == (False, [])


async def test_no_tls_behind_the_proxy(authority: Authority) -> None:
    """What answers in plain text is no provider."""
    proxy = ConnectProxy(says(OPEN, then="silence"))

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OPEN)
        await reader.read(1)
        writer.write(OK)
        await reader.read()

    proxy.fault = plain
    async with through(proxy, Server(answer), authority) as transport:
        reply = await transport.send(POST, at_once)
    assert isinstance(reply, NoReply)
    assert reply.reason.startswith(f"the proxy {proxy.address} led to no TLS with localhost (")


async def test_a_tunnel_that_is_cut_beneath_a_call(authority: Authority) -> None:
    """Its answer is lost, it may have been carried out, and it is not sent again."""
    proxy = ConnectProxy()

    async def cut(_: int, reader: asyncio.StreamReader, __: object) -> None:
        proxy.cut()
        await reader.read()

    server = Server(cut)
    async with through(proxy, server, authority) as transport:
        reply = await transport.send(GET, at_once)
        await asyncio.sleep(1)
    assert isinstance(reply, NoReply)
    assert (reply.left, reply.ours, reply.refused) == (True, False, False)
    assert (len(server.heads), len(proxy.heads)) == (1, 1)


async def test_a_tunnel_that_ends_before_a_call_leaves(authority: Authority) -> None:
    """The call goes out over another one, once."""
    proxy, server = ConnectProxy(), Server(answer)
    waits = 0

    async def depart() -> None:
        nonlocal waits
        waits += 1
        if waits == 1:
            proxy.cut()
            await asyncio.sleep(0.05)

    async with through(proxy, server, authority) as transport:
        assert isinstance(await transport.send(POST, depart), Reply)
    assert (waits, len(server.heads), len(proxy.heads)) == (2, 1, 2)


@pytest.mark.parametrize("given_up", ["by its timeout", "by a stop"])
async def test_a_call_that_is_given_up_is_reset(authority: Authority, given_up: str) -> None:
    """The proxy sees a reset and no orderly end, so that it has no reason to deliver the rest."""
    proxy, arrived = ConnectProxy(), asyncio.Event()

    async def hang(_: int, reader: asyncio.StreamReader, __: object) -> None:
        arrived.set()
        await reader.read()

    async with through(proxy, Server(hang), authority, timeout_s=0.5) as transport:
        call = asyncio.create_task(transport.send(POST, at_once))
        await arrived.wait()
        if given_up == "by a stop":
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        else:
            assert await call == NoReply(reason="no reply within 0.5 s", left=True)
        await asyncio.sleep(0.1)
    assert proxy.ends == ["reset"]


@pytest.mark.parametrize("step", [b"", b"HTTP/1.1 200 OK\r\n", OPEN])
async def test_a_stop_while_it_connects_leaves_nothing_open(
    authority: Authority, step: bytes
) -> None:
    """Whatever it waits for, the proxy sees the connection end."""
    ended: list[str] = []

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(step)
        try:
            await reader.read()
            while await reader.read(1 << 16):
                pass
        except ConnectionResetError:
            pass
        ended.append("ended")

    proxy = ConnectProxy(wait)
    async with through(proxy, Server(answer), authority) as transport:
        call = asyncio.create_task(transport.send(POST, at_once))
        await asyncio.sleep(0.2)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await asyncio.sleep(0.1)
        assert ended == ["ended"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what has arrived")
async def test_a_proxy_that_takes_nothing_is_noticed(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that the proxy leaves in the socket stall the transport, as a provider's would."""
    monkeypatch.setattr(connection, "UNHEARD_S", 0.05)
    proxy = ConnectProxy()
    async with through(proxy, Server(answer), authority, timeout_s=60) as transport:
        assert isinstance(await transport.send(POST, at_once), Reply)  # the tunnel stands
        for writer in proxy._writers:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport
        call = asyncio.create_task(transport.send(LARGE, at_once))
        await asyncio.sleep(0.01)
        assert not transport.stalled()
        time.sleep(0.1)  # noqa: ASYNC251  # the age of a call is real time
        assert transport.stalled()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


async def test_plain_http_never_goes_through_a_proxy() -> None:
    """A signature would travel in the open."""
    with pytest.raises(ValueError, match="only https"):
        Transport(
            "http://127.0.0.1:1", max_in_flight=1, timeout_s=5, proxy=Proxy(address="http://p:1")
        )


async def test_no_traceback_holds_the_login() -> None:
    """Nor does the proxy's own repr."""
    proxy = ConnectProxy(says(WANTS % b""))
    async with proxy.running() as address:
        way = Proxy(address=address, login=Secret(LOGIN))
        at = await connected(
            [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", way.port))], timeout_s=5
        )
        with at, pytest.raises(TunnelError) as caught:
            await open_tunnel(at, way, "2001:db8::1", 443)
    told = "".join(traceback.format_exception(caught.value)) + repr(way)
    assert not any(part in told for part in ("pa%41", "jürgen", TOLD.decode()))
    assert proxy.heads[0].startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n")
