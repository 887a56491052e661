"""What only PostgreSQL itself can show: races, rights, a server that says nothing or goes."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import psycopg
import pytest

from bulkdel.errors import StoreAway, WrongInput
from bulkdel.lease import statements as sql
from bulkdel.lease.fence import Fence
from bulkdel.lease.orders import look_at_store, register, tell
from bulkdel.lease.postgres import PostgresStore
from bulkdel.lease.values import Left, Member, Nothing, ShardRow, SlowTo, Taken
from tests.support.postgres import Server, a_postgres, shipped_binaries
from tests.support.two_stores import Ended, TwoStores, raise_ended

ROWS: Final = tuple(ShardRow(name=f"{at:02d}", apps=(f"app {at}",), qps=100) for at in range(12))


def member(began_s: float, run_id: str = "run", lease_s: float = 15) -> Member:
    """A process of this test."""
    return Member(
        run_id=run_id,
        session=str(uuid.uuid4()),
        host="here",
        pid=1,
        version="1",
        lease_s=lease_s,
        timeout_s=4,
        began_s=began_s,
    )


@contextmanager
def joined(address: str, one: Member) -> Iterator[PostgresStore]:
    """A store that is joined, and left at the end."""
    store = PostgresStore(address, one, Fence(end=raise_ended))
    store.join()
    try:
        yield store
    finally:
        store.leave()


def take_all(store: PostgresStore) -> list[str]:
    """What it gets."""
    held: list[str] = []
    while isinstance(taken := store.take(frozenset(held), 1000), Taken):
        held.append(taken.shard)
    return held


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def test_each_shard_is_taken_once(address: str) -> None:
    """Six processes that register, join and take at once: each shard is one's, fairly shared."""
    with ThreadPoolExecutor(6) as pool:
        began = max(pool.map(lambda _: register(address, "run", "/run", ROWS), range(6)))
        stores = [PostgresStore(address, member(began), Fence(end=raise_ended)) for _ in range(6)]
        list(pool.map(PostgresStore.join, stores))
        shares = list(pool.map(take_all, stores))
        list(pool.map(PostgresStore.leave, stores))
    assert sorted(name for share in shares for name in share) == [row.name for row in ROWS]
    assert {len(share) for share in shares} == {2}


def test_a_renewal_that_waited_revives_nothing(address: str) -> None:
    """A renewal that waits for a row that is being removed finds none, and ends the process."""
    one = member(register(address, "run", "/run", ROWS))
    store = PostgresStore(address, one, Fence(end=raise_ended))
    store._begin_session()
    ended = threading.Event()

    def renew() -> None:
        with pytest.raises(Ended):
            store._renew_once()
        ended.set()

    with psycopg.connect(address) as taker:
        taker.execute(sql.LEAVE, {"me": one.session})
        thread = threading.Thread(target=renew)
        thread.start()
        with psycopg.connect(address, autocommit=True) as watcher:
            until(
                lambda: bool(watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone())
            )
    thread.join()
    assert ended.is_set()
    store.leave()


def test_a_word_that_comes_late(address: str) -> None:
    """A shard whose answer was lost is taken up again; what was said of it before frees it not."""
    with joined(address, member(register(address, "run", "/run", ROWS[:1]))) as store:
        lost = store.take(frozenset(), 1000)
        assert lost == Taken(shard="00", epoch=1, follows=False)
        assert store.take(frozenset(), 1000) == Taken(shard="00", epoch=2)
        assert isinstance(lost, Taken)
        store.give_back(lost, Left.SETTLED)
        assert store.take(frozenset(), 1000) == Taken(shard="00", epoch=3)


def test_an_old_share_says_nothing(address: str) -> None:
    """A slice that is taken again by who had it before waits until it is told a share anew."""
    row = ShardRow(name="1", apps=("big",), qps=50, slice_of="big", target_qps=100)
    one = member(register(address, "run", "/run", (row,)))
    store = PostgresStore(address, one, Fence(end=raise_ended))
    store._begin_session()
    taken = store.take(frozenset(), 1000)
    assert isinstance(taken, Taken)
    store._renew_once()
    assert store.renew().shares == {"1": 100}
    store.give_back(taken, Left.FREE)
    assert isinstance(store.take(frozenset(), 1000), Taken)
    assert store.renew().shares == {}
    store._renew_once()
    assert store.renew().shares == {"1": 100}
    store.leave()


def test_a_renewal_that_comes_after_the_end(address: str) -> None:
    """A process that has left is not ended by its own last renewal, which finds no row."""
    one = member(register(address, "run", "/run", ROWS))
    store = PostgresStore(address, one, Fence(end=raise_ended))
    store._begin_session()
    store.leave()
    store._renew_once()
    store._renewals.close()


def test_whoever_stops_in_the_middle_holds_nobody_up(address: str) -> None:
    """A process that is stopped while it takes lets others take within the patience of a call."""
    one = member(register(address, "run", "/run", ROWS), lease_s=5)
    store = PostgresStore(address, one, Fence(end=raise_ended))
    store._begin_session()

    def stop_in_the_middle() -> None:
        with store._calls.transaction() as cursor:
            cursor.execute(sql.ONE_AT_A_TIME)
            with joined(address, member(0)) as other:
                assert isinstance(other.take(frozenset(), 1000), Taken)
            cursor.execute(sql.NOW)

    with pytest.raises(StoreAway):
        stop_in_the_middle()


def test_a_server_that_comes_back_is_not_noticed(postgres: Server, address: str) -> None:
    """Killed and started again within the lease: the session goes on, and so does its thread."""
    with joined(address, member(register(address, "run", "/run", ROWS))) as store:
        taken = store.take(frozenset(), 1000)
        assert isinstance(taken, Taken)
        store._wake.set()
        until(lambda: store._renewals._connection is not None)
        postgres.kill()
        postgres.start()
        with pytest.raises(StoreAway):
            store.take(frozenset({taken.shard}), 1000)
        store._wake.set()
        tell(address, "run", SlowTo(target="a", qps=5))
        with pytest.raises(StoreAway):
            until(lambda: bool(store.renew().rates))
        store._wake.set()
        until(lambda: store.renew().rates == {"a": 5})
        store.give_back(taken, Left.FREE)


def test_a_server_that_says_nothing(postgres: Server, address: str) -> None:
    """It takes connections and answers nothing: a call ends within its patience all the same."""
    with joined(address, member(register(address, "run", "/run", ROWS), lease_s=5)) as store:
        postgres.pause()
        try:
            began_s = time.monotonic()
            with pytest.raises(StoreAway):
                store.take(frozenset(), 1000)
            assert time.monotonic() - began_s < 4
        finally:
            postgres.go_on()


def test_a_lost_shard_ends_its_owner(address: str) -> None:
    """A store that has forgotten, after a failover, that a shard was taken, ends who holds it."""
    store = PostgresStore(
        address, member(register(address, "run", "/run", ROWS)), Fence(end=raise_ended)
    )
    store._begin_session()
    taken = store.take(frozenset(), 1000)
    assert isinstance(taken, Taken)
    store._renew_once()
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE bulkdel.shard SET owner = NULL, epoch = epoch - 1")
    with pytest.raises(Ended):
        store._renew_once()
    store.leave()


def test_youngest_is_asked_back(address: str) -> None:
    """A process that joins late gets the youngest shard of one that has too many, once a minute."""
    both = TwoStores(address)
    began = both.register("run", ROWS[:4])
    first = both.process("run", began, "a")
    for _ in range(4):
        taken = first.take(1000)
        assert isinstance(taken, Taken)
        first.held[taken.shard] = taken
    second = both.process("run", began, "b")
    assert first.renew() == replace(first.store._told, give_back=frozenset())
    assert second.take(1000) == Nothing(over=False)
    both.advance(1)
    said = first.renew()
    assert said is not None
    assert said.give_back == {"03"}
    first.give_back("03", Left.FREE)
    assert isinstance(first.take(1000), Nothing)
    got = second.take(1000)
    assert isinstance(got, Taken)
    assert (got.shard, got.epoch, got.follows) == ("03", 2, True)
    second.held[got.shard] = got
    second.take(1000)
    said = first.renew()
    assert said is not None
    assert not said.give_back
    for process in (first, second):
        process.close()
    both.close()


def test_two_runs_of_one_app(address: str) -> None:
    """The second waits, says for whom, and goes on as soon as the first has let the app go."""
    one = register(address, "one", "/runs/one", ROWS[:1])
    two = register(address, "two", "/runs/two", ROWS[:1])
    with (
        joined(address, member(one, "one")) as first,
        joined(address, member(two, "two")) as second,
    ):
        taken = first.take(frozenset(), 1000)
        assert isinstance(taken, Taken)
        why = "app 0 is sent to by the run in /runs/one"
        assert second.take(frozenset(), 1000) == Nothing(over=False, why=why)
        first.give_back(taken, Left.SETTLED)
        assert first.take(frozenset(), 1000) == Nothing(over=True)
        until(lambda: isinstance(second.take(frozenset(), 1000), Taken))


def test_a_user_without_rights(address: str) -> None:
    """One sentence says what an administrator has to do; then an ordinary user can do all of it."""
    name = f"u{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN".encode())
        theirs = address.replace("postgres@", f"{name}@")
        with pytest.raises(WrongInput, match="CREATE SCHEMA bulkdel AUTHORIZATION"):
            register(theirs, "run", "/run", ROWS)
        admin.execute(f"CREATE SCHEMA bulkdel AUTHORIZATION {name}".encode())
    with joined(theirs, member(register(theirs, "run", "/run", ROWS))) as store:
        assert isinstance(store.take(frozenset(), 1000), Taken)
        store._renew_once()


def test_wrong_stores(address: str) -> None:
    """No store, no address, no tables, tables of another version: a sentence without a secret."""
    for wrong in (
        "mysql://u:hush@h/d",
        "postgresql://u:hush@[",
        "postgresql://u:hu@hush@h/d",
        "postgresql://u:hush/hush@h/d",
        "postgresql://u:hush@127.0.0.1:1/d",
    ):
        with pytest.raises(WrongInput) as raised:
            register(wrong, "run", "/run", ROWS)
        assert "hush" not in str(raised.value)
        assert "cluster.store_env" in str(raised.value)
    assert not look_at_store(address).made
    with pytest.raises(WrongInput, match="does not know this run"):
        tell(address, "run")
    began = register(address, "run", "/run", ROWS)
    with pytest.raises(WrongInput, match="does not know this run"):
        tell(address, "other")
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE bulkdel.store SET version = 99")
    for use in (
        lambda: register(address, "run", "/run", ROWS),
        lambda: look_at_store(address),
        lambda: PostgresStore(address, member(began), Fence()).join(),
    ):
        with pytest.raises(WrongInput, match="version 99"):
            use()


def test_wrong_processes(address: str) -> None:
    """Another version of bulkdel beside a live one, and clocks too far apart, are refused."""
    began = register(address, "run", "/run", ROWS)
    with joined(address, member(began)):
        newer = replace(member(began), version="2")
        with pytest.raises(WrongInput, match="bulkdel 1 on here, and this is bulkdel 2"):
            PostgresStore(address, newer, Fence()).join()
    with pytest.raises(WrongInput, match=r"60 s ahead of this machine's"):
        PostgresStore(address, member(began), Fence(), wall=lambda: time.time() - 60).join()


def test_a_folder_that_not_all_machines_see(address: str) -> None:
    """Two runs of one name are two folders: the second is refused while the first is sent."""
    began = register(address, "one", "/runs/job", ROWS[:1])
    with joined(address, member(began, "one")):
        with pytest.raises(WrongInput, match="this machine does not see it"):
            register(address, "two", "/runs/job", ROWS[:1])
        register(address, "one", "/runs/job", ROWS[:1])
    register(address, "two", "/runs/job", ROWS[:1])


def test_a_lost_store_is_told_how_often_shards_were_taken(address: str) -> None:
    """What --new-store says counts, whatever the rows hold, and never less than they do."""
    register(address, "run", "/run", ROWS[:1])
    register(address, "run", "/run", [replace(ROWS[0], epoch=7)])
    began = register(address, "run", "/run", [replace(ROWS[0], epoch=3)])
    with joined(address, member(began)) as store:
        taken = store.take(frozenset(), 1000)
    assert isinstance(taken, Taken)
    assert taken.epoch == 8


def test_runs_from_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without PostgreSQL the tests have one all the same."""
    monkeypatch.setenv("PATH", "")
    with a_postgres(shipped_binaries(), fsync=False) as server:
        assert look_at_store(server.address("postgres")).server
