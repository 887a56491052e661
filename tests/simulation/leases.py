"""The protocol of leases under simulated time: machines, processes, a store, faults, and a judge.

The store is the model that PostgreSQL is compared with; the fence, its terms and the shares are the
package's own. A process is some generators; what they yield is where it may be stopped or killed.
Times are real seconds, which nobody reads: each machine and the store have a clock of their own.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias

from bulkdel.errors import StoreAway
from bulkdel.lease.fence import Fence
from bulkdel.lease.terms import APPLIED_S, SECOND_S, Terms, answered
from bulkdel.lease.values import Left, Member, Nothing, ShardRow, Taken, Told
from tests.support.lease_model import Model

Thread: TypeAlias = Generator[Any, Any, None]
FAULTS_UNTIL_S: Final = 120.0
OVER_S: Final = 3000.0
_POINT: Final = "point"
_AT_ONCE: Final = 3


class Killed(Exception):
    """A process ended itself."""


@dataclass(slots=True)
class Machine:
    """A clock, and whether it reaches the others."""

    name: str
    rate: float
    offset_s: float
    cut_until_s: float = -1.0
    alone_until_s: float = -1.0


@dataclass(slots=True)
class Call:
    """One call at the provider: from its arrival until it is answered or given up, real seconds."""

    account: str
    app: str
    left_s: float
    arrives_s: float
    ends_s: float
    by: str


@dataclass(slots=True)
class Journal:
    """A shard's run directory: what is settled, and who opened it last."""

    accounts: list[str]
    epoch: int = 0
    settled: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Load:
    """What a process knows of a shard while it carries it."""

    journal: Journal
    taken: Taken
    app: str
    flying: list[str]
    pending: deque[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What is simulated; a test spoils it to see that the judge finds it."""

    terms: type[Terms] = Terms
    model: type[Model] = Model
    read_late: bool = False
    reads_epochs: bool = True
    without_deadline: bool = False
    goes_on_at_once: bool = False
    hears_old_shares: bool = False


class World:
    """All of it, from one seed."""

    def __init__(self, seed: int, protocol: Protocol) -> None:
        self.random = random.Random(seed)
        self.protocol = protocol
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        pick = self.random
        self.lease_s = pick.choice((5.0, 15.0, 15.0, 60.0))
        self.timeout_s = pick.choice((4.0, 10.0, 30.0))
        self.deadline = not protocol.without_deadline and pick.random() < 0.7
        self.clumsy = pick.random()  # how often something is lost, late or stopped
        self.store_rate = pick.uniform(0.99, 1.01)
        self.model = protocol.model(now=1e6)
        self.down_until_s = -1.0
        self._weights = [pick.random() ** 3 for _ in range(7)]
        self.failed_over = False
        self._copies = deque([self.model], maxlen=3)
        self.machines = [
            Machine(f"m{at}", pick.uniform(0.99, 1.01), pick.uniform(0, 1e5)) for at in range(3)
        ]
        self.calls: list[Call] = []
        self.complaints: list[str] = []
        self.journals: dict[tuple[str, str], Journal] = {}
        self.processes: list[Process] = []
        self.qps = {"small": 4.0, "other": 6.0, "big": 12.0}
        self.apps = {
            ("a", "1"): "small",
            ("a", "2"): "other",
            **{("a", f"{at}"): "big" for at in (3, 4, 5)},
            ("b", "1"): "other",
        }
        for run in "ab":
            self.model.register(run, f"/{run}", self._rows(run))

    def _rows(self, run: str) -> list[ShardRow]:
        rows = []
        for (of, name), app in self.apps.items():
            if of != run:
                continue
            big = app == "big"
            first = name if big else app
            accounts = [f"{app} {first} {number}" for number in range(self.random.randint(20, 200))]
            self.journals[run, name] = Journal(accounts)
            rows.append(
                ShardRow(
                    name=name,
                    apps=(app,),
                    qps=self.qps[app] / (3 if big else 1),
                    slice_of=app if big else "",
                    target_qps=self.qps[app] if big else 0,
                )
            )
        return rows

    def at(self, when_s: float, act: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._events, (max(when_s, self.now), next(self._order), act))

    def store(self) -> Model:
        """The store, at this moment of its clock."""
        self.model.now = 1e6 + self.now * self.store_rate
        return self.model

    def run(self) -> None:
        """Begin processes, let things go wrong for a while, and go on until all have ended."""
        more = self.random.choices("ab", k=self.random.randint(0, 6))
        for run in ("a", "b", *more):
            machine = self.random.choice(self.machines)
            self.at(self.random.uniform(0, 30), partial(self._begin, machine, run))
        self.at(self.random.uniform(0, 5), self._fault)
        self.at(1.0, self._copy)
        while self._events and self.now < OVER_S:
            self.now, _, act = heapq.heappop(self._events)
            act()
        self._judge()

    def _begin(self, machine: Machine, run: str) -> None:
        self.processes.append(Process(self, machine, run))

    def again(self, process: Process) -> None:
        """Its supervisor sees it dead, says so, and begins another."""
        self.at(self.now + self.random.uniform(0, 2), lambda: self._again(process))

    def _again(self, process: Process) -> None:
        def say(store: Model) -> None:
            store.end_session(process.member.session)

        self.message(process.machine, say, lambda _: None)
        self._begin(process.machine, process.run)

    def message(
        self, machine: Machine, act: Callable[[Model], Any], answer: Callable[[Any], None]
    ) -> None:
        """Send a statement to the store; `answer` gets what it says, if that arrives."""
        pick, bad = self.random, 0.06 * self.clumsy
        if self.now < machine.cut_until_s or pick.random() < bad:
            return

        def delay() -> float:
            return pick.uniform(0, 4) if pick.random() < bad else pick.uniform(0.001, 0.05)

        def arrive(*, twice: bool) -> None:
            if self.now < self.down_until_s:
                return
            said = act(self.store())
            if not twice and self.now >= machine.cut_until_s and pick.random() >= bad:
                self.at(self.now + delay(), lambda: answer(said))

        self.at(self.now + delay(), lambda: arrive(twice=False))
        if pick.random() < bad:
            self.at(self.now + delay(), lambda: arrive(twice=True))

    def _copy(self) -> None:
        self._copies.append(self.store().copy())
        if self.now < FAULTS_UNTIL_S:
            self.at(self.now + 1, self._copy)

    def _fault(self) -> None:
        if self.now > FAULTS_UNTIL_S:
            return
        pick = self.random
        machine = pick.choice(self.machines)
        alive = [one for one in self.processes if one.alive]
        match pick.choices(range(7), self._weights)[0]:
            case 0 if alive:
                pick.choice(alive).kill()
            case 1 if alive:
                pick.choice(alive).stop(pick.choice((2, 10, 30, 90)))
            case 2 if alive:
                pick.choice(alive).draining = True
            case 3:
                self.down_until_s = self.now + pick.choice((2, 10, 40))
            case 4:
                machine.cut_until_s = max(machine.cut_until_s, self.now + pick.choice((3, 20, 60)))
            case 5:  # from the provider too: what lies in its sockets arrives late
                machine.cut_until_s = max(machine.cut_until_s, self.now + pick.choice((3, 20, 60)))
                machine.alone_until_s = machine.cut_until_s
            case 6:
                self.failed_over = True
                self.model = self._copies[0].copy()
                self.model.timeline += 1
            case _:
                pass
        self.at(self.now + pick.expovariate(1 / 8), self._fault)

    def _judge(self) -> None:
        for (run, name), journal in self.journals.items():
            if set(journal.accounts) - journal.settled:
                self.complaints.append(f"shard {name} of run {run} never ended")
        by_account, by_app = defaultdict(list), defaultdict(list)
        for call in self.calls:
            by_account[call.account].append(call)
            by_app[call.app].append(call.left_s)
        for account, calls in by_account.items():
            calls.sort(key=lambda call: call.arrives_s)
            for one, following in itertools.pairwise(calls):
                if following.arrives_s < one.ends_s:
                    self.complaints.append(f"{account}: {one} overlaps {following}")
        for app, left in by_app.items():
            left.sort()
            most = int(self.qps[app])
            for first, last in zip(left, left[most:], strict=False):
                if last - first < 1:
                    self.complaints.append(f"{app}: {most + 1} calls within a second of {first}")
                    break


class Process:
    """One process that sends: as PostgresStore and a sender do, written as generators."""

    def __init__(self, world: World, machine: Machine, run: str) -> None:
        self.world, self.machine, self.run = world, machine, run
        self.alive, self.draining = True, False
        self.stopped_until_s = -1.0
        self.terms = world.protocol.terms(lease_s=world.lease_s, timeout_s=world.timeout_s)
        self.fence = Fence(self.clock, self._end, self._set_deadline)
        self.member = Member(
            run_id=run,
            session=f"s{len(world.processes)}",
            host=machine.name,
            pid=1,
            version="1",
            lease_s=world.lease_s,
            timeout_s=world.timeout_s,
            began_s=0,
        )
        self.held: dict[str, Taken] = {}
        self.told = Told()
        self._returned: tuple[float, dict[str, float]] = (0.0, {})
        self._deadline_s = math.inf
        self._in_flight: list[Call] = []
        self.start(self._main())

    def clock(self) -> float:
        """Of its machine."""
        return self.machine.offset_s + self.world.now * self.machine.rate

    # What the kernel does

    def start(self, thread: Thread) -> None:
        """Run another thread."""
        self._go_on(thread, lambda: next(thread))

    def stop(self, seconds: float) -> None:
        """SIGSTOP now, SIGCONT later."""
        self.stopped_until_s = max(self.stopped_until_s, self.world.now + seconds)

    def kill(self) -> None:
        """SIGKILL: its sockets are closed, which the provider sees as soon as it sees anything."""
        self.alive = False
        seen_s = max(self.world.now, self.machine.alone_until_s) + 0.1
        for call in self._in_flight:
            call.ends_s = min(call.ends_s, seen_s)
            call.arrives_s = min(call.arrives_s, call.ends_s)
        self.world.again(self)

    def _end(self) -> NoReturn:
        raise Killed

    def _set_deadline(self, until_s: float) -> None:
        self._deadline_s = until_s
        if self.world.deadline and math.isfinite(until_s):
            when_s = (until_s - self.machine.offset_s) / self.machine.rate
            self.world.at(when_s, lambda: self._at_deadline(until_s))

    def _at_deadline(self, until_s: float) -> None:
        if self.alive and self._deadline_s == until_s:
            self.kill()

    def _go_on(self, thread: Thread, act: Callable[[], Any]) -> None:
        if not self.alive:
            return
        world = self.world
        if world.now < self.stopped_until_s:
            world.at(self.stopped_until_s, lambda: self._go_on(thread, act))
            return
        try:
            wanted = act()
        except StopIteration:
            return
        except Killed:
            if self.alive:
                self.kill()
            return
        if wanted == _POINT:
            if world.now < FAULTS_UNTIL_S and world.random.random() < 0.004 * world.clumsy:
                # Without a deadline only the margin covers what is stopped after it has asked.
                covered = world.deadline or world.protocol.without_deadline
                most_s = 60.0 if covered else 0.1
                self.stop(world.random.uniform(0, most_s))
            world.at(world.now, lambda: self._go_on(thread, lambda: thread.send(None)))
        elif isinstance(wanted, float):
            when_s = world.now + wanted / self.machine.rate
            world.at(when_s, lambda: self._go_on(thread, lambda: thread.send(None)))
        else:
            self._ask(thread, wanted)

    def _ask(self, thread: Thread, act: Callable[[Model], Any]) -> None:
        open_ = [True]

        def answer(said: Any) -> None:
            if open_ and open_.pop():
                self._go_on(thread, lambda: thread.send(said))

        def give_up() -> None:
            if open_ and open_.pop():
                self._go_on(thread, lambda: thread.throw(StoreAway("away")))

        self.world.message(self.machine, act, answer)
        self.world.at(self.world.now + self.terms.patience_s / self.machine.rate, give_up)

    # What the program does

    def _main(self) -> Thread:
        def join(store: Model) -> Told:
            if self.member.session not in store.sessions:
                store.join(self.member)
            return store.told(self.member, {}, {})

        asked_at_s = self.clock()
        yield _POINT
        try:
            self.told = yield join
        except StoreAway:
            self.kill()
            return
        if self.world.protocol.read_late:
            asked_at_s = self.clock()
        yield _POINT
        answered(self.terms, self.fence, asked_at_s, renewed=True)
        self.start(self._renew())
        yield from self._take()

    def _renew(self) -> Thread:
        pause_s = self.terms.renew_s
        while True:
            yield pause_s
            held, asked_at_s = dict(self.held), self.clock()
            yield _POINT
            try:
                renewed, mine = yield self._statement
                if self.world.protocol.read_late:
                    asked_at_s = self.clock()
                yield _POINT
                lost = self.world.protocol.reads_epochs and any(
                    mine.get(name) != taken.epoch and self.held.get(name) == taken
                    for name, taken in held.items()
                )
                answered(self.terms, self.fence, asked_at_s, renewed=renewed and not lost)
                in_force = self._in_force()
                yield _POINT
                before, held = self.told.shares, dict(self.held)
                told = yield partial(
                    Model.told, member=self.member, in_force=in_force, before=before
                )
                shares = told.shares.items()
                same = {
                    name: share for name, share in shares if self.held.get(name) is held.get(name)
                }
                self.told = replace(told, shares=same)
                pause_s = self.terms.renew_s
            except StoreAway:
                pause_s = self.terms.retry_s

    def _statement(self, store: Model) -> tuple[bool, dict[str, int]]:
        session = self.member.session
        return store.renew(session), store.mine(session)

    def _in_force(self) -> dict[str, float]:
        since_s, returned = self._returned
        if self.clock() - since_s < APPLIED_S:
            return {}
        shares = self.told.shares
        return {name: max(share, shares.get(name, 0.0)) for name, share in returned.items()}

    def _take(self) -> Thread:
        while not self.draining:
            held = frozenset(self.held)
            room = 10.0 - sum(self.world.qps[self.world.apps[self.run, name]] for name in held)
            try:
                said = yield partial(Model.take, member=self.member, held=held, room=room)
            except StoreAway:
                yield 1.0
                continue
            if said is None:
                self.fence.end()
            if isinstance(said, Taken):
                self.held[said.shard] = said
                if not self.world.protocol.hears_old_shares:
                    self._forget(said.shard)
                self.start(self._carry(said))
            elif isinstance(said, Nothing) and said.over:
                break
            yield self.world.random.uniform(0.5, 1.0)
            if self.told.shares != self._returned[1]:
                self._returned = (self.clock(), dict(self.told.shares))
        while self.held:
            yield 0.5
        self.fence.close()
        with suppress(StoreAway):
            yield lambda store: store.leave(self.member.session)
        self.alive = False
        if self.draining:
            self.world.at(self.world.now + 5, lambda: self.world._begin(self.machine, self.run))

    def _forget(self, shard: str) -> None:
        """What was said of a shard before it was taken says nothing."""
        shares = {name: share for name, share in self.told.shares.items() if name != shard}
        self.told = replace(self.told, shares=shares)
        since_s, returned = self._returned
        self._returned = since_s, {name: one for name, one in returned.items() if name != shard}

    def _write(self, journal: Journal, taken: Taken, settled: str = "") -> Thread:
        self.fence()
        yield _POINT
        if journal.epoch > taken.epoch:
            self.world.complaints.append(f"shard {taken.shard} written by {self.member.session}")
        journal.epoch = taken.epoch
        if settled:
            journal.settled.add(settled)

    def _carry(self, taken: Taken) -> Thread:
        journal = self.world.journals[self.run, taken.shard]
        if journal.epoch > taken.epoch:
            self.fence.end()  # the tables were lost: the store is behind
        yield from self._write(journal, taken)
        if taken.follows and not self.world.protocol.goes_on_at_once:
            yield SECOND_S
        sliced = self.world.apps[self.run, taken.shard] == "big"
        app = self.world.apps[self.run, taken.shard]
        pending = deque(one for one in journal.accounts if one not in journal.settled)
        left: deque[float] = deque()
        flying: list[str] = []
        while pending or flying:
            if self.draining or taken.shard in self.told.give_back:
                pending.clear()
            yield 0.2
            rate = self._returned[1].get(taken.shard, 0.0) if sliced else self.world.qps[app]
            while left and left[0] < self.clock() - SECOND_S:
                left.popleft()
            while pending and len(flying) < _AT_ONCE and len(left) < int(rate):
                yield from self._write(journal, taken)
                self.fence()
                yield _POINT
                left.append(self.clock())
                flying.append(account := pending.popleft())
                self.start(self._call(_Load(journal, taken, app, flying, pending), account))
        yield from self._write(journal, taken)
        how = Left.SETTLED if journal.settled >= set(journal.accounts) else Left.FREE
        self.held.pop(taken.shard, None)
        while True:
            try:
                yield lambda store: store.give_back(self.member, taken, how)
            except StoreAway:
                yield 1.0
            else:
                return

    def _call(self, load: _Load, account: str) -> Thread:
        call, answered_after_s = self._send(account, load.app)
        yield answered_after_s
        self._in_flight.remove(call)
        ok = answered_after_s < self.world.timeout_s
        yield from self._write(load.journal, load.taken, account if ok else "")
        load.flying.remove(account)
        if not ok:
            load.pending.append(account)

    def _send(self, account: str, app: str) -> tuple[Call, float]:
        """A call leaves now; and when it is answered or given up, by this machine's clock."""
        world, pick = self.world, self.world.random
        session = world.store().sessions.get(self.member.session)
        if not world.failed_over and (session is None or session.expires <= world.model.now):
            world.complaints.append(f"a call of {self.member.session} left after its lease")
        patience_s = world.timeout_s / self.machine.rate
        slow = pick.random() < 0.05 or world.now < self.machine.alone_until_s
        takes_s = pick.uniform(0, 2 * patience_s) if slow else pick.uniform(0.02, 0.5)
        ends_s = world.now + min(takes_s, patience_s)
        arrives_s = pick.uniform(world.now, ends_s) if slow else world.now
        call = Call(account, app, world.now, arrives_s, ends_s, self.member.session)
        world.calls.append(call)
        self._in_flight.append(call)
        return call, min(takes_s * self.machine.rate, world.timeout_s)


def complaints(seed: int, protocol: Protocol | None = None) -> list[str]:
    """What is wrong with a seed."""
    world = World(seed, protocol or Protocol())
    world.run()
    return world.complaints
