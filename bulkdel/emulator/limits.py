"""How many calls a second an app may make, and which calls are under way together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bulkdel.emulator.faults import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """For a while the ceiling is another one: calls/s."""

    ceiling: int
    span: Span = field(default_factory=Span)
    providers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The app's ceiling for all its calls.

    Attributes:
        ceiling: calls/s; None means the provider's documented one.
        sliding: no second at all may hold more; otherwise no whole second (which of the two the
            providers do is undocumented).
        spells: the lowest of those that hold now counts instead of `ceiling`.
    """

    ceiling: int | None = None
    sliding: bool = False
    spells: tuple[Spell, ...] = ()

    def at(self, provider: str, documented: int, elapsed: float) -> int:
        """The ceiling that counts now."""
        spells = [
            spell.ceiling
            for spell in self.spells
            if spell.span.holds(elapsed)
            and (spell.providers is None or provider in spell.providers)
        ]
        if spells:
            return min(spells)
        return documented if self.ceiling is None else self.ceiling


class Throttle:
    """Counts the calls let through; those refused do not count."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()

    def admit(self, now: float, ceiling: int, *, sliding: bool) -> bool:
        """Let a call through if the second it falls into has room."""
        passed = self._passed
        horizon = now - 1.0 if sliding else float(now // 1)
        while passed and (passed[0] <= horizon if sliding else passed[0] < horizon):
            passed.popleft()
        if len(passed) >= ceiling:
            return False
        passed.append(now)
        return True


class InFlight:
    """The calls between arrival and answer, by the accounts they concern."""

    def __init__(self) -> None:
        self._of: dict[str, list[Callable[[], bool]]] = {}
        self._written: set[str] = set()
        self.count = 0

    def enter(self, account: str, waits: Callable[[], bool]) -> bool:
        """Note a call; return whether the client still waits for another one of this account."""
        self.count += 1
        others = self._of.setdefault(account, [])
        overlaps = any(other() for other in others)
        others.append(waits)
        return overlaps

    def leave(self, account: str, waits: Callable[[], bool]) -> None:
        """The call that was entered with `waits` is over."""
        self.count -= 1
        others = self._of[account]
        others.remove(waits)
        if not others:
            del self._of[account]

    def write(self, accounts: Collection[str]) -> bool:
        """Take these friend lists; False, and nothing taken, if a call under way has one."""
        if not self._written.isdisjoint(accounts):
            return False
        self._written.update(accounts)
        return True

    def written(self, accounts: Collection[str]) -> None:
        """Give back what `write` took."""
        self._written.difference_update(accounts)
