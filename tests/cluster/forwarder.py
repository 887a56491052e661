"""A cable between a client and a server on this machine that can be cut: TCP, in a thread."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

_PIECE: Final = 1 << 16
_LOOKS_EVERY_S: Final = 0.05


class Forwarder:
    """Listens at `port` and passes all on to `to`; a context manager.

    While it swallows, nothing passes either way, nothing is closed and nobody is told; what came
    meanwhile waits, as it does in a network that drops packets. New connections are taken, and get
    no answer.
    """

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._swallows = threading.Event()
        self._ends = threading.Event()
        self._wake = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._forward, name="forwarder", daemon=True)

    def __enter__(self) -> Self:
        self._wake.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.set()
        self._thread.join()
        for key in list(self._wake.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._wake.close()

    def swallow(self) -> None:
        """From now on nothing passes."""
        self._swallows.set()

    def let_through(self) -> None:
        """From now on everything passes, what waited first."""
        self._swallows.clear()

    def _forward(self) -> None:
        while not self._ends.is_set():
            if self._swallows.is_set():
                self._ends.wait(_LOOKS_EVERY_S)
                continue
            for key, _ in self._wake.select(_LOOKS_EVERY_S):
                if key.data is None:
                    self._connect()
                elif isinstance(key.fileobj, socket.socket):
                    self._pass_on(key.fileobj, key.data)

    def _connect(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._to, timeout=5)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._wake.register(one, selectors.EVENT_READ, other)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            piece = one.recv(_PIECE)
            if piece:
                other.sendall(piece)
                return
        for link in (one, other):
            with suppress(KeyError, ValueError):  # it was closed from its other side
                self._wake.unregister(link)
            link.close()


@contextmanager
def through(store: str) -> Iterator[tuple[Forwarder, str]]:
    """A cable to the store, and the store's address by way of it."""
    port = urlsplit(store).port or 0
    with Forwarder(("127.0.0.1", port)) as cable:
        yield cable, store.replace(f":{port}/", f":{cable.port}/")
