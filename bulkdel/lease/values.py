"""What a process and the store of leases say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from bulkdel.lease.fence import no_fence


class Left(StrEnum):
    """How a shard is given back."""

    SETTLED = "settled"  #: every pair of it is settled: nobody takes it again
    FREE = "free"  #: anybody may go on with it at once
    ENDED = "ended"  #: it could not go on: whoever begins after this moment may try again
    REFUSED = "refused"  #: as ENDED, and was not taken: its journal knows of more than the store


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow:
    """A shard as the store knows it.

    Attributes:
        name: of its folder; shards are taken in the order of their names.
        apps: what it sends to, each named as "PROVIDER APP_ID at ADDRESS" or the like: two runs
            never send to what has one name at the same time.
        qps: calls/s of all its targets together, at most.
        slice_of: the target, where it is one of several slices of it; else "".
        target_qps: calls/s of that target, over all its slices; else 0.
        epoch: how often it was taken at least, where a store has lost that.
    """

    name: str
    apps: tuple[str, ...]
    qps: float
    slice_of: str = ""
    target_qps: float = 0.0
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A process that would send shards of a run.

    Attributes:
        session: a UUID, never used before, chosen by whoever starts the process.
        version: of bulkdel; all processes of a run have the same.
        timeout_s: how long a call of it may take.
        began_s: when its command began, by the store's clock, as `register` said.
    """

    run_id: str
    session: str
    host: str
    pid: int
    version: str
    lease_s: float
    timeout_s: float
    began_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A shard that is this process's own from now on, until it is given back or the lease ends.

    Attributes:
        epoch: how often it was taken, this time included; it only ever grows.
        follows: whether a process may have sent of it before.
    """

    shard: str
    epoch: int
    follows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """How this process has a run directory.

    Attributes:
        fence: returns only while it may send and write there; asked before each.
        alone: whether no other process may even read the journal meanwhile, since the folder may be
            shared by machines.
        epoch: of the shard, where a store gave it; 0 where nobody else can come to own it.
    """

    fence: Callable[[], None] = no_fence
    alone: bool = False
    epoch: int = 0


OURS: Final = Ownership()
"""Nobody else can come to own it as long as its lock is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No shard can be taken now.

    Attributes:
        over: whether none ever will be: each is settled, or has ended since this process began.
        why: what is waited for, as a part of a sentence; empty where that is only the others' work.
    """

    over: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the owners of a run's shards are to do from now on.

    Attributes:
        paused: nothing is sent until this is False again. by: who said so, or "".
        rates: calls/s that a target stays at or under, by its name; a target that is not there has
            the job's qps.
        shares: the same for this process's slices, by shard; all slices' together are never over
            the target's qps. A slice with 0, or that is not there, sends nothing yet. They are to
            be kept to within a second of `renew` returning them, and say nothing of a slice that
            was taken since.
        give_back: shards to be given back as FREE, since others have fewer.
    """

    paused: bool = False
    by: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    give_back: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing is sent until Resume; by: the user who says so."""

    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Sending goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowTo:
    """A target stays at or under `qps` calls/s, over all its slices; None: at the job's again."""

    target: str
    qps: float | None


Order: TypeAlias = Pause | Resume | SlowTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the store tells the owners of a run's shards, and how many there are.

    Attributes:
        owners: processes that renew their session, with shards or without.
        within_s: in so many seconds each of them knows what has just been said.
    """

    paused: bool
    by: str
    rates: Mapping[str, float]
    owners: int
    within_s: float


class Store(Protocol):
    """What gives leases. One process uses it, one call at a time, from any thread.

    Each call returns within some seconds; what it could not do it raises as StoreAway, and then
    nothing is known of whether it was done.
    """

    def join(self) -> None:
        """Begin a session, and set the fence.

        Raises:
            WrongInput: the store is no store of ours, or does not go with this process.
        """

    def renew(self) -> Told:
        """Renew the session and move the fence on; what is to be done from now on.

        Does not return where the session is over: the fence ends the process.
        """

    def take(self, held: frozenset[str], most_qps: float) -> Taken | Nothing:
        """Take a shard whose targets have at most `most_qps` calls/s, or any if none is `held`."""

    def give_back(self, taken: Taken, left: Left) -> None:
        """Let a shard go that nothing is sent of any more, and whose journal is closed."""

    def leave(self) -> None:
        """End the session: all shards were given back."""
