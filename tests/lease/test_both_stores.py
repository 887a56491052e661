"""PostgreSQL answers as the model does, whatever is asked in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bulkdel.lease.values import Left, Nothing, Order, Pause, Resume, ShardRow, SlowTo, Taken, Told
from tests.support.two_stores import Process, TwoStores

_T = TypeVar("_T")
_PLAIN: Final = tuple(
    ShardRow(name=f"{at}", apps=(f"app {at}", f"app {at}b"), qps=300.0 * at) for at in range(1, 4)
)
_SLICES: Final = tuple(
    ShardRow(name=f"{at}", apps=("app big",), qps=40.0, slice_of="big", target_qps=120.0)
    for at in range(4, 7)
)
_RUNS: Final = {
    "first": _PLAIN + _SLICES,
    "second": (ShardRow(name="1", apps=("app 2",), qps=10), ShardRow(name="2", apps=("z",), qps=9)),
}
_PROCESSES: Final = (
    *(("first", "a", 15.0), ("first", "b", 15.0), ("first", "b", 30.0)),
    *(("first", "a", 15.0), ("second", "c", 15.0)),
)
_TIMES: Final = (0.5, 1.0, 1.5, 3.0, 3.0, 3.0, 5.0, 11.0, 14.5, 27.0, 61.0)
_ORDERS: Final[Sequence[Order]] = (Pause(by="me"), Resume(), SlowTo(target="big", qps=30.0))
_WAYS: Final = (
    *("join", "join", "renew", "renew", "renew", "renew", "renew", "take", "take", "take", "take"),
    *("advance", "advance", "advance", "give_back", "give_back", "leave", "die", "die_seen"),
    *("lose_answer", "tell", "fail_over", "begin_again"),
)


class Play:
    """Whatever is drawn, done with both stores."""

    def __init__(self, address: str, data: st.DataObject) -> None:
        self.both, self._data = TwoStores(address), data
        self._began = {run: self.both.register(run, rows) for run, rows in _RUNS.items()}
        self.processes: list[Process] = []

    def one(self, of: Sequence[_T]) -> _T:
        """One of some."""
        return self._data.draw(st.sampled_from(of))

    def join(self) -> None:
        """A process begins."""
        run, host, lease_s = self.one(_PROCESSES)
        self.processes.append(self.both.process(run, self._began[run], host, lease_s))

    def renew(self) -> None:
        """One renews."""
        self._went_on(process := self._process(), process.renew())

    def take(self) -> None:
        """One takes."""
        process = self._process()
        said = process.take(self.one((50, 1000)))
        if isinstance(said, Taken):
            process.held[said.shard] = said
        self._went_on(process, said)

    def lose_answer(self) -> None:
        """One takes, and never knows."""
        self._went_on(process := self._process(), process.take(self.one((50, 1000))))

    def give_back(self) -> None:
        """One gives a shard back."""
        if (process := self._process()).held:
            process.give_back(self.one(sorted(process.held)), self.one((*Left, Left.FREE)))

    def leave(self) -> None:
        """One leaves."""
        process = self._dead()
        process.leave()
        process.close()

    def die(self) -> None:
        """One dies where nobody sees it."""
        self._dead().close()

    def die_seen(self) -> None:
        """One dies, and its supervisor says so."""
        process = self._dead()
        process.close()
        self.both.end_session(process)

    def advance(self) -> None:
        """Time passes."""
        self.both.advance(self.one(_TIMES))

    def fail_over(self) -> None:
        """A standby goes on."""
        self.both.fail_over()

    def tell(self) -> None:
        """An operator says something."""
        self.both.tell("first", self.one(_ORDERS))

    def begin_again(self) -> None:
        """Processes from here on are of a command that begins now."""
        self._began = {run: self.both.register(run, rows) for run, rows in _RUNS.items()}

    def close(self) -> None:
        """Close what is open."""
        for process in self.processes:
            process.close()
        self.both.close()

    def _process(self) -> Process:
        if not self.processes:
            self.join()
        return self.one(self.processes)

    def _dead(self) -> Process:
        self.processes.remove(process := self._process())
        return process

    def _went_on(self, process: Process, said: Told | Taken | Nothing | None) -> None:
        event(type(said).__name__)
        if said is None:
            self.processes.remove(process)
            process.close()


@pytest.mark.timeout(240)
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_as_the_model(address: str, data: st.DataObject) -> None:
    """Every answer to joins, renewals, takes, give-backs and deaths in any order is the model's."""
    play = Play(address, data)
    try:
        for way in data.draw(st.lists(st.sampled_from(_WAYS), min_size=30, max_size=60)):
            getattr(play, way)()
    finally:
        play.close()


def _takes(process: Process, name: str) -> None:
    while name not in process.held:
        taken = process.take(1000)
        assert isinstance(taken, Taken)
        process.held[taken.shard] = taken


def test_what_was_used_a_moment_ago_counts(address: str) -> None:
    """A slice that changes hands within a second leaves no room for another to be raised."""
    both = TwoStores(address)
    began = both.register("run", _SLICES)
    one, two, three = (both.process("run", began, "a") for _ in range(3))
    _takes(one, "4")
    assert one.renew() == Told(shares={"4": 120})
    one.give_back("4", Left.FREE)
    _takes(two, "4")
    _takes(three, "5")
    assert three.renew() == Told(shares={"5": 0})
    both.advance(1.5)
    two.give_back("4", Left.FREE)
    both.advance(1.5)
    assert three.renew() == Told(shares={"5": 120})
    for process in (one, two, three):
        process.close()
    both.close()


def test_nothing_is_raised_after_a_failover(address: str) -> None:
    """As long as the store may not know what others were told, a share is lowered and no more."""
    both = TwoStores(address)
    process = both.process("run", both.register("run", _SLICES), "a")
    _takes(process, "4")
    both.tell("run", SlowTo(target="big", qps=30))
    assert process.renew() == Told(rates={"big": 30}, shares={"4": 30})
    both.fail_over()
    both.tell("run", SlowTo(target="big", qps=None))
    assert process.renew() == Told(shares={"4": 30})
    for _ in range(3):
        both.advance(9)
        process.renew()
    assert process.renew() == Told(shares={"4": 120})
    process.close()
    both.close()
