"""The other end of the judge, for tests: its process, what it saw, what it shall do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.support.warm import ROOT, environment

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that arrived; times are Unix times.

    Attributes:
        ended: when it was answered, or its connection closed; None while neither is so.
        how: answered, refused, trouble, http, delay, cut, drop, closed; open until then.
        pid: of the process that made it, where the judge looks for that and it was not dead by
            then; else 0.
        host: that it came from.
    """

    app: int
    account: str
    ids: int
    arrived: float
    ended: float | None
    how: str
    pid: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one app saw up to a moment.

    Attributes:
        fullest: the most calls that arrived within one second, wherever it begins.
        overlaps: calls that arrived while their client waited for another of the same account.
        again: how often a pair was asked to be deleted that had been carried out before.
        refused: calls with wrong credentials.
        left: how many entries are left on all lists; `digest` is theirs (see `app.digest`).
    """

    calls: int
    fullest: int
    first: float | None
    last: float | None
    open: int
    overlaps: Sequence[Any]
    again: int
    refused: int
    left: int
    digest: str


class Judge:
    """A judge's process; a context manager. `address` is where it listens.

    Args:
        apps: their ids, each with its provider's name and its secret; "" lets any pass.
        friends: who has whom at the start, in each of the apps.
        latency_s: the shortest and the longest time that an answer takes.
        owners: whether it looks for the process that each call comes from.
        prefix: what its command begins with, such as one that enters a network.
        listens: its address and port; 0 for a free one.
    """

    def __init__(
        self,
        apps: Mapping[int, tuple[str, str]],
        friends: Iterable[Pair],
        *,
        latency_s: tuple[float, float] = (0.005, 0.03),
        owners: bool = False,
        prefix: Sequence[str] = (),
        listens: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self._begin = {
            "apps": {key: {"provider": name, "secret": word} for key, (name, word) in apps.items()},
            "friends": list(friends),
            "latency_s": latency_s,
            "owners": owners,
            "seed": 1,
        }
        self._prefix = prefix
        self._listens = listens
        self.address = ""

    def __enter__(self) -> Self:
        host, port = self._listens
        self._process = subprocess.Popen(  # noqa: S603  # our own words
            [*self._prefix, sys.executable, "-m", "tests.cluster.judge", host, str(port)],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.address = f"http://{host}:{self._ask(self._begin)}"
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def break_with(self, *faults: Mapping[str, Any]) -> None:
        """From now on calls meet these faults (see `judge`), and no others."""
        self._ask({"faults": faults})

    def seen(self) -> dict[int, Seen]:
        """What each app saw up to now."""
        told = self._ask({})
        assert told["strangers"] == 0, "a call that is no call of these apps"
        return {int(number): Seen(**facts) for number, facts in told["apps"].items()}

    def calls(self, after: float = 0) -> list[Call]:
        """All calls that arrived after a Unix time, in their order."""
        calls = [Call(*facts) for facts in self._ask({"calls_after": after})]
        return sorted(calls, key=lambda call: call.arrived)

    def count(self, after: float = 0) -> int:
        """How many calls arrived after a Unix time."""
        return int(self._ask({"count_after": after}))

    def left(self, app: int) -> set[Pair]:
        """Who has whom."""
        return {(one, other) for one, other in self._ask({"left": app})}

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, command: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the judge has died"
        return json.loads(line)
