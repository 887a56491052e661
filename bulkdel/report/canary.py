"""A canary: some accounts first, then checked at the provider. How it went, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulkdel.job.beside import Then
from bulkdel.job.job import Job
from bulkdel.report.figures import count, counted, span
from bulkdel.report.phrases import unit
from bulkdel.words import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryTarget:
    """How a target's canary went.

    Attributes:
        accounts: how many were drawn.
        deleted, already_gone, failed: of their pairs, what the run's ledger says.
        gone, remains, unknown: what the provider answered afterwards.
        example: a pair that remains or could not be asked for, as text; empty where there is none.
    """

    name: str
    accounts: int
    deleted: int = 0
    already_gone: int = 0
    failed: int = 0
    gone: int = 0
    remains: int = 0
    unknown: int = 0
    example: str = ""


def canary_fact(job: Job) -> Iterator[tuple[str, str]]:
    """What a job's canary is, and what follows it; nothing where it has none."""
    if job.canary is None:
        return
    whose = counted(job.canary.accounts, "account")
    match job.canary.then:
        case Then.ASK:
            follows = "the rest once somebody has said yes"
        case Then.GO:
            follows = "the rest"
        case seconds:
            follows = f"after {span(seconds)} the rest"
    first = f"{whose} of each target first, drawn at random"
    yield "canary", f"{first}; if the provider says that they are done, {follows}"


def canary_faults(
    targets: Sequence[CanaryTarget], max_failed: int, operation: Operation
) -> dict[str, str]:
    """Why nothing may follow this canary, by target, a sentence's part; nothing where all may."""
    found = {
        one.name: "; ".join(_faults(one, max_failed, unit(operation), _still(operation)))
        for one in targets
    }
    return {name: words for name, words in found.items() if words}


def _faults(one: CanaryTarget, max_failed: int, noun: str, still: str) -> Iterator[str]:
    such = f", such as {one.example}" if one.example else ""
    if one.remains:
        yield (
            f"{counted(one.remains, noun)} of the canary {still}, though the provider said that "
            f"all was done{such}"
        )
    if one.unknown:
        such = "" if one.remains else such
        yield f"{counted(one.unknown, noun)} of the canary could not be asked for{such}"
    if one.failed > max_failed:
        most = f"more than canary.max_failed = {max_failed}"
        yield f"{counted(one.failed, noun)} of the canary failed, {most}"


def _still(operation: Operation) -> str:
    if operation is Operation.DELETE_ALL_FRIENDS:
        return "still have friends on their lists"
    return "are still friends"


def canary_lines(targets: Sequence[CanaryTarget], operation: Operation) -> list[str]:
    """A line for each target: what was done, and what the provider says of it."""
    lines = []
    for one in targets:
        done = [
            f"{count(number)} {words}"
            for number, words in (
                (one.deleted, "deleted"),
                (one.already_gone, "already gone"),
                (one.failed, "failed"),
            )
            if number
        ]
        asked = one.gone + one.remains + one.unknown
        said = f"{count(one.gone)} of {count(asked)} {unit(operation)}s are gone"
        lines.append(
            f"{one.name}: {counted(one.accounts, 'account')}; {', '.join(done) or 'nothing sent'}; "
            f"asked afterwards: {said}"
        )
    return lines


def canary_question(left: int, operation: Operation) -> str:
    """What a person is asked when a canary is as it should be."""
    return f"Go on with the other {counted(left, unit(operation))}? Type yes to go on: "
