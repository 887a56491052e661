"""Puts friends back on a list: added, and where one stands on it already, field by field.

A friend that was not on the list when it was asked for, and is when he is to be added, was put
there by us: by the call for the other side, where that writes both lists, or by a call whose answer
was lost. So his fields are set by the calls for that, one after the other. How far each friend is
stands here between the calls of an entry; when that is lost, adding begins again and says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bulkdel.ledger.values import Outcome
from bulkdel.providers import replies
from bulkdel.providers.operations import Command, OperationCalls, PutBack
from bulkdel.words import Answer, Batch, Entry, Mode, Ruling, Verdict

_ASK: Final = -1
_ADD: Final = 0
_MORE: Final = Ruling(verdict=Verdict.MORE, code=0)


@dataclass(slots=True)
class _Progress:
    """How far the friends of one entry are.

    Attributes:
        asks: whether it is asked first who is there now.
        steps: of a friend who is to be asked for no more: the next one.
        missing: of such a friend, the fields that could not be set so far.
        tries: calls for a friend at his step that did not bring him further.
        out: the step and the friends of the last call.
    """

    asks: bool = False
    steps: dict[str, int] = field(default_factory=dict)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    out: tuple[int, Batch] | None = None


class PuttingBack:
    """The deed of an undo, for one lane."""

    def __init__(
        self,
        put_back: PutBack,
        mode: Mode,
        ask: OperationCalls[Batch, Answer] | None = None,
    ) -> None:
        """The calls of one provider.

        Args:
            put_back: what they do.
            mode: the run's.
            ask: whether one list has them, one-way: asked of those whom no call has carried yet,
                since they were asked for long ago; whoever is there then stays as he is. None where
                a call for the other side may have put him there, or where they were asked just now.
        """
        self._put_back, self._mode, self._ask = put_back, mode, ask
        self._calls: tuple[OperationCalls[Batch, Answer], ...] = (
            put_back.add,
            *(fill.calls for fill in put_back.fill),
        )
        self._needed: tuple[Callable[[str], bool], ...] = (
            lambda _: True,
            *(fill.needed for fill in put_back.fill),
        )
        self._far: dict[int, _Progress] = {}

    def command(self, load: Entry) -> Command:
        """The call for those who are furthest: nobody waits for one whose calls fail."""
        batch = _batch(load)
        if (far := self._far.get(batch.ordinal)) is None:
            far = _Progress(asks=self._ask is not None and not batch.attempts)
            self._far[batch.ordinal] = far
        first = _ASK if far.asks else _ADD
        step = max(far.steps.get(one, first) for one in batch.to_accounts)
        carried, calls = batch, self._of(step)
        if far.steps:
            here = [one for one in batch.to_accounts if far.steps.get(one, first) == step]
            here.sort(key=lambda one: far.tries.get(one, 0))
            carried = _some(batch, frozenset(here[: calls.limits.batch_size_most]))
        far.out = step, carried
        return calls.encode(carried, Mode.ONE_WAY if step == _ASK else self._mode)

    def _of(self, step: int) -> OperationCalls[Batch, Answer]:
        return self._ask if step == _ASK and self._ask is not None else self._calls[step]

    def answer(self, load: Entry, status: int, body: bytes) -> Answer:
        """What the reply says of those that the call carried; the others are as far as they were.

        Where it brought nobody further, it says the same of the others, so that such calls count.
        """
        batch = _batch(load)
        far = self._far[batch.ordinal]
        if far.out is None:
            raise AssertionError(f"an answer for entry {batch.ordinal}, of which no call left")
        step, carried = far.out
        answer = self._of(step).decode(carried, status, body)
        usual = not answer.items and answer.rest.verdict is Verdict.DELETED
        if usual and step == _ADD and carried is batch:
            return answer
        rulings = self._rulings(far, step, carried, answer)
        moved = any(one.verdict.settles or one is _MORE for one in rulings.values())
        others = _MORE if moved else next(iter(rulings.values()))
        whole = {one: rulings.get(one, others) for one in batch.to_accounts}
        return replies.join(batch, whole, others, answer.strangers)

    async def keep(self, outcome: Outcome) -> None:
        """Nothing belongs to an outcome that is not in it."""

    def leave(self, ordinal: int) -> None:
        """The next call for it adds again."""
        self._far.pop(ordinal, None)

    def _rulings(
        self, far: _Progress, step: int, carried: Batch, answer: Answer
    ) -> Mapping[str, Ruling]:
        rulings = {}
        for account, data in zip(carried.to_accounts, replies.data_of(carried), strict=True):
            ruling = answer.items.get(account, answer.rest)
            if step == _ASK and ruling.verdict.settles:
                ruling = self._asked(far, account, ruling)
            elif step == _ADD and ruling.verdict is Verdict.ALREADY_GONE:
                far.missing[account] = self._put_back.unset(data)
                ruling = self._next(far, account, data, step, ruling)
            elif step != _ADD and ruling.verdict is Verdict.DELETED:
                names = tuple(ruling.note.split(",")) if ruling.note else ()
                far.missing[account] += names
                ruling = self._next(far, account, data, step, ruling)
            elif not ruling.verdict.settles:
                far.tries[account] = far.tries.get(account, 0) + 1
            rulings[account] = ruling
        return rulings

    def _asked(self, far: _Progress, account: str, ruling: Ruling) -> Ruling:
        """Gone: he is added. Else he is there, or cannot be asked for: that is his status."""
        if ruling.verdict is Verdict.DELETED:
            far.steps[account] = _ADD
            far.tries.pop(account, None)
            return _MORE
        return replace(ruling, note="")

    def _next(self, far: _Progress, account: str, data: str, step: int, ruling: Ruling) -> Ruling:
        """On to the next step that has something to set; restored where there is none."""
        for following in range(step + 1, len(self._calls)):
            if self._needed[following](data):
                far.steps[account] = following
                far.tries.pop(account, None)
                return _MORE
        note = replies.names_of(far.missing[account])
        return replace(ruling, verdict=Verdict.DELETED, note=note)


def _batch(load: Entry) -> Batch:
    if not isinstance(load, Batch):
        raise TypeError("only friends of an account are put back")
    return load


def _some(batch: Batch, accounts: frozenset[str]) -> Batch:
    """The batch with these of its friends alone."""
    chosen = [
        (one, data)
        for one, data in zip(batch.to_accounts, replies.data_of(batch), strict=True)
        if one in accounts
    ]
    return replace(
        batch,
        to_accounts=tuple(one for one, _ in chosen),
        data=tuple(data for _, data in chosen),
    )
