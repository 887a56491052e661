"""The metrics on a port. Whoever reaches it can keep nobody waiting, and make nothing grow.

prometheus_client answers the requests. Its start_http_server takes as many clients at a time as
come, waits for each as long as it likes, reads heads of megabytes and asks DNS for this machine's
name; a server cannot be handed to it, so the smallest one with these bounds is here.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final

from prometheus_client import MetricsHandler

from bulkdel.errors import WrongInput
from bulkdel.report.metrics import Metrics

CLIENT_S: Final = 5.0
"""Seconds for a client's whole request and reply; then its connection is cut."""
CLIENTS_MOST: Final = 8
"""Clients at a time; further ones are turned away."""
HEAD_MOST: Final = 8192
"""Bytes of a request that are read."""
_PAUSE_S: Final = 0.2


@contextmanager
def metrics_port(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Within it `port` serves the metrics; yields the port's number.

    Raises:
        WrongInput: it cannot be listened on.
    """
    handler = type("_BoundedHandler", (_BoundedHandler,), {"registry": metrics.registry})
    try:
        server = _BoundedServer((host, port), handler)
    except (OSError, TypeError, UnicodeError) as error:  # the last two for hosts that are no names
        why = getattr(error, "strerror", None) or "that is no address"
        raise WrongInput(
            f"cannot listen on {host}:{port} ({why})",
            where=f"--metrics-port {port}",
            mend="choose another port or --metrics-host; nothing was sent",
        ) from error
    waiter = threading.Thread(target=server.serve_forever, name="metrics-port", daemon=True)
    waiter.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()  # no client is served by the thread that this waits for
        server.server_close()
        waiter.join(CLIENT_S)


class _BoundedServer(ThreadingHTTPServer):
    allow_reuse_port = False
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[MetricsHandler]) -> None:
        self._free = threading.BoundedSemaphore(CLIENTS_MOST)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for this machine's name, which can take its time."""
        TCPServer.server_bind(self)
        host, self.server_port = self.socket.getsockname()[:2]
        self.server_name = str(host)

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next client. Where there is no descriptor left for it, others get a moment."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_PAUSE_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a client in a thread of its own, if there is one left."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._free.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it, for CLIENT_S."""
        try:
            end = threading.Timer(CLIENT_S, _cut, (request,))
            end.daemon = True
            end.start()
            try:
                super().process_request_thread(request, client_address)
            finally:
                end.cancel()
        finally:
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is nobody's business."""


class _BoundedHandler(MetricsHandler):
    def setup(self) -> None:
        """Read no more of the client than HEAD_MOST bytes."""
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(io.BytesIO(_head(self.connection)))


def _head(client: socket.socket) -> bytes:
    """The head of a request; empty where it is longer than HEAD_MOST or breaks off."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(HEAD_MOST - len(head))
        head += piece
        if not piece or len(head) == HEAD_MOST:
            return b""
    return head


def _cut(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
