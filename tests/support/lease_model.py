"""The store of leases as it should be, in memory: what PostgreSQL is compared with, and simulated.

Each operation is one transaction; `now` is the store's clock, in seconds, moved from outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulkdel.lease.terms import (
    IDLE_MOST_S,
    REBALANCE_S,
    SECOND_S,
    Slice,
    Terms,
    shares,
)
from bulkdel.lease.values import (
    Left,
    Member,
    Nothing,
    Order,
    Pause,
    Resume,
    ShardRow,
    SlowTo,
    Taken,
    Told,
)


@dataclass(slots=True)
class Session:
    """A row of its table."""

    member: Member
    expires: float
    dead: bool = False
    looked: float = -math.inf
    room: float = 0.0
    asked_back: float = -math.inf

    @property
    def terms(self) -> Terms:
        """Of its lease."""
        return Terms(lease_s=self.member.lease_s, timeout_s=self.member.timeout_s)


@dataclass(slots=True)
class Shard:
    """A row of its table."""

    run_id: str
    row: ShardRow
    let_go: float
    state: Left = Left.FREE
    epoch: int = 0
    owner: str = ""
    taken: float = 0.0
    share: float = 0.0
    used: float = 0.0

    def is_open(self, began: float) -> bool:
        """Whether a command that began then may take it."""
        return self.state is Left.FREE or (self.state is Left.ENDED and self.let_go < began)


@dataclass(slots=True)
class Model:
    """The store."""

    now: float
    timeline: int = 1
    known_timeline: int = 1
    rests_until: float = -math.inf
    runs: dict[str, str] = field(default_factory=dict)
    paused: dict[str, str] = field(default_factory=dict)
    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    shards: list[Shard] = field(default_factory=list)

    def register(self, run_id: str, folder: str, rows: Sequence[ShardRow]) -> float:
        """Make a row for each shard of a run that has none."""
        self.runs[run_id] = folder
        known = {shard.row.name for shard in self._of(run_id)}
        for row in rows:
            if row.name not in known:
                self.shards.append(Shard(run_id, row, self.now))
        self.shards.sort(key=lambda shard: shard.row.name)
        return self.now

    def versions(self, member: Member) -> set[str]:
        """Those of the live sessions of a run that are another than a member's."""
        versions = {one.member.version for one in self._live(member.run_id)}
        return versions - {member.version}

    def join(self, member: Member) -> None:
        """Begin a session."""
        self.sessions[member.session] = Session(member, self.now + member.lease_s)

    def renew(self, session: str) -> bool:
        """Renew a session that is not over."""
        one = self.sessions.get(session)
        if one is None or one.expires <= self.now:
            return False
        one.expires = self.now + one.member.lease_s
        return True

    def mine(self, session: str) -> dict[str, int]:
        """The epochs of the shards that a session owns."""
        return {shard.row.name: shard.epoch for shard in self._owned_by(session)}

    def take(self, member: Member, held: Iterable[str], room: float) -> Taken | Nothing | None:
        """Take a shard; None where the session is over."""
        session = self.sessions.get(member.session)
        if session is None or session.expires <= self.now:
            return None
        if self._rests(member):
            return Nothing(over=False, why="failed over")
        self._remove_sessions(member.host)
        held = set(held)
        for shard in self._owned_by(member.session):
            if shard.row.name not in held:
                shard.epoch += 1
                return Taken(shard=shard.row.name, epoch=shard.epoch)
        return self._choose(session, room, none_held=not held)

    def give_back(self, member: Member, taken: Taken, left: Left) -> None:
        """Let a shard go, if it is still the member's."""
        for shard in self._owned_by(member.session):
            if shard.row.name == taken.shard and shard.epoch == taken.epoch:
                shard.owner, shard.let_go, shard.state = "", self.now, left
                if left is Left.REFUSED:
                    shard.epoch, shard.state = shard.epoch - 1, Left.ENDED

    def leave(self, session: str) -> None:
        """End a session that sends nothing any more."""
        self.sessions.pop(session, None)
        self._free(session)

    def end_session(self, session: str) -> None:
        """End the session of a process that is dead."""
        if (one := self.sessions.get(session)) is not None:
            one.dead, one.expires = True, min(one.expires, self.now)

    def tell(self, run_id: str, order: Order) -> None:
        """Keep an order."""
        rates = self.rates.setdefault(run_id, {})
        match order:
            case Pause(by=by):
                self.paused[run_id] = by
            case Resume():
                self.paused.pop(run_id, None)
            case SlowTo(target=target, qps=None):
                rates.pop(target, None)
            case SlowTo(target=target, qps=qps):
                rates[target] = float(qps or 0)

    def told(
        self, member: Member, in_force: Mapping[str, float], before: Mapping[str, float]
    ) -> Told:
        """What the owner of a session is told, and what that leaves for the others.

        `before`: the shares that it was told before.
        """
        rates = self.rates.get(member.run_id, {})
        return Told(
            paused=member.run_id in self.paused,
            by=self.paused.get(member.run_id, ""),
            rates=dict(rates),
            shares=self._shares(member, rates, in_force, before),
            give_back=self._too_many(member),
        )

    def _of(self, run_id: str) -> list[Shard]:
        return [shard for shard in self.shards if shard.run_id == run_id]

    def _owned_by(self, session: str) -> list[Shard]:
        return [shard for shard in self.shards if shard.owner == session]

    def _live(self, run_id: str) -> list[Session]:
        every = self.sessions.values()
        return [one for one in every if one.member.run_id == run_id and one.expires > self.now]

    def _free(self, session: str) -> None:
        for shard in self._owned_by(session):
            shard.owner, shard.let_go = "", self.now

    def _rests(self, member: Member) -> bool:
        """Whether it has failed over lately, and may have lost who owns what."""
        if self.timeline != self.known_timeline:
            self.known_timeline = self.timeline
            every = (member, *(one.member for one in self.sessions.values()))
            terms = [Terms(lease_s=one.lease_s, timeout_s=one.timeout_s) for one in every]
            self.rests_until = self.now + max(one.lease_s + one.grace_s for one in terms)
        return self.rests_until > self.now

    def _remove_sessions(self, host: str) -> None:
        for name, one in list(self.sessions.items()):
            over = one.expires + one.terms.grace_s < self.now
            if over or (one.dead and one.member.host == host):
                del self.sessions[name]
                self._free(name)

    def _choose(self, session: Session, room: float, *, none_held: bool) -> Taken | Nothing:
        member = session.member
        every = self._of(member.run_id)
        mine = self._owned_by(member.session)
        owned = sum(bool(shard.owner) for shard in every)
        free = [one for one in every if not one.owner and one.is_open(member.began_s)]
        fair = math.ceil((owned + len(free)) / len(self._live(member.run_id)))
        busy = {
            app: self.runs[shard.run_id]
            for shard in self.shards
            if shard.run_id != member.run_id
            and (shard.owner or (shard.epoch and shard.let_go > self.now - SECOND_S))
            for app in shard.row.apps
        }
        for shard in free:
            fits = shard.row.qps <= room or none_held
            its_turn = len(mine) < fair or shard.let_go < self.now - IDLE_MOST_S
            if fits and its_turn and not busy.keys() & set(shard.row.apps):
                if shard.let_go <= self.now - SECOND_S:
                    shard.used = 0
                shard.owner, shard.taken, shard.share = member.session, self.now, 0
                shard.epoch, shard.state = shard.epoch + 1, Left.FREE
                return Taken(shard=shard.row.name, epoch=shard.epoch, follows=shard.epoch > 1)
        if len(mine) < fair:
            session.looked, session.room = self.now, room
        if not owned and not free:
            return Nothing(over=True)
        in_the_way = any(busy.keys() & set(shard.row.apps) for shard in free)
        return Nothing(over=False, why="app" if in_the_way else "")

    def _too_many(self, member: Member) -> frozenset[str]:
        session = self.sessions.get(member.session)
        live = self._live(member.run_id)
        if session is None or session not in live or session.asked_back >= self.now - REBALANCE_S:
            return frozenset()
        held = {one.member.session: len(self._owned_by(one.member.session)) for one in live}
        mine = held[member.session]
        if mine <= math.ceil(sum(held.values()) / len(held)):
            return frozenset()
        youngest = max(
            self._owned_by(member.session), key=lambda shard: (shard.taken, shard.row.name)
        )
        for one in live:
            has = held[one.member.session]
            looks = one.looked > self.now - IDLE_MOST_S
            if has < mine - 1 and looks and (one.room >= youngest.row.qps or not has):
                session.asked_back = self.now
                return frozenset({youngest.row.name})
        return frozenset()

    def _shares(
        self,
        member: Member,
        rates: Mapping[str, float],
        in_force: Mapping[str, float],
        before: Mapping[str, float],
    ) -> dict[str, float]:
        result: dict[str, float] = {}
        mine = {one.row.slice_of for one in self._owned_by(member.session)} - {""}
        rests = bool(mine) and self._rests(member)
        for target in sorted(mine):
            rows = [one for one in self._of(member.run_id) if one.row.slice_of == target]
            qps = rows[0].row.target_qps
            slices = [
                Slice(
                    name=one.row.name,
                    owned=bool(one.owner),
                    mine=one.owner == member.session,
                    share=one.share,
                    used=one.used,
                    warm=one.let_go > self.now - SECOND_S,
                )
                for one in rows
            ]
            divided = shares(min(qps, rates.get(target, qps)), slices, in_force)
            for one in rows:
                if one.row.name in divided:
                    one.share, one.used = divided[one.row.name]
                    if rests:
                        one.share = min(one.share, before.get(one.row.name, 0.0))
                    result[one.row.name] = one.share
        return result

    def copy(self) -> Model:
        """Itself at this moment: what a standby has."""
        return replace(
            self,
            runs=dict(self.runs),
            paused=dict(self.paused),
            rates={run: dict(rates) for run, rates in self.rates.items()},
            sessions={name: replace(one) for name, one in self.sessions.items()},
            shards=[replace(one) for one in self.shards],
        )
