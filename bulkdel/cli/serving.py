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
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.like import read_like, with_habits
from bulkdel.emulator.server import EmulatorServer
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.emulator.world import World
from bulkdel.errors import WrongInput

_LIKE_BYTES = 1024 * 1024
"""Of a file that a rehearsal wrote; a longer one is none."""


def serve_emulator(
    *,
    port: int,
    app_id: int,
    secret_env: str | None,
    friends: Path | None,
    only_known: bool,
    like: Path | None,
    habits: tuple[str, ...],
    providers: tuple[str, ...],
    faults: tuple[str, ...],
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Raises:
        WrongInput: an unknown provider, a fault, habit or file that cannot be read, a port that
            is taken.
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
    behaviours = _behaviours(tuple(dict.fromkeys(names)), like, habits)
    rows = _read_friends(friends) if friends is not None else []
    app = EmulatedApp(app_id=app_id, secret=secret)
    existing = {account for row in rows for account in row} if only_known else None
    worlds = {name: World(existing=existing) for name in behaviours}
    for world in worlds.values():
        world.befriend((row[0], row[1]) for row in rows if len(row) > 1)
    emulated = [
        Emulated(
            name,
            app=app,
            world=worlds[name],
            fault=scenario.fault,
            limit=scenario.limit(),
            habits=behaviour,
        )
        for name, behaviour in behaviours.items()
    ]
    asyncio.run(_serve(port, app, emulated, scenario))


def _behaviours(
    names: tuple[str, ...], like: Path | None, texts: tuple[str, ...]
) -> dict[str, Habits]:
    """The habits of each provider that is served."""
    behaviours = dict.fromkeys(names, Habits())
    if like is not None:
        where = f"--like {like}"
        try:
            with like.open("rb") as file:
                rehearsed, habits = read_like(file.read(_LIKE_BYTES))
        except OSError as error:
            raise WrongInput(f"cannot be read: {error.strerror}", where=where) from error
        except ValueError as error:
            raise WrongInput(str(error), where=where) from None
        if rehearsed not in behaviours:
            what = f"it is of {rehearsed}, which is not served"
            raise WrongInput(what, where=where, mend=f"add --provider {rehearsed}")
        behaviours[rehearsed] = habits
    try:
        return {name: with_habits(habits, texts) for name, habits in behaviours.items()}
    except ValueError as error:
        raise WrongInput(str(error), where="--habit") from None


def _read_friends(path: Path) -> list[list[str]]:
    """Who has whom: a CSV file of two columns below a header; each line is one direction.

    A line with one id is an account without a friend.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            next(rows, None)
            return [list(filter(None, row[:2])) for row in rows if row and row[0]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a CSV file in UTF-8"
        raise WrongInput(f"cannot be read: {why}", where=f"--friends {path}") from error


async def _serve(port: int, app: EmulatedApp, emulated: list[Emulated], scenario: Scenario) -> None:
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
    names = ", ".join(each.name for each in emulated)
    streams.say(
        f"Emulating {names} for app {app.app_id} at {address}; counters at "
        f"{address}/_emulator/stats. Ctrl-C ends it."
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    await server.stop()
