"""What a statement and a certificate say, in words for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from bulkdel.evidence.statement import (
    Certificate,
    StatedCheck,
    StatedTarget,
    Statement,
)
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.phrases import unit
from bulkdel.words import Mode, Operation

_WHAT = {
    (Operation.DELETE_FRIENDS, Mode.ONE_WAY): (
        "friendships removed from the list of the one account of each pair (delete_friends, "
        "one_way)"
    ),
    (Operation.DELETE_FRIENDS, Mode.TWO_WAY): (
        "friendships removed from the lists of both accounts (delete_friends, two_way)"
    ),
    (Operation.DELETE_ALL_FRIENDS, Mode.ONE_WAY): (
        "whole friend lists cleared; others may still list the account (delete_all_friends, "
        "one_way)"
    ),
    (Operation.DELETE_ALL_FRIENDS, Mode.TWO_WAY): (
        "whole friend lists cleared, and the account taken off its friends' lists "
        "(delete_all_friends, two_way)"
    ),
}
_DELETION = {
    "deleted": ("Removed", "the provider said so"),
    "already_gone": ("Already gone", "the provider said that there was nothing to remove"),
    "failed": ("NOT removed", "the provider refused it"),
}
_CHECK = {
    "gone": "gone",
    "remains": "STILL THERE",
    "unknown": "could not be asked for",
}


def statement_facts(one: Statement) -> list[tuple[str, str]]:
    """What a statement says, name and words."""
    noun = unit(Operation(one.operation))
    request = one.request
    asked = " ".join(filter(None, (request.id, request.reason)))
    found = [
        ("Job", plain(one.job)),
        ("Request", plain(asked, 700)) if asked else None,
        ("Asked for", moment(request.requested_at)) if request.requested_at else None,
        ("To be done by", moment(request.deadline)) if request.deadline else None,
        ("What", _WHAT[Operation(one.operation), Mode(one.mode)]),
        ("When", f"{moment(one.began_at)} to {moment(one.ended_at)}"),
        ("Sealed", f"{moment(one.sealed_at)} by bulkdel {plain(one.bulkdel)}"),
        *(
            (
                plain(target.name),
                target_words(target, noun),
            )
            for target in one.targets
        ),
        *((f"Checked, {plain(check.target)}", check_words(check)) for check in one.verification),
        None if one.verification else ("Checked", "nobody asked the provider afterwards"),
        ("Put back", f"{count(one.undone)} (undo)") if one.undone else None,
    ]
    return [fact for fact in found if fact is not None]


def moment(stamp: str | None) -> str:
    """A statement's time for a person: "2026-11-26 13:21:01 UTC"."""
    if stamp is None:
        return "an unknown time"
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def place_words(target: StatedTarget) -> str:
    """Where that is: the provider, its app, and the region."""
    return plain(f"{target.provider} app {target.app_id} {target.region}".strip())


def target_words(target: StatedTarget, noun: str) -> str:
    """What became of one app's pairs, in a sentence."""
    return (
        f"{place_words(target)}: {counted(target.pairs, noun)} = {count(target.deleted)} deleted + "
        f"{count(target.already_gone)} already gone + {count(target.failed)} failed"
    )


def check_words(check: StatedCheck) -> str:
    """What the provider said afterwards of one target, in a sentence."""
    said = (
        f"{count(check.asked)} of {count(check.pairs)} asked for: {count(check.gone)} gone, "
        f"{count(check.remains)} still there, {count(check.unknown)} without an answer"
    )
    if check.asked >= check.pairs:
        return said
    return (
        f"{said}. They were drawn at random, so of all {count(check.pairs)} at most "
        f"{count(check.pairs_most)} ({check.share_most:.2%}) can remain, at 95 % confidence"
    )


def certificate_books(certificate: Certificate, statement: Statement) -> Iterator[tuple[str, str]]:
    """What was done for the person, counted: how much of what, where, when, how it was checked."""
    lines = [orjson.loads(entry.line) for entry in certificate.entries]
    cleared = Operation(statement.operation) is Operation.DELETE_ALL_FRIENDS
    statuses = Counter(line.get("status", "") for line in lines)
    for status, (name, why) in _DELETION.items():
        if found := statuses[status]:
            what = counted(found, "whole friend list" if cleared else "friendship")
            yield name, f"{what}: {why}"
    if friends := {one for line in lines if (one := _friend(line, certificate.pseudonym))}:
        yield "Friends", f"{count(len(friends))}, named here by pseudonyms only"
    there = {line.get("target") for line in lines}
    places = [place_words(one) for one in statement.targets if one.name in there]
    yield "Where", "; ".join(places)
    times = sorted(at for line in lines if (at := line.get("at")))
    if times:
        until = "" if times[0] == times[-1] else f" to {moment(times[-1])}"
        yield "When", f"{moment(times[0])}{until}"
    checks = Counter(orjson.loads(one.line).get("status", "") for one in certificate.verification)
    said = [
        f"{count(checks[status])} {words}" for status, words in _CHECK.items() if checks[status]
    ]
    told = f"the provider was asked again: {', '.join(said)}"
    yield "Checked", told if said else "nobody asked the provider about this account afterwards"
    if statement.undone:
        words = f"{count(statement.undone)} of the whole work; whose, this page cannot say"
        yield "Put back later", words


def entry_rows(certificate: Certificate, statement: Statement) -> Iterator[tuple[str, ...]]:
    """Each entry as a row: place among the lines, target, friend, what, code, when, checked."""
    apps = {one.name: f"{one.provider} app {one.app_id}" for one in statement.targets}
    checks = {
        _key(line): line.get("status", "")
        for line in (orjson.loads(one.line) for one in certificate.verification)
    }
    for entry in certificate.entries:
        line: dict[str, Any] = orjson.loads(entry.line)
        target = str(line.get("target", ""))
        yield (
            count(entry.index + 1),
            plain(apps.get(target, target)),
            plain(_friend(line, certificate.pseudonym) or "the whole list"),
            plain(str(line.get("status", "")).replace("_", " ")),
            str(line.get("code", "")),
            moment(line.get("at")),
            _CHECK.get(checks.get(_key(line), ""), "not asked"),
        )


def _key(line: dict[str, Any]) -> tuple[Any, ...]:
    return line.get("target"), line.get("from_account"), line.get("to_account")


def _friend(line: dict[str, Any], pseudonym: str) -> str | None:
    """The other end of a line; None of a whole list."""
    ends = (line.get("from_account"), line.get("to_account"))
    other = ends[1] if ends[0] == pseudonym else ends[0]
    return other if isinstance(other, str) else None
