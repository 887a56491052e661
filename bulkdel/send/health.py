"""What a reply, or none, means beyond its pairs: for the breaker, and in words. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bulkdel.providers.protocol import Provider
from bulkdel.providers.stars import starred_answer
from bulkdel.send.breaker import Sign
from bulkdel.send.judge import Judgement
from bulkdel.send.transport import NoReply, Reply
from bulkdel.words import NO_REPLY, UNREADABLE, Answer, Entry, Ruling, Verdict

GATEWAY_STATUS: Final = 500
"""HTTP statuses from here on are a server's trouble."""
HOLD_MOST_S: Final = 3600.0
"""The longest Retry-After that is believed, in seconds."""
SKEW_S: Final = 120.0
"""A difference of clocks that is worth telling, in seconds."""


def answer_of(
    provider: Provider, load: Entry, reply: Reply | NoReply, hidden: tuple[str, ...]
) -> Answer:
    """What came back, or did not, ruled for each id that the call carried.

    No text of it holds a piece of what is `hidden`.
    """
    if isinstance(reply, NoReply):
        return Answer(
            rest=Ruling(
                verdict=Verdict.TRANSIENT, code=NO_REPLY, info=reply.reason, lost=reply.left
            )
        )
    answer = starred_answer(provider.decode(load, reply.status, reply.body), hidden)
    if reply.retry_after_s is None or answer.rest.verdict is not Verdict.THROTTLED:
        return answer
    hold_s = min(reply.retry_after_s, HOLD_MOST_S)
    return replace(answer, rest=replace(answer.rest, hold_s=hold_s))


def sign_of(judgement: Judgement) -> Sign:
    """What a call that left told of the provider's health."""
    if judgement.settled or judgement.moved or judgement.first(Verdict.SPLIT):
        return Sign.ACCEPTED
    if judgement.first(Verdict.RESIGN) or judgement.first(Verdict.FATAL):
        return Sign.REFUSED
    ruling = judgement.rulings[0]
    if ruling.code in (NO_REPLY, UNREADABLE):
        return Sign.SILENT
    if GATEWAY_STATUS <= ruling.code < GATEWAY_STATUS + 100 and ruling.lost:
        return Sign.GATEWAY
    if not ruling.known:
        return Sign.ODD
    return Sign.FAILING if ruling.lost else Sign.ALIVE


def refusal(provider: Provider, ruling: Ruling, *, skew_s: float | None) -> str:
    """Why a lane stopped for its credentials, as a sentence."""
    said = f' "{ruling.info}"' if ruling.info else ""
    words = f"{provider.title} refused the app or its credentials: code {ruling.code}{said}"
    if skew_s is not None and abs(skew_s) > SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        words += f"; this machine's clock is {abs(skew_s):.0f} s {way} the server's"
    return words
