"""Runs a command under trace, and puts one fault into one of its system calls.

A process of its own: what it starts, traces and waits for is nobody else's. It reads one `Trace` a
line from standard input, as JSON, and answers each with a `Traced`.

A command is warm where it is carried out by a copy of this process, which has imported all of
bulkdel before: that takes a third of the time, and no import is traced. A cold one is started from
nothing, as a user starts it.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import re
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NoReturn, TextIO

import bulkdel
from bulkdel import __main__ as entry
from tests.faults import ptrace
from tests.faults.syscalls import Call, On, numbers

_PATH_BYTES = 4096
_AT_FDCWD = 2**32 - 100
_AFTER: Final = frozenset({"close"})
"""Carried out, and then called failed: Linux gives the descriptor back in any case."""
_FIRST: Final = frozenset({"openat", "open"})
"""The work begins with the first of these in the command's folder: that of its job file."""
_READY: Final = "/bulkdel/cli/app."
"""The module that is imported once the signals have their handlers."""
_BETWEEN: Final = 7
_MANY_DESCRIPTORS: Final = 256
_SYSTEM: Final = ("/proc/", "/sys/", "/dev/", "/etc/")
_STREAMS: Final = ("<stdin>", "<stdout>", "<stderr>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong once.

    Attributes:
        call: the system call's name, or "*" for any.
        where: the place that it touches, as `Seen` names it, or "*" for any.
        nth: which of these, from 1, counted from when the command first touches its folder (with
            "*" for both: from the process's beginning).
        errno: what it answers; 0 where `short` or `signals` say what happens.
        short: whether it reads or writes half of what it should.
        signals: are sent to the process, one just before the call, the next ones a few calls later.
    """

    call: str
    where: str
    nth: int
    errno: int = 0
    short: bool = False
    signals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What to run: its arguments, the folder it works in, the files that take its streams.

    Attributes:
        warm: whether it is carried out by a copy of this process.
        traced: whether its system calls are counted, or one of them fails.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    out: str
    err: str
    bound_s: float
    warm: bool = True
    traced: bool = True
    fault: Fault | None = None


@dataclass(slots=True, kw_only=True)
class Traced:
    """How it ended: the exit code (negative: a signal; None: the bound was met).

    Attributes:
        calls: how often each call touched each place, from when the work began. Where a fault was
            asked for, only of its call.
        stops: the traced calls since the process's beginning.
        ready: how many of them had been made when the command's handlers were there for sure.
        hit: whether the fault took place.
        unable: why it could not be traced; empty where it could.
    """

    code: int | None = None
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    stops: int = 0
    ready: int = 0
    hit: bool = False
    unable: str = ""
    seconds: float = 0.0


def main() -> None:
    """One line, one command, one answer."""
    for module in pkgutil.walk_packages(bulkdel.__path__, "bulkdel."):
        importlib.import_module(module.name)
    answers = os.fdopen(os.dup(1), "w")
    for line in iter(sys.stdin.readline, ""):
        told = json.loads(line)
        fault = told.pop("fault")
        trace = Trace(
            **{**told, "arguments": tuple(told["arguments"])},
            fault=Fault(**{**fault, "signals": tuple(fault["signals"])}) if fault else None,
        )
        answers.write(json.dumps(asdict(_Tracer(trace).run())) + "\n")
        answers.flush()


class _OutOfTime(Exception):
    """The command did not end within its bound."""


class _Tracer:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._calls = numbers()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._traced = Traced()
        self._begun = False
        self._path = ""
        self._signals = list(trace.fault.signals) if trace.fault else []
        self._next_signal = trace.fault.nth if trace.fault else 0
        self._sockets: dict[str, str] = {}
        self._failing: dict[int, int] = {}
        """What the call that a thread is in will be said to have answered."""

    def run(self) -> Traced:
        """Starts the command and follows it to its end."""
        began = time.monotonic()
        try:
            self._pid = _start(self._trace, self._wanted())
        except OSError as error:
            self._traced.unable = f"ptrace: {error.strerror}"
            return self._traced
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.setitimer(signal.ITIMER_REAL, self._trace.bound_s)
        try:
            while self._traced.code is None:
                self._step()
        except _OutOfTime:
            os.kill(self._pid, signal.SIGKILL)
            while os.waitpid(-1, ptrace.WALL)[0] != self._pid:
                pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._traced.calls = [(*key, count) for key, count in sorted(self._seen.items())]
        self._traced.seconds = time.monotonic() - began
        return self._traced

    def _wanted(self) -> list[int]:
        """The numbers of the calls to stop at; none where nothing is traced."""
        if not self._trace.traced:
            return []
        fault = self._trace.fault
        if fault is None or fault.call == "*":
            return list(self._calls)
        names = {fault.call, *_FIRST}
        return [number for number, call in self._calls.items() if call.name in names]

    def _step(self) -> None:
        tid, status = os.waitpid(-1, ptrace.WALL)
        if not os.WIFSTOPPED(status):
            if tid == self._pid:
                self._traced.code = os.waitstatus_to_exitcode(status)
            return
        stop, event = os.WSTOPSIG(status), status >> 16
        if event == ptrace.EVENT_SECCOMP:
            try:
                self._stopped(tid)
            except OSError:  # killed meanwhile
                ptrace.go_on(tid)
        elif stop == signal.SIGTRAP | ptrace.SYSCALL_STOP:
            if (failed := self._failing.pop(tid, None)) is not None:
                ptrace.result(tid, -failed)
            ptrace.go_on(tid)
        else:
            ptrace.go_on(tid, 0 if event else stop)

    def _stopped(self, tid: int) -> None:
        self._traced.stops += 1
        entered = ptrace.entered(tid)
        call = self._calls[entered.number]
        fault = self._trace.fault
        where = ""
        if fault is None or fault.where != "*":
            where = self._place(tid, call, entered.arguments)
            self._begun = self._begun or (call.name in _FIRST and where.startswith("./"))
            if self._begun:
                self._seen[call.name, where] += 1
            if not self._traced.ready and _READY in self._path:
                self._traced.ready = self._traced.stops
        if self._signals and self._traced.stops >= self._next_signal:
            os.kill(self._pid, self._signals.pop(0))
            self._next_signal = self._traced.stops + _BETWEEN
        if fault is None or self._traced.hit or not self._is_it(fault, call, where):
            ptrace.go_on(tid)
            return
        self._traced.hit = True
        if fault.short and entered.arguments[2] > 1:
            ptrace.argue(tid, 2, entered.arguments[2] // 2)
        elif fault.errno and call.name in _AFTER:
            self._failing[tid] = fault.errno
        elif fault.errno:
            ptrace.answer(tid, -fault.errno)
        ptrace.go_on(tid, to_the_exit=tid in self._failing)

    def _is_it(self, fault: Fault, call: Call, where: str) -> bool:
        if fault.where == "*":
            return self._traced.stops == fault.nth
        return (
            self._begun
            and (fault.call, fault.where) == (call.name, where)
            and self._seen[call.name, where] == fault.nth
        )

    def _place(self, tid: int, call: Call, arguments: tuple[int, ...]) -> str:
        match call.on:
            case On.NOTHING:
                return ""
            case On.FD:
                return self._of_descriptor(tid, arguments[0])
            case On.FD_4:
                fd = arguments[4] & 0xFFFFFFFF
                return "<memory>" if fd == 2**32 - 1 else self._of_descriptor(tid, fd)
            case On.PATH:
                return self._named(_text(tid, arguments[0]))
            case On.PATH_AT:
                folder = arguments[0] & 0xFFFFFFFF
                path = _text(tid, arguments[1])
                if path and (path.startswith("/") or folder == _AT_FDCWD):
                    return self._named(path)
                beside = self._of_descriptor(tid, folder)
                return self._named(os.path.normpath(f"{beside}/{path}")) if path else beside

    def _of_descriptor(self, tid: int, fd: int) -> str:
        if fd < len(_STREAMS):
            return _STREAMS[fd]
        try:
            return self._named(str(Path(f"/proc/{tid}/fd/{fd}").readlink()))
        except OSError:
            return "<closed>"

    def _named(self, path: str) -> str:
        """A place by a name that is the same in every run of the command."""
        folder = self._trace.folder
        self._path = path
        if again := re.fullmatch(r"/proc/(?:self|\d+)/fd/(\d+)", path):
            return self._of_descriptor(self._pid, int(again[1]))
        if not path.startswith(("/", "./")) and path[-1:] != "]":
            path = f"{folder}/{path}"
        if path.startswith(folder):
            inside = path[len(folder) :].removesuffix(" (deleted)").strip("/")
            return "./" + re.sub(r"(?<=\.report-).*|\d+", "#", inside)
        if path.startswith("socket:"):
            return self._socket(path)
        if path.startswith(("pipe:", "anon_inode:", "/memfd:")):
            return "<" + re.sub(r":\[\d+\]", "", path).removeprefix("anon_inode:").strip("[]") + ">"
        known = path.startswith(("./", *_SYSTEM))
        return re.sub(r"\d+", "#", path) if known else "<elsewhere>"

    def _socket(self, link: str) -> str:
        """Which kind a socket is; the kernel lists only those that have a name or a partner."""
        if link not in self._sockets:
            inode = link.removeprefix("socket:[").rstrip("]")
            listed = Path("/proc/net/unix").read_text()
            kind = "<unix>" if re.search(rf"\b{inode}\b", listed) else "<socket>"
            self._sockets[link] = kind
        return self._sockets[link]


def _start(trace: Trace, calls: list[int]) -> int:
    """The command, as a process that stops at the calls for us."""
    go, gone = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(gone)
        _be(trace, calls, go)
    os.close(go)
    try:
        if calls:
            ptrace.seize(pid)
        os.write(gone, b".")
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(gone)
    return pid


def _be(trace: Trace, calls: list[int], go: int) -> NoReturn:
    """Becomes the command; never returns."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.chdir(trace.folder)
        streams = (
            os.open(os.devnull, os.O_RDONLY),
            os.open(trace.out, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
            os.open(trace.err, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        )
        os.read(go, 1)
        for to, stream in enumerate(streams):
            os.dup2(stream, to)
        os.closerange(len(streams), _MANY_DESCRIPTORS)
        if calls:
            ptrace.stop_at(calls)
        if not trace.warm:
            command = [sys.executable, "-P", "-m", "bulkdel", *trace.arguments]
            os.execve(sys.executable, command, trace.environment)  # noqa: S606 - our own arguments
    except BaseException:  # noqa: BLE001 - this copy of the process must not go on
        traceback.print_exc()
        os._exit(127)
    os.environ.clear()
    os.environ.update(trace.environment)
    sys.argv = ["bulkdel", *trace.arguments]
    sys.stdin, sys.stdout, sys.stderr = (_stream(fd) for fd in range(3))
    entry.main()


def _stream(fd: int) -> TextIO:
    return io.TextIOWrapper(
        os.fdopen(fd, "wb" if fd else "rb"), encoding="utf-8", line_buffering=fd == 2
    )


def _text(tid: int, address: int) -> str:
    """The text that ends with a zero at an address of the thread's process."""
    with Path(f"/proc/{tid}/mem").open("rb", buffering=0) as memory:
        found = b""
        while b"\0" not in found and len(found) < _PATH_BYTES:
            here = address + len(found)
            memory.seek(here)
            found += memory.read(256 - here % 256) or b"\0"  # never over the edge of a page
    return os.fsdecode(found.split(b"\0")[0])


def _out_of_time(*_: object) -> None:
    raise _OutOfTime


if __name__ == "__main__":
    main()
