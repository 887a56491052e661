"""A provider that quotes account ids in its texts: a server before the judge that rewrites them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote, urlsplit

_TEXTS = ("ErrorInfo", "ResultInfo", "Message")


@contextmanager
def quoting(address: str) -> Iterator[str]:
    """An address that answers as `address` does, but names accounts wherever it says a text."""
    behind = urlsplit(address).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            there = HTTPConnection(behind, timeout=30)
            try:
                there.request(self.command, self.path, body, dict(self.headers))
                reply = there.getresponse()
                status, answer = reply.status, _quoted(reply.read(), body, self.path)
            except OSError:
                self.close_connection = True
                return
            finally:
                there.close()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever is gone wants no answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _quoted(answer: bytes, request: bytes, path: str) -> bytes:
    try:
        asked, said = json.loads(request or b"{}"), json.loads(answer)
    except ValueError:
        return answer
    own = str(asked.get("From_Account") or asked.get("FromUserId") or asked.get("UserId") or path)
    _name(said, own)
    return json.dumps(said).encode()


def _name(value: Any, own: str) -> None:
    match value:
        case dict():
            whose = str(value.get("To_Account") or value.get("UserId") or own)
            for text in _TEXTS:
                if value.get(text):
                    value[text] += f": cannot do it for {whose} of {own} (id={quote(whose)})"
            for one in value.values():
                _name(one, own)
        case list():
            for one in value:
                _name(one, own)
        case _:
            pass
