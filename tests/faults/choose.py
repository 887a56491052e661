"""Which faults to try: all there are, or a sample that a seed chooses."""

from __future__ import annotations

import hashlib
import heapq
import random
import signal
from collections.abc import Iterable, Iterator
from typing import Final

from tests.faults.errnos import ERRNOS, SHORT_CALLS
from tests.faults.tracer import Fault

ELSEWHERE: Final = ("<elsewhere>", "/", "<memory>")
"""Places that are the system's and the installation's: tried only if asked for."""

_SELF: Final = ("<unix>", frozenset({"sendto", "recvfrom", "shutdown"}))
"""A process that wakes itself over a pair of sockets cannot find the other end gone."""
_EARLY: Final = 3
"""Of many calls alike, these first ones are tried, and some in the middle, and the last."""


def faults(calls: Iterable[tuple[str, str, int]], *, everywhere: bool = False) -> Iterator[Fault]:
    """Every fault that calls so often at such places can meet."""
    for call, where, count in calls:
        if where.startswith(ELSEWHERE) and not everywhere:
            continue
        if (where == _SELF[0] and call in _SELF[1]) or (call == "close" and "<" in where):
            continue  # nor has a close anything to write there
        for nth in _some(count):
            for number in ERRNOS.get(call, ()):
                yield Fault(call=call, where=where, nth=nth, errno=number)
            if call in SHORT_CALLS:
                yield Fault(call=call, where=where, nth=nth, short=True)


def signalled(ready: int, stops: int, count: int, seed: int) -> Iterator[Fault]:
    """One or two signals at so many moments of a process, once it can hear them."""
    rng = random.Random(seed)
    for _ in range(count):
        signals = rng.choices((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), k=rng.choice((1, 2)))
        moment = rng.randint(ready, stops)
        yield Fault(call="*", where="*", nth=moment, signals=tuple(int(one) for one in signals))


def sample(among: Iterable[Fault], count: int, seed: int) -> list[Fault]:
    """Some of them, the same for the same seed, also where a run makes a call more or less."""

    def lot(fault: Fault) -> bytes:
        return hashlib.sha256(f"{seed} {fault}".encode()).digest()

    return heapq.nsmallest(count, among, key=lot)


def _some(count: int) -> list[int]:
    middle = {count // 4, count // 2, 3 * count // 4, count - 1, count}
    return sorted({*range(1, min(_EARLY, count) + 1), *(at for at in middle if at > 0)})
