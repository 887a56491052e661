"""Live control: a Unix socket in the run directory, owner only, one JSON line each way.

The process that sends serves it; `pause`, `resume` and `rate` ask it. Rates that were set are kept
beside it and hold for later sittings too; a pause ends with its process: starting one says go.
"""

from __future__ import annotations

import asyncio
import errno
import os
import pwd
import socket
import stat
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.ledger.lock import holder
from bulkdel.report.figures import plain
from bulkdel.runs.rates import keep_rates, kept_rates

LINE_MOST: Final = 4096
PATIENCE_S: Final = 5.0
_ADDRESS_MOST: Final = 100
"""Bytes that a socket's path may have everywhere."""
_DESCRIPTORS: Final = Path("/proc/self/fd")
_SAID_MOST: Final = 500


class Obeys(Protocol):
    """What may be acted on while it works."""

    def pause(self, by: str = "") -> None:
        """Send nothing until `resume`, as the user `by` asks."""

    def resume(self) -> None:
        """Send again."""

    def slow_to(self, target: str, qps: float) -> None:
        """Stay at or under `qps` calls/s for a target."""


@asynccontextmanager
async def listening(
    run_dir: Path, sitting: Obeys, ceilings: Mapping[str, float], warn: Callable[[str], None]
) -> AsyncIterator[None]:
    """Within it, other processes of the same user may act on `sitting`.

    `ceilings` are the targets' qps, calls/s. Rates that were set in an earlier sitting hold again.
    A run needs nobody to act on it: where there can be no socket, `warn` is told why, once.
    """
    control = _Control(run_dir, sitting, ceilings, warn)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asker = _asker(writer.get_extra_info("socket"))
            if asker in (None, 0, os.geteuid()):
                async with asyncio.timeout(PATIENCE_S):
                    writer.write(await _answer(control, reader, _name_of(asker)))
                    await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            return  # whoever asked is gone, or asked nothing that can be answered
        finally:
            writer.close()

    link = None
    try:
        link = _bound(run_dir)
        server = await asyncio.start_unix_server(serve, sock=link, limit=LINE_MOST)
    except (OSError, WrongInput) as error:
        if link is not None:
            link.close()
        why = str(error) if isinstance(error, WrongInput) else files.reason(error)
        warn(f"pause, resume and rate cannot reach this run: {why}")
        yield
        return
    try:
        yield
    finally:
        server.close()
        with suppress(OSError, WrongInput):
            _remove(run_dir)


def ask(run_dir: Path, request: Mapping[str, Any]) -> str:
    """Ask the process that works in `run_dir`; what it said.

    Raises:
        WrongInput: none works there, it does not answer, or it refuses.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(PATIENCE_S)
            with _address(run_dir) as address:
                link.connect(address)
            link.sendall(orjson.dumps(request) + b"\n")
            with link.makefile("rb") as reply_file:
                reply = orjson.loads(reply_file.readline(LINE_MOST))
        words = plain(str(reply["said"]), _SAID_MOST)
        is_done = reply["ok"] is True
    except PermissionError:
        raise WrongInput(
            f"the process that works on the run in {run_dir} listens to its own user only"
        ) from None
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        if holder(run_dir) is None:
            raise WrongInput(
                f"no process works on the run in {run_dir}: there is nothing to act on"
            ) from None
        raise WrongInput(
            f"the process that works on the run in {run_dir} cannot be reached; is it just "
            "starting or ending? Its run.log says so if it does without"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise WrongInput(
            f"the process that works on the run in {run_dir} does not answer; is it just "
            "starting or ending?"
        ) from None
    if not is_done:
        raise WrongInput(words)
    return words


def refuse_rate(name: str, qps: float | None, ceilings: Mapping[str, float]) -> None:
    """Return if a target may be kept to that many calls/s; None means its own ceiling.

    Raises:
        WrongInput: there is no such target, or the rate is none, or above the ceiling.
    """
    if name not in ceilings:
        known = ", ".join(ceilings)
        raise WrongInput(f"there is no target {name} in this run; there is {known}")
    if qps is not None and not 0 < qps <= ceilings[name]:
        raise WrongInput(
            f"{qps:g} calls/s is not possible for {name}: more than 0 and at most its qps in "
            f"the job file, {ceilings[name]:g}, which can be raised there"
        )


class _Control:
    """What may be asked of a sitting."""

    def __init__(
        self,
        run_dir: Path,
        sitting: Obeys,
        ceilings: Mapping[str, float],
        warn: Callable[[str], None],
    ) -> None:
        self._run_dir = run_dir
        self._sitting = sitting
        self._ceilings = ceilings
        self._keeping = asyncio.Lock()
        self._rates, ignored = kept_rates(run_dir, ceilings)
        if ignored:
            warn(ignored)
        for name, qps in self._rates.items():
            sitting.slow_to(name, qps)

    async def act(self, request: object, by: str) -> str:
        """Do what the user of this name asks; what there is to say.

        Raises:
            WrongInput: it cannot be done.
        """
        match request:
            case {"do": "pause"}:
                self._sitting.pause(by)
                return "Paused: calls in flight finish, nothing more is sent."
            case {"do": "resume"}:
                self._sitting.resume()
                return "Sending again."
            case {"do": "rate", "qps": bool()}:
                raise WrongInput("a rate is a number")
            case {"do": "rate", "target": str(name), "qps": None | int() | float() as qps}:
                return await self._set_rate(name, qps)
            case _:
                raise WrongInput("the running process does not know this request")

    async def _set_rate(self, name: str, qps: float | None) -> str:
        refuse_rate(name, qps, self._ceilings)
        ceiling = self._ceilings[name]
        self._sitting.slow_to(name, ceiling if qps is None else qps)
        if qps is None or qps == ceiling:
            self._rates.pop(name, None)
        else:
            self._rates[name] = qps
        lasts = "when the run is continued as well"
        try:
            async with self._keeping:
                await asyncio.to_thread(keep_rates, self._run_dir, self._rates)
        except OSError as error:
            lasts = f"until this process ends only, since it cannot be kept ({files.reason(error)})"
        if name in self._rates:
            return f"{name}: at most {qps:g} calls/s from now on, {lasts}."
        return f"{name}: up to {ceiling:g} calls/s again, {lasts}."


async def _answer(control: _Control, reader: asyncio.StreamReader, by: str) -> bytes:
    request = orjson.loads(await reader.readline())
    try:
        reply = {"ok": True, "said": await control.act(request, by)}
    except WrongInput as wrong:
        reply = {"ok": False, "said": str(wrong)}
    return orjson.dumps(reply) + b"\n"


def _asker(link: socket.socket) -> int | None:
    """The user whose process is at the other end; None where the system does not say.

    The socket's mode and its directory's have to do there.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _name_of(user: int | None) -> str:
    if user is None:
        return ""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user id {user}"


def _bound(run_dir: Path) -> socket.socket:
    """A socket of this name that only this user may connect to, as soon as it listens.

    Raises:
        WrongInput: something else has that name.
        OSError: there can be none.
    """
    _remove(run_dir)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(OSError):  # on Linux the file gets this mode, whatever the umask
            os.fchmod(link.fileno(), 0o600)
        with _address(run_dir) as address:
            link.bind(address)
    except BaseException:
        link.close()
        raise
    return link


def _remove(run_dir: Path) -> None:
    """Remove the socket of an earlier process of ours, or of this one."""
    path = run_dir / files.SOCKET
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode) or not files.is_ours(status, run_dir):
        raise WrongInput(f"{path} is no socket of this user's own, and is left as it is")
    path.unlink()


@contextmanager
def _address(run_dir: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the kernel."""
    path = str(run_dir / files.SOCKET)
    if len(os.fsencode(path)) <= _ADDRESS_MOST:
        yield path
        return
    if not _DESCRIPTORS.is_dir():
        raise OSError(errno.ENAMETOOLONG, "the path of its socket is too long")
    descriptor = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"{_DESCRIPTORS}/{descriptor}/{files.SOCKET}"
    finally:
        os.close(descriptor)
