"""Live control: a Unix socket in the run directory, owner only, one JSON line each way.

The process that sends serves it; `pause`, `resume` and `rate` ask it. Rates that were set are kept
beside it and hold for later sittings too; a pause ends with its process: starting one says go.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson

from bulkdel.errors import WrongInput
from bulkdel.send.run import Sitting

SOCKET: Final = "control.sock"
RATES: Final = "rates.json"
LINE_MOST: Final = 4096
PATIENCE_S: Final = 5.0
_ADDRESS_MOST: Final = 100
"""Bytes that a socket's path may have everywhere."""


@asynccontextmanager
async def listening(
    run_dir: Path, sitting: Sitting, ceilings: Mapping[str, float]
) -> AsyncIterator[None]:
    """Within it, other processes of the same user may act on `sitting`.

    `ceilings` are the targets' qps, calls/s. Rates that were set in an earlier sitting hold again.
    """
    control = _Control(run_dir, sitting, ceilings)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_S):
                request = orjson.loads(await reader.readline())
            try:
                reply = {"ok": True, "said": control.act(request)}
            except WrongInput as wrong:
                reply = {"ok": False, "said": str(wrong)}
            writer.write(orjson.dumps(reply) + b"\n")
            await writer.drain()
        writer.close()

    (run_dir / SOCKET).unlink(missing_ok=True)  # of a process that was killed
    mask = os.umask(0o177)
    try:
        with _address(run_dir) as address:
            server = await asyncio.start_unix_server(serve, address, limit=LINE_MOST)
    finally:
        os.umask(mask)
    try:
        yield
    finally:
        server.close()
        (run_dir / SOCKET).unlink(missing_ok=True)


def ask(run_dir: Path, request: Mapping[str, Any]) -> str:
    """Ask the process that works in `run_dir`; what it said.

    Raises:
        WrongInput: none works there, it does not answer, or it refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(PATIENCE_S)
        try:
            with _address(run_dir) as address:
                link.connect(address)
            link.sendall(orjson.dumps(request) + b"\n")
            with link.makefile("rb") as reply_file:
                reply = orjson.loads(reply_file.readline(LINE_MOST))
        except (FileNotFoundError, ConnectionRefusedError):
            raise WrongInput(
                f"no process works on the run in {run_dir}: there is nothing to act on"
            ) from None
        except (OSError, ValueError):
            raise WrongInput(
                f"the process that works on the run in {run_dir} does not answer; is it just "
                "starting or ending?"
            ) from None
    if not reply["ok"]:
        raise WrongInput(reply["said"])
    return str(reply["said"])


def kept_rates(run_dir: Path) -> dict[str, float]:
    """The rates that were set in this run, calls/s by target."""
    try:
        found = orjson.loads((run_dir / RATES).read_bytes())
        return {str(name): float(qps) for name, qps in found.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}


class _Control:
    """What may be asked of a sitting."""

    def __init__(self, run_dir: Path, sitting: Sitting, ceilings: Mapping[str, float]) -> None:
        self._path = run_dir / RATES
        self._sitting = sitting
        self._ceilings = ceilings
        kept = kept_rates(run_dir)
        self._rates = {name: qps for name, qps in kept.items() if name in ceilings}
        for name, qps in self._rates.items():
            sitting.slow_to(name, qps)

    def act(self, request: Mapping[str, Any]) -> str:
        """Do what is asked; what there is to say.

        Raises:
            WrongInput: it cannot be done.
        """
        match request:
            case {"do": "pause"}:
                self._sitting.pause()
                return "Paused: calls in flight finish, nothing more is sent."
            case {"do": "resume"}:
                self._sitting.resume()
                return "Sending again."
            case {"do": "rate", "target": str(name), "qps": None | int() | float() as qps}:
                return self._set_rate(name, qps)
            case _:
                raise WrongInput("the running process does not know this request")

    def _set_rate(self, name: str, qps: float | None) -> str:
        if name not in self._ceilings:
            known = ", ".join(self._ceilings)
            raise WrongInput(f"there is no target {name} in this run; there is {known}")
        ceiling = self._ceilings[name]
        if qps is not None and not 0 < qps <= ceiling:
            raise WrongInput(
                f"{qps:g} calls/s is not possible for {name}: more than 0 and at most its qps in "
                f"the job file, {ceiling:g}, which can be raised there"
            )
        self._sitting.slow_to(name, ceiling if qps is None else qps)
        if qps is None or qps == ceiling:
            self._rates.pop(name, None)
        else:
            self._rates[name] = qps
        _keep(self._path, orjson.dumps(self._rates))
        if name in self._rates:
            return f"{name}: at most {qps:g} calls/s from now on, in later sittings as well."
        return f"{name}: up to {ceiling:g} calls/s again."


def _keep(path: Path, content: bytes) -> None:
    made = path.with_suffix(".new")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)
    made.replace(path)


@contextmanager
def _address(run_dir: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the kernel."""
    path = str(run_dir / SOCKET)
    if len(os.fsencode(path)) <= _ADDRESS_MOST:
        yield path
        return
    descriptor = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
