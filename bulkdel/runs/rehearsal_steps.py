"""The steps of a rehearsal as values: each is one call, and none knows what it is for."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias, TypeVar

from bulkdel.providers.rehearsal import Said
from bulkdel.words import Mode, Verdict

Edge: TypeAlias = tuple[str, str]
"""An account, and one that is on its list."""


class Deed(Enum):
    """What a step does."""

    ASK = auto()  #: how an account and others have each other; changes nothing
    ASK_LIST = auto()  #: whether an account's list is empty; changes nothing
    AGAIN = auto()  #: the very call of the step before, signature and all
    ADD = auto()  #: puts another on an account's list
    DELETE = auto()  #: takes others off an account's list
    CLEAR = auto()  #: clears an account's list


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call.

    Attributes:
        account: whose list it is about.
        others: whom else.
        mode: of a deletion.
        watched: whether its very answer is what is to be found out: it is never tried again by
            itself where it may have been carried out, and a refusal is an answer.
    """

    deed: Deed
    account: str
    others: tuple[str, ...] = ()
    mode: Mode = Mode.ONE_WAY
    watched: bool = False


class Spoiled(Exception):
    """No answer came of which anything can be said; holds why, in words."""


T = TypeVar("T")
Script: TypeAlias = Generator[Step, Said, T]
"""Yields steps, and is sent what came of each."""

ANSWERED: Final = (Verdict.DELETED, Verdict.ALREADY_GONE)
"""The verdicts of a question that was answered: nothing is there, something is."""


def edges_of(account: str, said: Said) -> set[Edge] | None:
    """Who has whom, by the answer to an ASK about an account; None where part of it is unknown."""
    edges: set[Edge] = set()
    for other, ruling in said.items:
        if ruling.verdict not in ANSWERED:
            return None
        if ruling.note in ("from", "both"):
            edges.add((account, other))
        if ruling.note in ("to", "both"):
            edges.add((other, account))
    return edges
