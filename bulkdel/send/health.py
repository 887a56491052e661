"""What a call says of the provider's health, for the breaker: pure."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from bulkdel.send.judge import Judgement
from bulkdel.words import NO_REPLY, UNREADABLE, Verdict

GATEWAY_STATUS: Final = 500
"""HTTP statuses from here on are a server's trouble."""


class Health(Enum):
    """What a call says of the provider's health."""

    ACCEPTED = auto()  #: it took the call and ruled on it
    ALIVE = auto()  #: it answered with a code that says nothing of its health
    FAILING = auto()  #: it answered, and reported a failure of its own
    ODD = auto()  #: it answered with a code that is in no table
    REFUSED = auto()  #: it refused the credentials
    SILENT = auto()  #: no readable answer
    GATEWAY = auto()  #: something else answered for it
    ABSENT = auto()  #: it was not reached


UNANSWERED: Final = frozenset({Health.SILENT, Health.GATEWAY, Health.ABSENT})
"""While the breaker is not closed these use up no attempt."""


def health_of(judgement: Judgement) -> Health:
    """What the answer of a call says of the provider's health."""
    went_on = judgement.first(Verdict.SPLIT) or judgement.first(Verdict.MORE)
    if judgement.settled or judgement.moved or went_on:
        return Health.ACCEPTED
    if judgement.first(Verdict.RESIGN) or judgement.first(Verdict.FATAL):
        return Health.REFUSED
    ruling = judgement.rulings[0]
    if ruling.code in (NO_REPLY, UNREADABLE):
        return Health.SILENT
    if GATEWAY_STATUS <= ruling.code < GATEWAY_STATUS + 100 and ruling.lost:
        return Health.GATEWAY
    if not ruling.known:
        return Health.ODD
    return Health.FAILING if ruling.lost else Health.ALIVE
