"""How many calls may be in flight with the open files that this process may have.

Each call in flight has a connection, and each connection is an open file of this process. The soft
limit on those (`ulimit -n`; 256 on some systems) is raised as far as the hard one lets it be.
Several sittings of one process share that limit.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from bulkdel.job.job import Reach, Target

OTHERS: Final = 64
"""Open files that a run needs beside its connections and what is open before it sends: database,
plan, names being resolved, somebody asking for the status."""
LEAST: Final = 1


def needed(targets: Sequence[Target], opened: int) -> int:
    """Open files with which all targets can have their calls in flight, `opened` among them."""
    return opened + OTHERS + sum(map(_each, targets))


def fitted(targets: Sequence[Target], opened: int, most: int) -> tuple[Target, ...]:
    """The targets with as many calls in flight as fit into `most` open files: pure.

    What is missing is taken from each in the same proportion; every target keeps LEAST.
    """
    need = needed(targets, opened)
    if need <= most:
        return tuple(targets)
    least = needed([replace(target, max_in_flight=LEAST) for target in targets], opened)
    share = max(0, most - least) / max(1, need - least)
    return tuple(
        replace(target, max_in_flight=LEAST + int((target.max_in_flight - LEAST) * share))
        for target in targets
    )


_TAKEN: Final[list[int]] = []
"""Connections that each sitting of this process may open, which all have one limit."""
_TAKING: Final = threading.Lock()


def sittings() -> int:
    """How many sittings of this process send now."""
    return len(_TAKEN)


@contextmanager
def fitting(targets: Sequence[Target]) -> Iterator[tuple[tuple[Target, ...], str]]:
    """As `fit`, for a sitting that begins and ends with a with block, beside others."""
    with _TAKING:
        fits, words = fit(targets, sum(_TAKEN))
        taken = sum(map(_each, fits))
        _TAKEN.append(taken)
    try:
        yield fits, words
    finally:
        with _TAKING:
            _TAKEN.remove(taken)


def fit(targets: Sequence[Target], others: int = 0) -> tuple[tuple[Target, ...], str]:
    """The targets as they fit into this process's limit, raised where it may be.

    `others` is how many connections other sittings may open, or have open now.

    Returns them and, where fewer calls will be in flight than the job allows, a sentence that says
    so; else an empty one.
    """
    opened = _opened() + others
    need = needed(targets, opened)
    most = _raised_to(need)
    if others and need > most:  # those that are open already were counted twice
        opened -= min(others, _sockets())
        need = needed(targets, opened)
    fitting = fitted(targets, opened, most)
    less = [
        f"max_in_flight {target.max_in_flight} of {target.name} is {fits.max_in_flight} now"
        for target, fits in zip(targets, fitting, strict=True)
        if fits.max_in_flight < target.max_in_flight
    ]
    if not less:
        return fitting, ""
    return fitting, (
        f"{'; '.join(less)}: that many calls need {need} open files and ulimit -n allows {most}; "
        "raise it, or set max_in_flight"
    )


def _each(target: Target) -> int:
    """Open files of a target's connections: one more than calls, see Transport.

    Twice as many where the emulator, to which they lead, is in this process.
    """
    ends = 2 if target.reach is Reach.EMULATOR else 1
    return ends * (target.max_in_flight + 1)


def _raised_to(need: int) -> int:
    """The soft limit, as near to `need` as the hard one lets it be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= need:
        return need if soft == resource.RLIM_INFINITY else soft
    wanted = need if hard == resource.RLIM_INFINITY else min(need, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):  # a system may refuse what its hard limit allows
        return soft
    return wanted


def _opened() -> int:
    """How many files this process has open now."""
    for at in ("/proc/self/fd", "/dev/fd"):
        try:
            return sum(1 for _ in Path(at).iterdir())
        except OSError:
            continue
    return OTHERS


def _sockets() -> int:
    """How many of them are sockets; 0 where that cannot be seen."""
    found = 0
    for one in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):  # it is closed by now
            found += str(one.readlink()).startswith("socket:")
    return found
