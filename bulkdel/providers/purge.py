"""What a pair that failed means for a purge: is the friendship still there, and what is to be done.

A provider's own codes that can refuse a pair for good are in its code table. Here is what holds for
the other codes, which a pair has failed with where an operator closed the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from bulkdel.words import NEVER_SENT, NO_REPLY, UNREADABLE, Verdict


class Friendship(StrEnum):
    """Whether the friendship of a pair that failed is there afterwards, if it was there before."""

    STANDS = "still_there"  #: the call was refused, so nothing was removed
    UNCERTAIN = "not_known"  #: nothing that is documented says so, or an answer was lost
    NONE = "none"  #: there can be no such friendship


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What a pair that failed with a code means for whoever must have the friendship removed.

    Attributes:
        friendship: whether it is to be taken as there.
        words: why, in sentences.
        mend: what to do, in sentences.
        source: how that is known, such as where the provider documents it; empty where it is not
            documented.
    """

    friendship: Friendship
    words: str
    mend: str
    source: str = ""


_AGAIN: Final = "Run these pairs again in a new job."
_ASK_OR_AGAIN: Final = (
    "Run these pairs again in a new job: what is gone by then is answered as already gone."
)


def stands(words: str, mend: str = _AGAIN, source: str = "") -> Purge:
    """Nothing was removed."""
    return Purge(friendship=Friendship.STANDS, words=words, mend=mend, source=source)


def uncertain(words: str, mend: str = _ASK_OR_AGAIN, source: str = "") -> Purge:
    """Nobody can say."""
    return Purge(friendship=Friendship.UNCERTAIN, words=words, mend=mend, source=source)


LOST: Final = uncertain("The server failed, and may have removed the friendship before it did.")
UNREADY: Final = stands("The provider was not ready, and refused the call before looking at it.")
NOT_DOCUMENTED: Final = uncertain(
    "No documentation says what this code means for a deletion.",
    f"Ask the provider what it means. {_ASK_OR_AGAIN}",
)
REFUSED_FOR_GOOD: Final = uncertain("The provider refused the pair for good.")

BY_VERDICT: Final[Mapping[Verdict, Purge]] = {
    Verdict.ALREADY_GONE: uncertain(
        'The provider answered "not a friend", and the run was closed before that was certain: '
        "the other side was not asked yet, or the answer was for several accounts at once."
    ),
    Verdict.FAILED: REFUSED_FOR_GOOD,
    Verdict.THROTTLED: stands("The last call was refused for its rate, so it removed nothing."),
    Verdict.RESIGN: stands(
        "The provider refused the credentials, so the last call removed nothing.",
        f"Correct the credentials. {_AGAIN}",
    ),
    Verdict.FATAL: stands(
        "The provider refused the app, its permission or the request, so the last call removed "
        "nothing.",
        f"Put right what the code names. {_AGAIN}",
    ),
    Verdict.SPLIT: stands("The provider refused the call as a whole, so it removed nothing."),
}

_BULKDEL: Final = "none of the provider's codes: bulkdel itself found it so"
OWN: Final[Mapping[int, Purge]] = {
    NO_REPLY: uncertain(
        "No answer came to the last call, so the provider may have carried it out.",
        source=_BULKDEL,
    ),
    UNREADABLE: uncertain(
        "The last answer could not be read, so the provider may have carried the call out.",
        source=_BULKDEL,
    ),
    NEVER_SENT: stands("The run was closed before any call had carried the pair.", source=_BULKDEL),
}
"""Of the codes that are bulkdel's own."""


def of_status(status: int) -> Purge:
    """Of an HTTP status that came without a code of the provider."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return stands("The last call was refused on its way, so it removed nothing.")
    return uncertain(
        "The answer did not say what became of the call; it may have been carried out."
    )
