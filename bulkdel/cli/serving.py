"""The emulator as a command: one loopback port for all providers asked for, until a signal."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
from pathlib import Path

from bulkdel.cli import streams
from bulkdel.emulator.emulated import EMULATED, Emulated
from bulkdel.emulator.faulttext import Scenario, parse_faults
from bulkdel.emulator.server import EmulatorServer
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.emulator.world import World
from bulkdel.errors import WrongInput


def serve_emulator(
    *,
    port: int,
    app_id: int,
    secret_env: str | None,
    friends: Path | None,
    providers: tuple[str, ...],
    faults: tuple[str, ...],
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Raises:
        WrongInput: an unknown provider, a fault that cannot be read, a port that is taken.
    """
    names = providers or tuple(EMULATED)
    if unknown := [name for name in names if name not in EMULATED]:
        allowed = ", ".join(EMULATED)
        what = f"there is none; known are {allowed}"
        raise WrongInput(what, where=f"--provider {unknown[0]}")
    try:
        scenario = parse_faults(faults)
    except ValueError as error:
        raise WrongInput(f"--fault {error}") from error
    secret = DEMO_SECRET
    if secret_env is not None:
        secret = os.environ.get(secret_env, "")
        if not secret:
            what = f"the environment variable {secret_env} is not set"
            raise WrongInput(what, where="--secret-env")
    pairs = _read_friends(friends) if friends is not None else []
    app = EmulatedApp(app_id=app_id, secret=secret)
    asyncio.run(_serve(port, app, dict.fromkeys(names), pairs, scenario))


def _read_friends(path: Path) -> list[tuple[str, str]]:
    """Who has whom: a CSV file of two columns below a header; each line is one direction."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            next(rows, None)
            return [(row[0], row[1]) for row in rows if len(row) > 1]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a CSV file in UTF-8"
        raise WrongInput(f"cannot be read: {why}", where=f"--friends {path}") from error


async def _serve(
    port: int,
    app: EmulatedApp,
    names: dict[str, None],
    pairs: list[tuple[str, str]],
    scenario: Scenario,
) -> None:
    worlds = {name: World() for name in names}
    for world in worlds.values():
        world.befriend(pairs)
    emulated = [
        Emulated(
            name,
            app=app,
            world=worlds[name],
            fault=scenario.fault,
            limit=scenario.limit(),
        )
        for name in names
    ]
    server = EmulatorServer(*emulated, port=port, inspect=True, outages=scenario.outages)
    try:
        address = await server.start()
    except OSError as error:
        raise WrongInput(
            f"cannot listen on it ({error.strerror})",
            where=f"--port {port}",
            mend="choose another, or 0 for a free one",
        ) from error
    streams.result(f"{address}\n")
    streams.say(
        f"Emulating {', '.join(names)} for app {app.app_id} at {address}; counters at "
        f"{address}/_emulator/stats. Ctrl-C ends it."
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    await server.stop()
