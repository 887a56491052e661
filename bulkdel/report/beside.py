"""How a run beside a run stands: its books, whatever its calls do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bulkdel import files
from bulkdel.ledger.history import MOST_CODES, CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Origin
from bulkdel.words import STATUSES, Errand


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTarget:
    """One target's books: what there is to do, and what was done over all starts."""

    name: str
    pairs: int
    counters: Counters

    @property
    def unsettled(self) -> int:
        """What has no final status yet."""
        return self.pairs - self.counters.settled

    def by_status(self, errand: Errand) -> dict[str, int]:
        """How many have each status, by its word in the ledger."""
        return {
            STATUSES[errand][verdict]: count
            for verdict, count in self.counters.by_status.items()
            if verdict in STATUSES[errand]
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SideStatus:
    """A run beside a run as it stands.

    Attributes:
        folder: its name in the run directory.
        origin: what its plan was made of.
        targets: in the plan's order.
        failed: the commonest codes of what failed or could not be asked.
        began_ms, ended_ms: of its first start, and of the end of its last; Unix milliseconds.
        end: how that ended, in words; empty while it lives or where nobody knows.
        at_work: whether a process works on it now.
    """

    folder: str
    errand: Errand
    origin: Origin
    targets: tuple[SideTarget, ...]
    failed: tuple[CodeCount, ...] = ()
    began_ms: int | None = None
    ended_ms: int | None = None
    end: str = ""
    at_work: bool = False

    @property
    def unsettled(self) -> int:
        """What has no final status yet, over all targets."""
        return sum(target.unsettled for target in self.targets)

    @property
    def pairs(self) -> int:
        """What there is to do, over all targets: pairs or lists."""
        return sum(target.pairs for target in self.targets)

    @property
    def has_begun(self) -> bool:
        """Whether calls of it may have left, or some of it is settled."""
        done = any(one.counters.calls or one.counters.settled for one in self.targets)
        return done or self.began_ms is not None

    @property
    def state(self) -> str:
        """Where it is in its life: planned, running, stopped or finished."""
        if self.at_work:
            return "running"
        if self.is_finished:
            return "finished"
        return "planned" if self.began_ms is None else "stopped"

    @property
    def is_finished(self) -> bool:
        """Whether all of it has its final status."""
        return self.unsettled == 0

    @property
    def words(self) -> tuple[str, ...]:
        """The statuses that its ledger has."""
        return tuple(STATUSES[self.errand].values())

    @property
    def is_part(self) -> bool:
        """Whether less of some target was drawn than there was."""
        population = self.origin.population
        return any(one.pairs < all_ for one, all_ in zip(self.targets, population, strict=False))

    def count(self, status: str) -> int:
        """How many have this status, over all targets."""
        return sum(target.by_status(self.errand)[status] for target in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFacts:
    """A run beside a run as the report shows it.

    Attributes:
        notes: what else is to be known, a sentence each.
        first: the first of what is still there: target, and what and where.
        more: how many there are that are not among `first`.
        codes: the commonest codes of what failed or could not be asked for, in words.
    """

    status: SideStatus
    notes: tuple[str, ...] = ()
    first: tuple[tuple[str, str], ...] = ()
    more: int = 0
    codes: tuple[tuple[CodeCount, str], ...] = ()


def together(sides: Sequence[SideStatus], names: Sequence[str]) -> SideStatus:
    """The runs of one kind beside all shards of a run, at least one, as if they were one.

    `names` are the run's targets, in order; one that none of them has is left out.
    """
    if len(sides) == 1:
        return sides[0]
    targets: dict[str, SideTarget] = {}
    population: Counter[str] = Counter()
    unheld: Counter[str] = Counter()
    for side in sides:
        for at, one in enumerate(side.targets):
            seen = targets.get(one.name, SideTarget(name=one.name, pairs=0, counters=Counters()))
            targets[one.name] = SideTarget(
                name=one.name, pairs=seen.pairs + one.pairs, counters=seen.counters + one.counters
            )
            population[one.name] += sum(side.origin.population[at : at + 1])
            unheld[one.name] += sum(side.origin.unheld[at : at + 1])
    names = [name for name in names if name in targets]
    origin = replace(
        sides[0].origin,
        population=tuple(population[name] for name in names),
        unheld=tuple(unheld[name] for name in names),
    )
    began = [one.began_ms for one in sides if one.began_ms is not None]
    ended = [one.ended_ms for one in sides if one.ended_ms is not None]
    return replace(
        sides[0],
        origin=origin,
        targets=tuple(targets[name] for name in names),
        failed=_commonest(code for one in sides for code in one.failed),
        began_ms=min(began, default=None),
        ended_ms=max(ended, default=None),
        end="; ".join(dict.fromkeys(one.end for one in sides if one.end)),
        at_work=any(one.at_work for one in sides),
    )


def _commonest(codes: Iterable[CodeCount]) -> tuple[CodeCount, ...]:
    """Each target's codes once, with the pairs of all its slices; those with most pairs first."""
    found: dict[tuple[str, int], CodeCount] = {}
    for one in codes:
        seen = found.get((one.target, one.code))
        found[one.target, one.code] = replace(one, pairs=one.pairs + (seen.pairs if seen else 0))
    return tuple(sorted(found.values(), key=lambda one: -one.pairs)[:MOST_CODES])


def undo_of(beside: Sequence[SideStatus]) -> SideStatus | None:
    """The undo among the runs beside a run, if one was begun: nothing more of the run is sent."""
    undo = _of(beside, Errand.PUT_BACK)
    return undo if undo is not None and undo.has_begun else None


def backup_of(beside: Sequence[SideStatus]) -> SideStatus | None:
    """The backup among them."""
    return _of(beside, Errand.PULL)


def _of(beside: Sequence[SideStatus], errand: Errand) -> SideStatus | None:
    return next((one for one in beside if one.errand is errand), None)


def verification_of(beside: Sequence[SideStatus]) -> SideStatus | None:
    """The latest verification among them; a canary's is none, for it asked for some."""
    folder = files.VERIFICATION
    return next((one for one in beside if one.folder.partition("-")[0] == folder), None)
