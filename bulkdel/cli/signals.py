"""What the signals that end a process do to a run: the first stops it, the second leaves it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LEFT_EXIT = 75
"""Work is left; the same command continues."""

_SHOW_CURSOR = b"\x1b[?25h\n"
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Whom the first signal is told to, while one part of a run follows another.

    Attributes:
        by: the name of the first signal; empty as long as none came.
    """

    def __init__(self, at_first: Callable[[str], None]) -> None:
        self.by = ""
        self._at_first = at_first

    def tell(self, at_first: Callable[[str], None]) -> None:
        """From now on the first signal is told to `at_first`: at once, if it has come already."""
        self._at_first = at_first
        if self.by:
            at_first(self.by)

    def _came(self, number: int, _: FrameType | None) -> None:
        if self.by:
            _leave()
        self.by = signal.Signals(number).name
        self._at_first(self.by)


@contextmanager
def stopping(at_first: Callable[[str], None]) -> Iterator[Stopping]:
    """Within it the first SIGINT, SIGTERM or SIGHUP calls `at_first` with the signal's name.

    It is called in the main thread, between two of its instructions, and may raise; it must not
    print, since it may have come in the middle of a print. A second signal ends the process at
    once with LEFT_EXIT, without a word to anybody: what is in flight is in the journal. A hang-up
    that the process was started to ignore (nohup) stays ignored. The handlers that were there
    before come back at the end.
    """
    watch = Stopping(at_first)
    before = {number: signal.getsignal(number) for number in _HANDLED}
    try:
        for number, handler in before.items():
            if not (number == signal.SIGHUP and handler == signal.SIG_IGN):
                signal.signal(number, watch._came)  # noqa: SLF001 - private to this file
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _leave() -> None:
    """Ends the process now; the progress display had hidden the terminal's cursor."""
    try:
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)
    finally:
        os._exit(LEFT_EXIT)
