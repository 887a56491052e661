"""What an answer settles of an entry and what is left of it: pure, and the only place that says so.

reply  ──answer_of──▶  Answer  ──judge──▶  Judgement: settlement, parts left, rulings
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from bulkdel.ledger.values import Group, Outcome, Part, Settlement
from bulkdel.providers.stars import nameless, starred_answer
from bulkdel.send.deed import Deed
from bulkdel.send.transport import NoReply, Reply
from bulkdel.words import NO_REPLY, Answer, Batch, Entry, Ruling, Verdict, size_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What becomes of an entry after one call.

    Attributes:
        settlement: None where nothing was settled.
        parts: all that is unsettled of the entry now, in the order of sending.
        settled: how many items the call settled.
        moved: how many it put in reserve.
        rulings: the distinct rulings of the answer that left something unsettled; they are told to
            people and logs, so their texts are without the entry's accounts.
        lost: whether any item may have been carried out without a definite verdict.
    """

    settlement: Settlement | None
    parts: tuple[Part, ...]
    settled: int
    moved: int = 0
    rulings: tuple[Ruling, ...]
    lost: bool

    def first(self, verdict: Verdict) -> Ruling | None:
        """A ruling that left something unsettled for this reason, if there is one."""
        return next((one for one in self.rulings if one.verdict is verdict), None)

    @property
    def last(self) -> Ruling | None:
        """The ruling that stands for all that is unsettled: none where a call only goes on."""
        return next((one for one in self.rulings if one.verdict is not Verdict.MORE), None)


_Alike: TypeAlias = tuple[Verdict, int, str, int, str]
"""Verdict, code, info, lost answers and note: what is the same of all items of a group."""

HOLD_MOST_S: Final = 3600.0
"""The longest Retry-After that is believed, in seconds."""


def size(entry: Entry, part: Part) -> int:
    """How many items a part has."""
    return size_of(entry) if part.items is None else len(part.items)


def load_of(entry: Entry, part: Part) -> Entry:
    """The entry as a call carries it: with the items of `part` only."""
    if not isinstance(entry, Batch) or (part.items is None and not part.attempts):
        return entry
    items, data = _positions(entry, part), entry.data
    return Batch(
        entry.ordinal,
        entry.from_account,
        tuple(entry.to_accounts[i] for i in items),
        data=None if data is None else tuple(data[i] for i in items),
        attempts=part.attempts,
    )


def split_at(entry: Entry, part: Part, count: int) -> tuple[Part, Part]:
    """The first `count` items and the others, histories kept."""
    items = _positions(entry, part)
    return _some(part, items[:count]), _some(part, items[count:])


def divided(
    entry: Entry, parts: tuple[Part, ...], chosen: Sequence[int]
) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The parts with the `chosen` positions, and those with the others, histories kept."""
    wanted = frozenset(chosen)
    sent, kept = [], []
    for part in parts:
        items = _positions(entry, part)
        here = [item for item in items if item in wanted]
        if len(here) == len(items):
            sent.append(part)
        elif here:
            sent.append(_some(part, here))
            kept.append(_some(part, [item for item in items if item not in wanted]))
        else:
            kept.append(part)
    return tuple(sent), tuple(kept)


def outcome_of(entry: Entry, target: int, judgement: Judgement) -> Outcome:
    """What is to be recorded of a call for `entry` to the target at this index of the plan."""
    last = judgement.last
    return Outcome(
        entry=entry,
        target=target,
        settlement=judgement.settlement,
        parts=judgement.parts,
        code=last.code if last else 0,
        info=last.info if last else "",
        throttled=judgement.first(Verdict.THROTTLED) is not None,
        lost=judgement.lost,
    )


def answer_of(deed: Deed, load: Entry, reply: Reply | NoReply, hidden: tuple[str, ...]) -> Answer:
    """What came back, or did not, ruled for each id that the call carried.

    No text of it holds a piece of what is `hidden`.
    """
    if isinstance(reply, NoReply):
        return Answer(
            rest=Ruling(
                verdict=Verdict.TRANSIENT, code=NO_REPLY, info=reply.reason, lost=reply.left
            )
        )
    answer = starred_answer(deed.answer(load, reply.status, reply.body), hidden)
    if reply.retry_after_s is None or answer.rest.verdict is not Verdict.THROTTLED:
        return answer
    hold_s = min(reply.retry_after_s, HOLD_MOST_S)
    return replace(answer, rest=replace(answer.rest, hold_s=hold_s))


def judge(entry: Entry, parts: tuple[Part, ...], answer: Answer, *, at_ms: int) -> Judgement:
    """What a call that carried `parts[0]` settled, by what its answer says of each item."""
    sent, others = parts[0], parts[1:]
    attempts = sent.attempts + 1
    if not answer.items and not sent.lost_more and answer.rest.verdict.settles:
        # The usual case, in a time that does not depend on the size of the batch.
        group = Group(
            status=answer.rest.verdict,
            code=answer.rest.code,
            info=answer.rest.info,
            lost=sent.lost,
            items=None,
            in_reserve=_in_reserve(entry, answer.rest.verdict),
            note=answer.rest.note,
        )
        whole = Settlement(of=sent.items, left=(), groups=(group,), attempts=attempts, at_ms=at_ms)
        count = size(entry, sent)
        return Judgement(
            settlement=whole,
            parts=others,
            settled=0 if group.in_reserve else count,
            moved=count if group.in_reserve else 0,
            rulings=(),
            lost=False,
        )
    return _judge_items(entry, sent, others, answer, attempts=attempts, at_ms=at_ms)


def _judge_items(
    entry: Entry,
    sent: Part,
    others: tuple[Part, ...],
    answer: Answer,
    *,
    attempts: int,
    at_ms: int,
) -> Judgement:
    named = _by_position(entry, answer)
    positions = _positions(entry, sent)
    groups: dict[_Alike, list[int]] = {}
    left: dict[int, int] = {}
    rulings: dict[Ruling, None] = {}
    lost = False
    for position in positions:
        ruling = named.get(position, answer.rest)
        lost_before = sent.lost + sent.lost_more.get(position, 0)
        if ruling.verdict.settles:
            key = (ruling.verdict, ruling.code, ruling.info, lost_before, ruling.note)
            groups.setdefault(key, []).append(position)
        else:
            left[position] = lost_before + ruling.lost
            lost = lost or ruling.lost
            rulings[replace(ruling, info=nameless(ruling.info, entry))] = None
    done = len(positions) - len(left)
    moved = sum(len(items) for key, items in groups.items() if _in_reserve(entry, key[0]))
    settlement = None
    if done:
        settlement = Settlement(
            of=sent.items,
            left=tuple(left),
            groups=_groups(entry, groups),
            attempts=attempts,
            at_ms=at_ms,
        )
    remains = _remains(left, attempts) if left else ()
    if any(ruling.verdict is Verdict.SPLIT for ruling in rulings):
        remains = split_at(entry, remains[0], (len(left) + 1) // 2)
    elif sent.items is None and left and not done:
        remains = (replace(remains[0], items=None),)
    return Judgement(
        settlement=settlement,
        parts=(*remains, *others),
        settled=done - moved,
        moved=moved,
        rulings=tuple(rulings),
        lost=lost,
    )


def _in_reserve(entry: Entry, verdict: Verdict) -> bool:
    """Whether the other side is asked before this verdict settles anything."""
    return verdict is Verdict.ALREADY_GONE and isinstance(entry, Batch) and entry.has_reserve


def _groups(entry: Entry, groups: dict[_Alike, list[int]]) -> tuple[Group, ...]:
    """The largest group stands for the rest, so that a journal row stays small."""
    rest = max(groups, key=lambda key: len(groups[key]))
    ordered = sorted((key for key in groups if key != rest), key=lambda key: groups[key][0])
    return tuple(
        Group(
            status=key[0],
            code=key[1],
            info=key[2],
            lost=key[3],
            items=None if key == rest else tuple(groups[key]),
            in_reserve=_in_reserve(entry, key[0]),
            note=key[4],
        )
        for key in (*ordered, rest)
    )


def _remains(left: dict[int, int], attempts: int) -> tuple[Part, ...]:
    """One part of all that is left; what single items lost beyond the least is kept by item."""
    lost = min(left.values())
    more = {position: count - lost for position, count in left.items() if count > lost}
    return (Part(items=tuple(left), attempts=attempts, lost=lost, lost_more=more),)


def _some(part: Part, items: Sequence[int]) -> Part:
    more = {item: part.lost_more[item] for item in items if item in part.lost_more}
    return replace(part, items=tuple(items), lost_more=more)


def _positions(entry: Entry, part: Part) -> Sequence[int]:
    return range(size_of(entry)) if part.items is None else part.items


def _by_position(entry: Entry, answer: Answer) -> dict[int, Ruling]:
    if not isinstance(entry, Batch):
        return {}
    return dict(zip(_places(entry.to_accounts, answer.items), answer.items.values(), strict=True))


def _places(to_accounts: Sequence[str], ids: Iterable[str]) -> list[int]:
    """Positions of ids that are among the sorted `to_accounts`."""
    return [bisect_left(to_accounts, one) for one in ids]
