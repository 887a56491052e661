"""What the signals that end a process do: the first is told to whoever works, the second leaves.

The parts of a command lie in one another, from the process's first line to its last, and each says
what the first signal means to it: before there is anything to stop, leave; in a command, interrupt
it; in a sitting, stop the sending. So there is no moment without a handler.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from posix import _exit as exit_now  # what may stand in place of os._exit is not for handlers
from threading import Thread
from types import FrameType
from typing import Final, NoReturn

from bulkdel.errors import Exit

SENDING = frozenset({"run", "worker", "demo", "backup", "undo", "rehearse"})
"""The commands whose calls may have left when they end before their end."""

GRACE_S: Final = 2.0
"""How long what was interrupted may take to clear up behind itself."""

_SHOW_CURSOR: Final = "\x1b[?25h\n"
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Whom the first signal is told to, while one part of a run follows another.

    Attributes:
        by: the name of the first signal; empty as long as none came.
        code: what the process leaves with where it does not wait.
        patient: whether what was told may take its time, as calls in flight do.
        in_flight: counts the calls that a second signal would leave behind; None while there can
            be none.
    """

    def __init__(self, at_first: Callable[[str], None], code: int) -> None:
        self.by = ""
        self.code = code
        self.patient = False
        self.in_flight: Callable[[], int] | None = None
        self._at_first = at_first

    def tell(
        self, at_first: Callable[[str], None], in_flight: Callable[[], int] | None = None
    ) -> None:
        """From now on the first signal is told to `at_first`: at once, if it has come already.

        What it does then may take its time. `in_flight` is asked at a second one, between two
        instructions of the main thread or beside it, and may do no more than look.
        """
        self.patient = True
        self._at_first, self.in_flight = at_first, in_flight
        if self.by:
            at_first(self.by)

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self.by:
            leave_at_once(self)
        self.by = signal.Signals(number).name
        if not self.patient and _imports(frame):
            leave_saying(self.by, self.code)
        self._at_first(self.by)


_within: list[Stopping] = []
"""The parts that the main thread is in, from the outermost to the innermost."""


@contextmanager
def stopping(at_first: Callable[[str], None], code: int = Exit.LEFT) -> Iterator[Stopping]:
    """Within it the first SIGINT, SIGTERM or SIGHUP calls `at_first` with the signal's name.

    It is called in the main thread, between two of its instructions, and may raise; it must not
    print, since it may have come in the middle of a print. A second signal ends the process at
    once with `code`, with a word to the terminal and to nobody else: what is in flight is in the
    journal. A hang-up that the process was started to ignore (nohup) stays ignored. The handlers
    that were there before come back at the end.
    """
    watch = Stopping(at_first, code)
    before = {number: signal.getsignal(number) for number in _HANDLED}
    _within.append(watch)
    try:
        for number, handler in before.items():
            if not (number == signal.SIGHUP and handler == signal.SIG_IGN):
                signal.signal(number, watch._came)  # noqa: SLF001 - private to this file
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _within.remove(watch)


def overhear() -> None:
    """From now on a thread hears the signals too, for a main thread that is busy elsewhere.

    Python tells the main thread between two instructions, and one that sorts or hashes may take
    minutes. So the thread leaves at the second signal, and GRACE_S after the first where nothing
    is in flight that is worth waiting for. Where the system has no thread or pipe to spare, the
    main thread is alone as before.
    """
    with suppress(OSError, RuntimeError):
        heard, told = (_above_streams(end) for end in os.pipe())
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        Thread(target=_listen, args=(heard,), name="signals", daemon=True).start()


def _above_streams(descriptor: int) -> int:
    """The same file: in place of a standard stream that was closed, others would write to it."""
    kept = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return kept


def leave_at_once(watch: Stopping | None) -> NoReturn:
    """Ends the process now, and says how many calls that leaves behind."""
    words, code = "left at once", watch.code if watch else Exit.LEFT
    if watch and watch.in_flight:
        calls = watch.in_flight()
        words += f" with {calls or 'no'} call{'' if calls == 1 else 's'} in flight"
    _leave(f"{words}; the same command continues" if code == Exit.LEFT else words, code)


def leave_saying(by: str, code: int) -> NoReturn:
    """Ends the process now, in which nothing is in flight, and says what stopped it."""
    again = ". Run the same command again" if code == Exit.LEFT else ""
    _leave(f"stopped by {by}; nothing was in flight{again}", code)


def _leave(words: str, code: int) -> NoReturn:
    """Ends the process with these words, if standard error takes them without a wait.

    A terminal gets its cursor back first, which the progress display had hidden.
    """
    try:
        shown = _SHOW_CURSOR if os.isatty(2) else ""
        if select.select((), (2,), (), 0)[1]:
            os.write(2, f"{shown}bulkdel: {words}.\n".encode())
    finally:
        exit_now(code)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported: compiled ones that an exception cuts short may crash."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _listen(heard: int) -> None:
    came: list[int] = []
    while True:
        ready, _, _ = select.select([heard], [], [], GRACE_S if came else None)
        if ready:
            came += [number for number in os.read(heard, select.PIPE_BUF) if number in _HANDLED]
        watch = _within[-1] if _within else None
        if len(came) > 1:
            leave_at_once(watch)
        if came and not ready and watch and not watch.patient:
            leave_saying(signal.Signals(came[0]).name, watch.code)


def code_of(command: list[str]) -> int:
    """What a command that was given so leaves with, before it could say so itself."""
    verb = command[1] if command[1:] else ""
    sends = verb in SENDING or (verb == "verify" and "--remote" in command)
    return Exit.LEFT if sends else Exit.WRONG
