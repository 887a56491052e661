"""Which faults to try: all there are, or a sample that a seed chooses."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tests.faults.errnos import ERRNOS, SHORT_CALLS
from tests.faults.tracer import Fault

ELSEWHERE: Final = ("<elsewhere>", "/proc/", "/sys/", "/etc/", "<memory>", "/dev/", "/tmp/")
"""Places that are the system's and the installation's: tried only if asked for."""

_EARLY: Final = 3
"""Of many calls alike, these first ones are tried, and some in the middle, and the last."""


def faults(calls: Iterable[tuple[str, str, int]], *, everywhere: bool = False) -> Iterator[Fault]:
    """Every fault that calls so often at such places can meet."""
    for call, where, count in calls:
        if where.startswith(ELSEWHERE) and not everywhere:
            continue
        for nth in _some(count):
            for number in ERRNOS.get(call, ()):
                yield Fault(call=call, where=where, nth=nth, errno=number)
            if call in SHORT_CALLS:
                yield Fault(call=call, where=where, nth=nth, short=True)


def sample(among: Sequence[Fault], count: int, seed: int) -> list[Fault]:
    """Some of them, the same for the same seed."""
    rng = random.Random(seed)
    return rng.sample(list(among), min(count, len(among)))


def _some(count: int) -> list[int]:
    middle = {count // 4, count // 2, 3 * count // 4, count - 1, count}
    return sorted({*range(1, min(_EARLY, count) + 1), *(at for at in middle if at > 0)})
