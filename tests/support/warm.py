"""Processes as copies of one that has imported all of bulkdel: a start costs a tenth of the time.

A copy is a process like any other: it has its own id, streams, folder, environment and umask, gets
signals, is killed, and leaves an exit code. Only the interpreter's start and the imports are not
its own. What a test says of those needs a process from nothing.

Run as a program this is the original, which waits for the `Order`s of one test process.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, TextIO

from coverage import Coverage

ROOT: Final = Path(__file__).parents[2]
_MANY_DESCRIPTORS: Final = 256
_STREAMS: Final = ("stdin", "stdout", "stderr")
_ORDER_BYTES: Final = 1 << 16
_NUMBER: Final = struct.Struct("i")
_STARTS_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to carry out.

    Attributes:
        program: `-m` and a module's name, or the path of a script.
        measured: whether what it covers is measured, where that is done at all.
    """

    program: Sequence[str]
    arguments: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    umask: int = 0o022
    measured: bool = True


def environment(**more: str) -> dict[str, str]:
    """No colours, no width, no proxies, no surprises; the package from the source tree."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **more}


def measured() -> dict[str, str]:
    """What lets a process take part in measuring coverage, where that is done."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


class Copy:
    """A copy at work, as `subprocess.Popen` would give it; `outputs` are read as they come."""

    def __init__(
        self,
        order: Order,
        *,
        report: socket.socket,
        stdin: TextIO | None = None,
        outputs: Sequence[TextIO] = (),
    ) -> None:
        self._order = order
        self._report = report
        self._stdin = stdin
        self._outputs = [_Output(stream) for stream in outputs]
        self.returncode: int | None = None
        self.pid = self._number(_STARTS_WITHIN_S)

    def poll(self) -> int | None:
        """The exit code if it has ended."""
        if self.returncode is None and select.select([self._report], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not, after so many seconds.
        """
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(self._number(timeout))
            self._report.close()
        return self.returncode

    def communicate(self, text: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Standard output and standard error of the ended process, which gets this input.

        Raises:
            subprocess.TimeoutExpired: it has not ended after so many seconds.
        """
        if self._stdin and not self._stdin.closed:
            with suppress(BrokenPipeError), self._stdin:  # it need not read
                self._stdin.write(text or "")
        self.wait(timeout)
        out, err = (output.text() for output in self._outputs)
        return out, err

    def send_signal(self, number: int) -> None:
        """The signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _number(self, timeout: float | None) -> int:
        self._report.settimeout(timeout)
        try:
            told = self._report.recv(_NUMBER.size)
        except TimeoutError:
            raise subprocess.TimeoutExpired(list(self._order.arguments), timeout or 0) from None
        assert len(told) == _NUMBER.size, "the original has died"
        number: int = _NUMBER.unpack(told)[0]
        return number


class _Output:
    """What a stream brings, read by a thread so that it never fills."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._reader = threading.Thread(target=self._read, name="output", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._stream:
            self._text = self._stream.read()

    def text(self) -> str:
        """All of it, once nobody can write more."""
        self._reader.join()
        return self._text


def start(order: Order, *, fed: bool) -> Copy:
    """A copy that carries the order out; its input is what `communicate` gives it if it is fed."""
    takes, feeds = os.pipe() if fed else (os.open(os.devnull, os.O_RDONLY), None)
    outputs = [os.pipe(), os.pipe()]
    given = [takes, *(write for _, write in outputs)]
    copy = Copy(
        order,
        report=_ordered(order, given),
        stdin=None if feeds is None else os.fdopen(feeds, "w", encoding="utf-8"),
        outputs=[os.fdopen(read, encoding="utf-8") for read, _ in outputs],
    )
    for descriptor in given:
        os.close(descriptor)
    return copy


def start_with(order: Order, streams: Sequence[int]) -> Copy:
    """A copy with these as its standard input, output and error; they stay open here."""
    return Copy(order, report=_ordered(order, streams))


def _ordered(order: Order, streams: Sequence[int]) -> socket.socket:
    """Where the original reports of the copy: its id, then how it ended."""
    ours, theirs = socket.socketpair()
    order = replace(order, measured=Coverage.current() is not None)  # not stopped for this test
    message = json.dumps(asdict(order)).encode()
    with theirs:
        socket.send_fds(_original(), [message], [*streams, theirs.fileno()])
    return ours


@cache
def _original() -> socket.socket:
    """To the original of this test process, which ends with it."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(  # noqa: S603  # our own arguments
        [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment(OPENBLAS_NUM_THREADS="1", **measured()),
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def import_all(package: str) -> None:
    """Every module of a package, but none that is a program."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def main() -> None:
    """Copies itself for each order, and tells how each copy ended, until nobody can order more."""
    import_all("bulkdel")
    if coverage := Coverage.current():
        coverage.save()  # now, so that no copy writes what the imports ran: 0.2 s and 590 kB each
    gc.collect()
    gc.freeze()  # a copy's collector leaves the shared pages alone
    orders = socket.socket(fileno=int(sys.argv[1]))
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reports: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([orders.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, _ORDER_BYTES)
            _tell(reports)
        if orders.fileno() not in ready:
            continue
        message, given, _, _ = socket.recv_fds(orders, _ORDER_BYTES, len(_STREAMS) + 1)
        if not message:
            return
        *streams, report = given
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _carry_out(Order(**json.loads(message)), streams)
            return
        for stream in streams:
            os.close(stream)
        reports[pid] = socket.socket(fileno=report)
        reports[pid].send(_NUMBER.pack(pid))


def _tell(reports: dict[int, socket.socket]) -> None:
    """Their ends, of those that have ended."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with reports.pop(pid) as report, suppress(BrokenPipeError):  # nobody waits for it
            report.send(_NUMBER.pack(status))


def _carry_out(order: Order, streams: Sequence[int]) -> None:
    """Becomes the program: what it does at its end is what it does from nothing."""
    if (coverage := Coverage.current()) and not order.measured:
        coverage.stop()
    for to, (name, stream) in enumerate(zip(_STREAMS, streams, strict=True)):
        os.dup2(stream, to)
        anew = _anew(getattr(sys, name), to)
        setattr(sys, name, anew)
        setattr(sys, f"__{name}__", anew)
    os.closerange(len(streams), _MANY_DESCRIPTORS)
    os.chdir(order.folder)
    os.umask(order.umask)
    begun = measured() if order.measured else {}  # for the processes that it begins itself
    os.environ.clear()
    os.environ.update({**order.environment, **begun})
    time.tzset()
    first, *more = order.program
    if first == "-m":
        module, *more = more
        sys.path[0] = str(Path.cwd())
        sys.argv[:] = [module, *more, *order.arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(first).parent)
        sys.argv[:] = [first, *more, *order.arguments]
        runpy.run_path(first, run_name="__main__")


def _anew(old: TextIO, descriptor: int) -> TextIO:
    """A stream as the interpreter opens it: what the old one knows of its file is not true here."""
    return io.TextIOWrapper(
        os.fdopen(descriptor, "wb" if descriptor else "rb", closefd=False),
        encoding=old.encoding,
        errors=old.errors,
        line_buffering=descriptor == 2,
    )


if __name__ == "__main__":
    main()
