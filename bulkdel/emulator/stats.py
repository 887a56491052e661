"""What an emulated provider saw: counters, and if wanted a log of the calls."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from bulkdel.emulator.wire import Action, Reading

ACCOUNTS_CAP = 100_000
"""Accounts whose calls are counted one by one; calls of further ones only add to the total."""

BUSIEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One call as it arrived; `at` is Unix seconds, `ids` how many it carried."""

    number: int
    at: float
    action: Action | None
    account: str
    ids: int


class Stats:
    """Counters since the emulator was made.

    Args:
        log: how many of the latest calls to keep; None keeps all of them, for tests.
    """

    def __init__(self, *, log: int | None = 0) -> None:
        self.log: deque[Logged] = deque(maxlen=log)
        self.received = 0
        self.answered = 0  #: a complete HTTP answer was handed to a client that still waited
        self.cut = 0  #: the connection was cut on purpose
        self.abandoned = 0  #: the client had left before the answer
        self.throttled = 0  #: refused by the rate limit
        self.conflicts = 0  #: refused as a write conflict
        self.overlaps = 0  #: arrived while the client waited for another call of the same account
        self.codes: Counter[int] = Counter()  #: top-level codes answered
        self.items: Counter[int] = Counter()  #: codes of single ids other than 0
        self.statuses: Counter[int] = Counter()  #: HTTP statuses answered
        self.by_action: Counter[str] = Counter()
        self.by_account: Counter[str] = Counter()
        self.most_in_a_second = 0  #: arrivals in a whole second
        self.most_in_any_second = 0  #: arrivals in the second before any arrival
        self._second = -1
        self._in_second = 0
        self._recent: deque[float] = deque()

    def arrived(self, asked: Reading, now: float) -> None:
        """Note a call's arrival."""
        self.received += 1
        self.by_action[asked.action.value if asked.action else "none"] += 1
        if asked.account in self.by_account or len(self.by_account) < ACCOUNTS_CAP:
            self.by_account[asked.account] += 1
        if int(now) != self._second:
            self._second = int(now)
            self._in_second = 0
        self._in_second += 1
        self.most_in_a_second = max(self.most_in_a_second, self._in_second)
        recent = self._recent
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        recent.append(now)
        self.most_in_any_second = max(self.most_in_any_second, len(recent))
        if self.log.maxlen != 0:
            self.log.append(
                Logged(
                    number=self.received,
                    at=now,
                    action=asked.action,
                    account=asked.account,
                    ids=len(asked.ids),
                )
            )

    def as_dict(self) -> dict[str, Any]:
        """All of it but the log, ready for JSON."""
        return {
            "received": self.received,
            "answered": self.answered,
            "cut": self.cut,
            "abandoned": self.abandoned,
            "throttled": self.throttled,
            "conflicts": self.conflicts,
            "overlaps": self.overlaps,
            "most_in_a_second": self.most_in_a_second,
            "most_in_any_second": self.most_in_any_second,
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
            "items": {str(code): count for code, count in sorted(self.items.items())},
            "statuses": {str(code): count for code, count in sorted(self.statuses.items())},
            "by_action": dict(self.by_action),
            "accounts": len(self.by_account),
            "busiest": dict(self.by_account.most_common(BUSIEST)),
        }
