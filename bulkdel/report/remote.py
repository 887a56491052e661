"""A remote verification as facts, and as JSON: what was asked, what is gone, what remains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bulkdel.job.job import Job
from bulkdel.ledger.history import CodeCount
from bulkdel.report.beside import SideStatus, SideTarget
from bulkdel.report.bound import CONFIDENCE, Bound, bound_of
from bulkdel.report.figures import counted, stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.remaining import WHERE, Remaining
from bulkdel.words import Mode

SHOWN: Final = 10
"""Of what remains, how many are named."""

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "job": "its name",
    "run_dir": "the run directory, absolute",
    "folder": "of the verification, in the run directory",
    "ok": "whether all that was to be asked for was answered, and is gone",
    "verdict": "that in a sentence",
    "finished": "whether all of it has its status",
    "began_at": "when it first asked; null where it never did",
    "ended_at": "when it last ended; null likewise",
    "mode": "of the run: which lists were asked",
    "unit": 'what is counted: "pair", or "account" where whole lists were cleared',
    "sample": "how many of each target were to be drawn; null where all are asked for",
    "seed": "what they were drawn with; null likewise",
    "confidence": "of the bounds, one-sided",
    "targets.*.population": "pairs whose line says deleted or already_gone when it was begun",
    "targets.*.not_asked": "pairs of the run whose line says neither now: failed, or unsettled",
    "targets.*.pairs": "how many are to be asked for",
    "targets.*.gone": "of those, how many are gone",
    "targets.*.remains": "how many are still there",
    "targets.*.unknown": "how many could not be asked for",
    "targets.*.unsettled": "how many have no answer yet",
    "targets.*.where.from": "of those that remain, on From_Account's list alone",
    "targets.*.where.to": "on To_Account's list alone",
    "targets.*.where.both": "on both lists",
    "targets.*.friends": "on the lists that were to be empty, friends in all",
    "targets.*.calls": "calls that were sent",
    "targets.*.unknown_codes[].code": "why some could not be asked for: the provider's last code",
    "targets.*.unknown_codes[].info": "its text",
    "targets.*.unknown_codes[].pairs": "how many",
    "targets.*.bound": "what the sample bounds; null without a sample, or before all is answered",
    "targets.*.bound.share": "the largest share of the population that can remain",
    "targets.*.bound.pairs": "how many that would be, rounded up",
    "remaining[].target": "the first that remain",
    "remaining[].from_account": "as in the ledger",
    "remaining[].to_account": "likewise; null of a list",
    "remaining[].where": "from, to, both, or friends",
    "remaining[].friends": "how many are on that list; 0 of a pair",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTarget:
    """What came of one target.

    Attributes:
        population: pairs that there were to choose from.
        not_asked: pairs of the run that failed or are not settled, and so are not among them.
        where: of those that remain, by the word of the ledger.
        friends: on the lists that remain, in all.
        codes: why some are unknown; the commonest.
        bound: None where all are asked for, or some have no answer yet.
    """

    name: str
    population: int
    not_asked: int
    pairs: int
    gone: int
    remains: int
    unknown: int
    unsettled: int
    where: Mapping[str, int]
    friends: int
    calls: int
    codes: tuple[CodeCount, ...]
    bound: Bound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteVerification:
    """What a verification says; `first` are the first SHOWN that remain."""

    folder: str
    lists: bool
    mode: Mode
    sample: int | None
    seed: int | None
    began_ms: int | None
    ended_ms: int | None
    targets: tuple[RemoteTarget, ...]
    first: tuple[Remaining, ...]

    def sum(self, key: str) -> int:
        """Over all targets."""
        return sum(getattr(target, key) for target in self.targets)

    @property
    def ok(self) -> bool:
        """Whether all that was to be asked for was answered, and is gone."""
        return self.sum("gone") == self.sum("pairs")

    @property
    def noun(self) -> str:
        """What is counted."""
        return "account" if self.lists else "pair"

    @property
    def is_part(self) -> bool:
        """Whether less was drawn than there was."""
        return any(target.pairs < target.population for target in self.targets)


def remote_verification(
    status: SideStatus,
    remaining: Iterable[Remaining],
    *,
    mode: Mode,
    not_asked: Mapping[str, int],
) -> RemoteVerification:
    """What a verification says.

    Args:
        status: how it stands.
        remaining: what its ledger says remains; read to its end.
        mode: the run's.
        not_asked: by target, pairs of the run that are neither deleted nor already gone.
    """
    where: Counter[tuple[str, str]] = Counter()
    friends: Counter[str] = Counter()
    first: list[Remaining] = []
    for one in remaining:
        where[one.target, one.where] += 1
        friends[one.target] += one.friends
        if len(first) < SHOWN:
            first.append(one)
    return RemoteVerification(
        folder=status.folder,
        lists=status.origin.whole_lists,
        mode=mode,
        sample=status.origin.sample,
        seed=status.origin.seed,
        began_ms=status.began_ms,
        ended_ms=status.ended_ms,
        targets=tuple(
            _target(
                status,
                target,
                population,
                {word: where[target.name, word] for word in WHERE},
                friends[target.name],
                not_asked.get(target.name, 0),
            )
            for target, population in zip(status.targets, status.origin.population, strict=True)
        ),
        first=tuple(first),
    )


def _target(  # noqa: PLR0917  # all that is known of it
    status: SideStatus,
    target: SideTarget,
    population: int,
    where: Mapping[str, int],
    friends: int,
    not_asked: int,
) -> RemoteTarget:
    counts = target.by_status(status.errand)
    bad = counts["remains"] + counts["unknown"]
    bound = None
    if 0 < target.pairs < population and not target.unsettled:
        bound = bound_of(population, target.pairs, bad)
    return RemoteTarget(
        name=target.name,
        population=population,
        not_asked=not_asked,
        pairs=target.pairs,
        gone=counts["gone"],
        remains=counts["remains"],
        unknown=counts["unknown"],
        unsettled=target.unsettled,
        where=where,
        friends=friends,
        calls=target.counters.calls,
        codes=tuple(one for one in status.failed if one.target == target.name),
        bound=bound,
    )


def verdict(job: Job, told: RemoteVerification) -> str:
    """What a verification says, in a sentence or two."""
    pairs, gone, left = told.sum("pairs"), told.sum("gone"), told.sum("unsettled")
    remains, unknown = told.sum("remains"), told.sum("unknown")
    all_of_them = counted(pairs, told.noun)
    drawn = " drawn at random" if told.is_part else ""
    if not pairs:
        return f"{job.name}: nothing to ask for, since nothing is deleted or already gone."
    if left:
        so_far = f"{remains:,} remain" if remains else "none remains"
        asked = pairs - left
        return (
            f"{job.name}: not finished. {asked:,} of {all_of_them}{drawn} have an answer; so far "
            f"{so_far}."
        )
    if remains:
        words = f"{job.name}: {remains:,} of {all_of_them}{drawn} REMAIN."
        return f"{words} {unknown:,} more could not be asked for." if unknown else words
    if unknown:
        return (
            f"{job.name}: {unknown:,} of {all_of_them}{drawn} could not be asked for, and may "
            f"remain. The other {gone:,} are gone."
        )
    return f"{job.name}: nothing remains of the {all_of_them}{drawn} that were asked for."


def remote_json(job: Job, told: RemoteVerification) -> bytes:
    """One JSON object; ends with a newline."""
    return json_text(
        {
            "version": VERSION,
            "job": job.name,
            "run_dir": str(job.run_dir),
            "folder": told.folder,
            "ok": told.ok,
            "verdict": verdict(job, told),
            "finished": not told.sum("unsettled"),
            "began_at": None if told.began_ms is None else stamp(told.began_ms),
            "ended_at": None if told.ended_ms is None else stamp(told.ended_ms),
            "mode": str(told.mode),
            "unit": told.noun,
            "sample": told.sample,
            "seed": told.seed,
            "confidence": CONFIDENCE,
            "targets": {target.name: _target_json(target) for target in told.targets},
            "remaining": [
                {
                    "target": one.target,
                    "from_account": one.from_id,
                    "to_account": one.to_id,
                    "where": one.where,
                    "friends": one.friends,
                }
                for one in told.first
            ],
        }
    )


def _target_json(target: RemoteTarget) -> dict[str, Any]:
    counts = ("population", "not_asked", "pairs", "gone", "remains", "unknown", "unsettled")
    bound = target.bound
    return {
        **{key: getattr(target, key) for key in counts},
        "where": dict(target.where),
        "friends": target.friends,
        "calls": target.calls,
        "unknown_codes": [
            {"code": one.code, "info": one.info, "pairs": one.pairs} for one in target.codes
        ],
        "bound": None if bound is None else {"share": bound.share, "pairs": bound.pairs},
    }
