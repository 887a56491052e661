"""One app as its provider sees it: who has whom, every call, and what must never be."""

from __future__ import annotations

import hashlib
import json
import socket
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from tests.cluster import answers

_BOTH: Final = {"Delete_Type_Both", "CheckResult_Type_Both", 0}
_LOOKED_BACK: Final = 16


class Line:
    """One connection.

    Attributes:
        host: of its other end. pid: of the process there; 0 if that is not known.
        call: that is not answered yet.
    """

    def __init__(self, link: socket.socket, host: str, pid: int) -> None:
        self.link, self.host, self.pid = link, host, pid
        self.received = b""
        self.call: Call | None = None
        self.closed = False

    def is_gone(self) -> bool:
        """Whether the client has closed it, though nobody has read that yet."""
        if self.closed:
            return True
        try:
            return self.link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


class Call:
    """One request; when (Unix time) and how it ended: answered, refused, cut, closed and such."""

    __slots__ = ("account", "app", "arrived", "ended", "how", "ids", "line")

    def __init__(self, app: App, account: str, ids: int, arrived: float, line: Line) -> None:
        self.app, self.account, self.ids, self.arrived, self.line = app, account, ids, arrived, line
        self.ended: float | None = None
        self.how = "open"

    def facts(self) -> list[Any]:
        """For whoever reads the log."""
        call = [self.account, self.ids, self.arrived, self.ended, self.how]
        return [self.app.number, *call, self.line.pid, self.line.host]


class App:
    """One app."""

    def __init__(
        self, number: int, provider: str, secret: str, friends: Iterable[Sequence[str]]
    ) -> None:
        self.number, self.provider, self.secret = number, provider, secret
        self.friends = {(one, other) for one, other in friends}
        self.calls: list[Call] = []
        self.overlaps: list[dict[str, Any]] = []
        self._of: dict[str, list[Call]] = defaultdict(list)
        self._deeds: Counter[tuple[str, str]] = Counter()
        self._signed: set[str] = set()
        self.refused = 0

    def takes(self, call: Call) -> None:
        """Note it, and whether its client still waits for another of the same account."""
        for other in self._of[call.account][-_LOOKED_BACK:]:
            # They are read in any order, and one may be read that its client has given up since.
            first, second = sorted((other, call), key=lambda one: one.arrived)
            if first.ended is None:
                overlaps = not first.line.is_gone()
            else:
                overlaps = first.how != "closed" and first.ended > second.arrived
            if overlaps:
                self.overlaps.append({"first": first.facts(), "second": second.facts()})
        self._of[call.account].append(call)
        self.calls.append(call)

    def is_signed(self, asked: dict[str, str]) -> bool:
        """Whether the query's credentials are this app's."""
        token = asked.get("usersig")
        if not self.secret or token in self._signed:
            return True
        check = answers.zego_signed if self.provider == "zego" else answers.tencent_signed
        if not check(self.number, self.secret, asked):
            self.refused += 1
            return False
        if token:
            self._signed.add(token)
        return True

    def carry_out(self, command: str, account: str, ids: list[str], content: Any) -> bytes:
        """Do what is asked, and the answer to it."""
        if "heck" in command:
            both = content.get("CheckType") in _BOTH
            relations = {
                one: ((account, one) in self.friends)
                + 2 * (both and (one, account) in self.friends)
                for one in ids
            }
            return answers.checked(self.provider, relations, both=both)
        both = content.get("DeleteType") in _BOTH
        missing = [one for one in ids if (account, one) not in self.friends]
        for one in ids:
            self._deeds[account, one] += 1
            self.friends.discard((account, one))
            if both:
                self.friends.discard((one, account))
        return answers.deleted(self.provider, ids, missing)

    def facts(self) -> dict[str, Any]:
        """What it saw up to now."""
        times = sorted(call.arrived for call in self.calls)
        return {
            "calls": len(self.calls),
            "fullest": fullest_second(times),
            "first": times[0] if times else None,
            "last": times[-1] if times else None,
            "open": sum(call.ended is None for call in self.calls),
            "overlaps": self.overlaps[:20],
            "again": sum(times - 1 for times in self._deeds.values()),
            "refused": self.refused,
            "left": len(self.friends),
            "digest": digest(self.friends),
        }


def digest(friends: Iterable[Sequence[str]]) -> str:
    """Of who has whom: two that are equal are one graph."""
    return hashlib.sha256(json.dumps(sorted(map(list, friends))).encode()).hexdigest()


def fullest_second(times: Sequence[float]) -> int:
    """The most of these moments, ascending, that lie in any half-open second."""
    return max((bisect_left(times, one + 1) - at for at, one in enumerate(times)), default=0)
