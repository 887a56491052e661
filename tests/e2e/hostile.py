"""A server that answers each call in the next of many bad ways, and remembers what it was sent."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import trustme

Answer = Callable[[bytes], bytes]
"""The bytes that a request is answered with; none means that the connection is cut."""

_SIGNED = re.compile(r"[?&](?:usersig|Signature)=([^& ]+)")


class Hostile:
    """Listens on a loopback port in threads; a context manager.

    Args:
        answers: for the first call, the second, and so on; the last one for all further calls.
        tls: whether it speaks TLS, with a certificate that nobody vouches for.

    Attributes:
        requests: each request's head, as it came.
    """

    def __init__(self, answers: Sequence[Answer], *, tls: bool = False) -> None:
        self._answers = answers
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(self._context)
        self._lock = threading.Lock()
        self.requests: list[bytes] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def signatures(self) -> set[str]:
        """What the calls were signed with, as it stood in their addresses and decoded."""
        found = {one for head in self.requests for one in _SIGNED.findall(head.decode("latin-1"))}
        return found | {unquote(one) for one in found}

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with plain, self._wrapped(plain) as connection:
                connection.settimeout(20)
                self._answer(connection)
        except OSError:  # the client left, or TLS failed
            return

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        return self._context.wrap_socket(plain, server_side=True) if self._context else plain

    def _answer(self, connection: socket.socket) -> None:
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(65536)
            if not piece:
                return
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        while length and len(body) < int(length[1]):
            body += connection.recv(65536)
        with self._lock:
            self.requests.append(head)
            number = len(self.requests) - 1
        answer = self._answers[min(number, len(self._answers) - 1)](head)
        connection.sendall(answer)


def reply(body: bytes, *, status: str = "200 OK", headers: bytes = b"") -> bytes:
    """A sound HTTP reply."""
    start = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return start.encode() + headers + b"\r\n" + body


def json_echo(code: int) -> Answer:
    """A code at top level, in both providers' words, with the whole request line as its text."""

    def answer(head: bytes) -> bytes:
        line = head.splitlines()[0]
        return reply(
            b'{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"%s",' % (code, line)
            + b'"Code":%d,"Message":"%s"}' % (code, line)
        )

    return answer


BAD_ANSWERS: tuple[Answer, ...] = (
    lambda _: b"",
    lambda _: b"HTTP/1.1 200 OK\r\nContent-Le",
    lambda head: b"\x00\xff\xfe" + head,
    lambda head: b"HTTP/9.9 " + head + b"\r\n\r\n",
    lambda head: b"HTTP/1.1 200 OK\r\nBad Header " + head + b"\r\n\r\n",
    lambda head: b"HTTP/1.1 200 OK\r\nX-Echo: " + head.splitlines()[0] * 100 + b"\r\n\r\n",
    lambda head: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + head,
    lambda head: b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + head,
    lambda head: b"HTTP/1.1 200 OK\r\nContent-Length: " + head.splitlines()[0] + b"\r\n\r\n",
    lambda head: reply(head, headers=b"Content-Encoding: gzip\r\n"),
    lambda head: reply(head, headers=b"Content-Type: application/json; charset=" + head[:99]),
    lambda head: reply(head, status="502 " + head.splitlines()[0].decode("latin-1")),
    lambda head: reply(head, status="302 Found", headers=b"Location: " + head.split()[1] + b"\r\n"),
    lambda head: reply(b'{"ErrorCode":"' + head + b'"}'),
    lambda _: reply(b" " * (9 << 20)),
    json_echo(30006),
    json_echo(123456),
)
"""Cut, garbage, no HTTP, too large, echoes of the address in every place that is ever printed."""
