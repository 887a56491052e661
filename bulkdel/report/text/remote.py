"""A remote verification as a page for people: the verdict first, then how it is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import RenderableType

from bulkdel.job.job import Job
from bulkdel.providers import PROVIDERS
from bulkdel.report.few import ROWS_MOST, few_counts
from bulkdel.report.figures import count, counted, moment, plain
from bulkdel.report.phrases import was
from bulkdel.report.remaining import Remaining
from bulkdel.report.remote import RemoteTarget, RemoteVerification, verdict
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, steps, table, words
from bulkdel.words import Mode

_PLACES: Final = {
    "from": "on From_Account's list alone",
    "to": "on To_Account's list alone",
    "both": "on both lists",
}
_DIGITS: Final = 3
_SAMPLES: Final = 3
"""Of many targets, how many have their sample's words."""


def remote_text(
    job: Job,
    told: RemoteVerification,
    command: Callable[..., str],
    *,
    again: str,
    width: int,
    colour: bool = False,
) -> str:
    """What a verification says.

    Args:
        job: whose run was verified.
        told: what it says.
        command: makes a command of a verb and its options.
        again: the command as it was given, which goes on with one that is not finished.
        width: of the page, in columns.
        colour: whether it may have colours.
    """
    return page(_parts(job, told, command, again), width, colour=colour)


def _parts(
    job: Job, told: RemoteVerification, command: Callable[..., str], again: str
) -> Iterator[RenderableType]:
    yield words(verdict(job, told), GOOD if told.ok else BAD)
    if told.sum("pairs"):
        yield words("")
        yield _counts(told)
    if places := _places(told):
        yield words("")
        yield words(places)
    if told.first:
        yield words("")
        yield words("The first that remain:" if _more(told) else "What remains:", TITLE)
        for one in told.first:
            yield words(named(one, several=len(told.targets) > 1), indent=2)
        if more := _more(told):
            yield words(f"and {count(more)} more", indent=2)
    if told.sum("unknown"):
        yield words("")
        yield words("Could not be asked for, the commonest reasons:", TITLE)
        yield table(
            ("target", f"{told.noun}s", "code", "what the provider said"),
            ("target", "what the provider said"),
            [
                (target.name, count(one.pairs), str(one.code), _reason(job, one.code, one.info))
                for target in _worst_first(told)[:ROWS_MOST]
                for one in target.codes
            ],
        )
    if told.sample is not None:
        yield from _sample(told)
    yield words("")
    yield words("How far this goes:", TITLE)
    for limit in limits(told):
        yield words(limit, indent=2)
    yield words("")
    yield facts(_facts(told))
    yield from steps(_next(told, command, again))


def _sample(told: RemoteVerification) -> Iterator[RenderableType]:
    yield words("")
    yield words("What the sample says:", TITLE)
    targets = _worst_first(told)
    shown = len(targets) if len(targets) <= ROWS_MOST else _SAMPLES
    for target in targets[:shown]:
        yield words(sampled(told, target), indent=2)
    if bounds := [one.bound.share for one in targets[shown:] if one.bound is not None]:
        yield words(
            f"Of {counted(len(bounds), 'other target')} likewise at most {_share(max(bounds))}, "
            "each by itself.",
            indent=2,
        )
    if sum(target.bound is not None for target in told.targets) > 1:
        yield words("The 95% are of each target by itself.", indent=2)


def _counts(told: RemoteVerification) -> RenderableType:
    titles = ["target", "asked for", "gone", "remain", "unknown"]
    keys = ["pairs", "gone", "remains", "unknown"]
    if told.sum("unsettled"):
        titles.append("no answer yet")
        keys.append("unsettled")
    rows = [(one.name, [getattr(one, key) for key in keys]) for one in _worst_first(told)]
    return table(
        titles, ("target",), [(name, *map(count, numbers)) for name, numbers in few_counts(rows)]
    )


def _worst_first(told: RemoteVerification) -> list[RemoteTarget]:
    """The targets; of more than a screen has rows for, those first of which not all is gone."""
    if len(told.targets) <= ROWS_MOST:
        return list(told.targets)
    return sorted(told.targets, key=lambda one: (-one.remains, -one.unknown, -one.unsettled))


def _places(told: RemoteVerification) -> str:
    """Where it remains, in numbers; empty where nothing does, or nobody can tell them apart."""
    if told.lists:
        friends = sum(target.friends for target in told.targets)
        return f"Friends on the lists that were to be empty: {count(friends)}." if friends else ""
    where = {word: sum(target.where[word] for target in told.targets) for word in _PLACES}
    if told.mode is Mode.ONE_WAY or not any(where.values()):
        return ""
    numbers = [f"{count(many)} {_PLACES[word]}" for word, many in where.items()]
    return f"Of what remains: {', '.join(numbers)}."


def named(one: Remaining, *, several: bool) -> str:
    """What remains, and where."""
    at = f" at {one.target}" if several else ""
    if one.to_id is None:
        return f"{plain(one.from_id)}{at}: {counted(one.friends, 'friend')} on the list"
    return f"{plain(one.from_id)} → {plain(one.to_id)}{at}, {_PLACES[one.where]}"


def _more(told: RemoteVerification) -> int:
    return told.sum("remains") - len(told.first)


def _reason(job: Job, code: int, info: str) -> str:
    kinds = {PROVIDERS[target.provider].words(code) for target in job.targets}
    return plain(info, 80) or "; ".join(sorted(kinds))


def sampled(told: RemoteVerification, target: RemoteTarget) -> str:
    """What a sample says of all that it was drawn from, in words and numbers."""
    noun, of_all = told.noun, counted(target.population, told.noun)
    if target.pairs >= target.population:
        return (
            f"{target.name}: the sample of {count(told.sample or 0)} is as large as all there is, "
            f"so all of the {of_all} are asked for, and nothing is left to chance."
        )
    drawn = (
        f"{target.name}: {count(target.pairs)} of {of_all} {was(target.pairs)} drawn at random, "
        f"with seed {told.seed}."
    )
    bound = target.bound
    if bound is None:
        return f"{drawn} What that says of the others is told when all of them have an answer."
    found = f"{count(target.remains) if target.remains else 'None'} of them remain"
    found += "" if target.remains > 1 else "s"
    if target.unknown:
        found += (
            f", and {count(target.unknown)} could not be asked for and {was(target.unknown)} "
            "counted as if they remained"
        )
    return (
        f"{drawn} {found}. So, with a confidence of 95%, at most {_share(bound.share)} of the "
        f"{of_all} remain: at most {counted(bound.pairs, noun)}. If more than that remained, a "
        "sample like this one would look so good in fewer than 1 of 20 cases."
    )


def _share(share: float) -> str:
    """A share in per cent, three digits of it, rounded up so that it never reads as less."""
    if not 0 < share < 1:
        return f"{share:.0%}"
    digits = max(0, _DIGITS - 1 - math.floor(math.log10(share * 100)))
    scale = 10**digits
    return f"{math.ceil(share * 100 * scale - 1e-9) / scale:.{digits}f}%"


def limits(told: RemoteVerification) -> Iterator[str]:
    """What a verification does not say."""
    if told.sum("not_asked"):
        not_asked = told.sum("not_asked")
        yield (
            f"{counted(not_asked, told.noun)} of the run {was(not_asked)} refused, or not sent to "
            "an answer yet: those are not in question here."
        )
    if told.lists:
        yield (
            "Each account's own list was asked for. Who still has a cleared account on a list of "
            "theirs cannot be seen: no call of the providers names them."
        )
    elif told.mode is Mode.ONE_WAY:
        yield (
            "From_Account's list was asked, as the job deletes there alone. To_Account's own list "
            "was not meant, and was not looked at."
        )
    else:
        yield "Both lists of each pair were asked."
    yield (
        "It says how it was when each was asked. A friendship that somebody has made again since "
        "the deletion remains like one that was never deleted."
    )


def _facts(told: RemoteVerification) -> Iterator[tuple[str, str]]:
    if told.began_ms is not None:
        ended = "" if told.ended_ms is None else f" to {moment(told.ended_ms)}"
        yield "asked", f"{moment(told.began_ms)}{ended}, {counted(told.sum('calls'), 'call')}"
    yield "every answer", f"{told.folder}/ledger.jsonl, one line each"


def _next(
    told: RemoteVerification, command: Callable[..., str], again: str
) -> Iterator[tuple[str, str]]:
    if told.sum("unsettled"):
        yield "To go on:", again
        return
    several = len(told.targets) > 1
    for target in _worst_first(told)[:ROWS_MOST]:
        if target.remains:
            options = ("--target", target.name) if several else ()
            file = f"remaining-{target.name}.csv" if several else "remaining.csv"
            at = f" at {target.name}" if several else ""
            yield (
                f"To list what remains{at}, as a file that a new job can read:",
                command("export", "--remaining", *options, "--output", file),
            )
    if not told.ok and told.sum("pairs"):
        yield "To ask anew, of all of it:", command("verify", "--remote", "--again")
