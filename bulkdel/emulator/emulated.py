"""One emulated app as a whole: what is asked, whether it may, what comes of it; no I/O, no clock.

A call passes `receive` when it arrives, `carry_out` when its time has come, and `release` when
its answer is out; `handle` does the three at once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from bulkdel.emulator.faults import (
    HTTP_OK,
    HUGE_BYTES,
    NO_FAULT,
    PLAIN,
    Cut,
    Fate,
    Fault,
    Form,
    Request,
    decide,
)
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.limits import InFlight, RateLimit, Throttle
from bulkdel.emulator.rules import Rules
from bulkdel.emulator.stats import Stats
from bulkdel.emulator.tencent.rules import Tencent
from bulkdel.emulator.wire import Action, EmulatedApp, Reading
from bulkdel.emulator.world import World
from bulkdel.emulator.zego.rules import Zego

EMULATED: Final[Mapping[str, type[Rules]]] = {one.name: one for one in (Tencent, Zego)}
"""The emulated providers by name; a new one is a folder and its name in this line."""

FRIENDS_CAP = 3000
"""Friends an account can be given at most (every provider documents the same)."""

_WRITES = frozenset({Action.DELETE, Action.DELETE_ALL, Action.ADD})
_JSON = "application/json; charset=utf-8"
_HTML = "text/html"
_FIRST_REDIRECT, _LAST_REDIRECT = 300, 399


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What goes back over HTTP, or the cut that does instead."""

    status: int = HTTP_OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: Cut = Cut.NO


@dataclass(slots=True, kw_only=True, eq=False)
class PendingCall:
    """A call between its arrival and its answer.

    Attributes:
        code: the top-level code that refuses it; 0 means that it is carried out.
        waits: whether the client still waits for the answer.
        writes: the friend lists it keeps other calls from writing.
    """

    asked: Reading
    fate: Fate
    code: int
    waits: Callable[[], bool]
    writes: Collection[str] = ()


def _always() -> bool:
    return True


class Emulated:
    """One app of one provider, with its own world, limit, faults and counters.

    Args:
        provider: a key of EMULATED.
        seed: decides, together with account and call, what seeded faults do; the same whatever
            order the calls of different accounts arrive in.
        log: see Stats.
    """

    def __init__(
        self,
        provider: str,
        *,
        app: EmulatedApp,
        world: World | None = None,
        fault: Fault = NO_FAULT,
        limit: RateLimit | None = None,
        habits: Habits | None = None,
        seed: int = 0,
        log: int | None = 0,
    ) -> None:
        self.habits = Habits() if habits is None else habits
        self.rules = EMULATED[provider](app, self.habits)
        self.app = app
        self.world = World() if world is None else world
        self.fault = fault
        """May be replaced at any time."""
        self.limit = RateLimit() if limit is None else limit
        """May be replaced at any time."""
        self.stats = Stats(log=log)
        self.since: float | None = None
        """Where faults and limits count their seconds from; the first call unless set before."""
        self._seed = seed
        self._throttle = Throttle()
        self._in_flight = InFlight()
        self._nth: Counter[str] = Counter()  # grows with the accounts, only where faults are set

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.rules.name

    @property
    def world(self) -> World:
        """Who has whom; may be replaced at any time."""
        return self._world

    @world.setter
    def world(self, world: World) -> None:
        world.made = self.rules.made_data
        self._world = world

    @property
    def in_flight(self) -> int:
        """Calls that arrived and are not answered; a hanging one may still delete."""
        return self._in_flight.count

    def revoke(self, before: float) -> None:
        """Refuse signatures made before a moment, in Unix seconds (whole seconds count)."""
        self.rules.revoke(before)

    def handle(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, now: float
    ) -> Response:
        """Answer a call at once, whatever delays its fate holds. `now` is Unix seconds."""
        call = self.receive(method, path, query, body, now)
        response = self.carry_out(call)
        self.release(call, response)
        return response

    def receive(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        now: float,
        *,
        waits: Callable[[], bool] = _always,
    ) -> PendingCall:
        """Take a call in and decide what becomes of it; nothing is carried out yet.

        Args:
            method: as in HTTP, in capitals.
            path: without the query.
            query: decoded.
            body: as received.
            now: Unix seconds.
            waits: says, later on, whether the client still waits for the answer.
        """
        if self.since is None:
            self.since = now
        asked = self.rules.read(method, path, query, body, now)
        self.stats.arrived(asked, now)
        fate = self._decide(asked, now - self.since)
        call = PendingCall(asked=asked, fate=fate, code=0, waits=waits)
        if self._in_flight.enter(asked.account, waits) and asked.account:
            self.stats.overlaps += 1
        if fate.done or fate.readable:  # otherwise the call gets no further than a gateway
            call.code = self._refusal(call, query, now)
        return call

    def carry_out(self, call: PendingCall) -> Response:
        """Do what the call's fate lets be done, and say what to answer."""
        fate = call.fate
        code, body = call.code, b""
        if code:
            body = self.rules.refuse(code)
        elif fate.done:
            code, body = self._perform(call.asked, fate)
            if fate.code:
                code, body = fate.code, self.rules.refuse(fate.code)
        else:
            code = fate.code or self.rules.busy
            body = self.rules.refuse(code)
        if fate.readable:
            self.stats.codes[code] += 1
        if fate.status != HTTP_OK:
            return _http_failure(fate)
        return Response(
            headers={"Content-Type": _JSON}, body=_mangle(body, fate.form), cut=fate.cut
        )

    def release(self, call: PendingCall, response: Response) -> None:
        """The answer is out, or the connection cut; the call is over."""
        self._in_flight.leave(call.asked.account, call.waits)
        self._in_flight.written(call.writes)
        if response.cut is not Cut.NO:
            self.stats.cut += 1
        elif call.waits():
            self.stats.answered += 1
            self.stats.statuses[response.status] += 1
        else:
            self.stats.abandoned += 1

    def _decide(self, asked: Reading, elapsed: float) -> Fate:
        if self.fault == NO_FAULT or asked.action is None:
            return PLAIN
        self._nth[asked.account] += 1
        request = Request(
            provider=self.name,
            action=asked.action,
            account=asked.account,
            ids=asked.ids,
            number=self.stats.received,
            nth=self._nth[asked.account],
        )
        # A generator for each call: what it meets must not hang on how calls were interleaved.
        rng = random.Random(f"{self._seed}/{self.name}/{request.nth}/{asked.account}")
        return decide(self.fault, request, elapsed, rng)

    def _refusal(  # noqa: PLR0911  # one check, one return
        self, call: PendingCall, query: Mapping[str, str], now: float
    ) -> int:
        asked = call.asked
        if asked.action is None:
            return asked.refused
        if code := self.rules.admit(query, now):
            return code
        ceiling = self.limit.at(self.name, self.rules.ceiling, now - (self.since or 0.0))
        if not self._throttle.admit(now, ceiling, sliding=self.limit.sliding):
            self.stats.throttled += 1
            return self.rules.throttled
        if asked.refused:
            return asked.refused
        if not self.world.exists(asked.account):
            return self.rules.unknown_from
        if self.habits.unknown_id == "call" and not all(map(self.world.exists, asked.ids)):
            return self._unknown(asked)
        if call.fate.code and not call.fate.done:
            return call.fate.code
        if self.habits.conflicts and asked.action in _WRITES:
            writes = self._writes(asked)
            if not self._in_flight.write(writes):
                self.stats.conflicts += 1
                return self.rules.conflict
            call.writes = writes
        return 0

    def _writes(self, asked: Reading) -> Collection[str]:
        if not asked.two_way:
            return {asked.account}
        cleared = asked.action is Action.DELETE_ALL
        return {asked.account, *(self.world.of(asked.account) if cleared else asked.ids)}

    def _unknown(self, asked: Reading) -> int:
        return self.rules.unknown_added if asked.action is Action.ADD else self.rules.unknown_to

    def _perform(self, asked: Reading, fate: Fate) -> tuple[int, bytes]:
        failures = {**asked.failed, **fate.items}
        if self.world.existing is not None:
            failures |= self._strangers(asked)
        spared = set(failures)
        if fate.items_done:
            spared -= fate.items.keys()
        spared |= fate.pretended
        match asked.action:
            case Action.DELETE:
                self._delete(asked, spared, failures)
            case Action.DELETE_ALL if asked.account not in spared:
                reverse = self.habits.clear_reverse == "remove"
                cleared = self.world.clear(asked.account, two_way=asked.two_way, reverse=reverse)
                if not cleared and self.habits.clear_empty == "code":
                    return self.rules.not_friend, self.rules.refuse(self.rules.not_friend)
            case Action.ADD:
                self._add(asked, spared, failures)
            case Action.ALIAS | Action.ATTRIBUTES:
                self._change(asked, spared, failures)
            case _:
                pass
        self.stats.items.update(failures.values())
        return self.rules.answer(asked, failures, self.world, fate.listing)

    def _strangers(self, asked: Reading) -> dict[str, int]:
        """The ids that do not exist, each with its code."""
        looked_at = self.habits.unknown_id != "gone" or asked.action is Action.ADD
        code = self._unknown(asked)
        return {to: code for to in asked.ids if looked_at and not self.world.exists(to)}

    def _delete(self, asked: Reading, spared: set[str], failures: dict[str, int]) -> None:
        ids: Collection[str] = asked.ids
        if spared:
            ids = [to for to in asked.ids if to not in spared]
        absent = self.world.remove(
            asked.account, ids, two_way=asked.two_way, reverse_only=self.habits.reverse_only
        )
        if absent:
            # In the order asked, and a code that a fault gave an id stays.
            failures |= {
                to: self.rules.not_friend for to in ids if to in absent and to not in failures
            }

    def _add(self, asked: Reading, spared: set[str], failures: dict[str, int]) -> None:
        account, world = asked.account, self.world
        for to, data in asked.entries.items():
            if to in spared:
                continue
            if world.has(account, to) and self.rules.friend_already:
                failures.setdefault(to, self.rules.friend_already)
                continue
            if not world.has(account, to) and len(world.of(account)) >= FRIENDS_CAP:
                failures.setdefault(to, self.rules.full)
                continue
            if not world.has(account, to) or self.habits.add_again == "overwrite":
                world.put(account, to, data)
            if asked.two_way and not world.has(to, account):
                world.put(to, account, self.rules.other_side(data))

    def _change(self, asked: Reading, spared: set[str], failures: dict[str, int]) -> None:
        for to, fields in asked.entries.items():
            if to in spared:
                continue
            if self.world.has(asked.account, to):
                self.world.change(asked.account, to, fields)
            else:
                failures.setdefault(to, self.rules.not_friend)


def _http_failure(fate: Fate) -> Response:
    headers = {"Content-Type": _HTML}
    if fate.retry_after_s is not None:
        headers["Retry-After"] = str(fate.retry_after_s)
    if _FIRST_REDIRECT <= fate.status <= _LAST_REDIRECT:
        headers["Location"] = "/redirected"
    return Response(
        status=fate.status,
        headers=headers,
        body=b"<html><body>%d</body></html>" % fate.status,
        cut=fate.cut,
    )


def _mangle(body: bytes, form: Form) -> bytes:
    match form:
        case Form.INTACT:
            return body
        case Form.GARBAGE:
            return b"\x00\xff<html>}{"
        case Form.TRUNCATED:
            return body[: len(body) // 2]
        case Form.EMPTY:
            return b""
        case Form.NOT_OBJECT:
            return b"[" + body + b"]"
        case Form.HUGE:
            return body + b" " * HUGE_BYTES
