"""What is promised where the planner chose from which side each friendship is sent.

The oracle for one target of such a run. It knows which side was chosen, from the plan; when the
other one may be asked, and what a line says of it, is written down here from the contract.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from bulkdel.words import Batch, Mode, Operation, batch_label
from tests.simulation.graph import Edge
from tests.simulation.history import History
from tests.simulation.network import Sent
from tests.simulation.replies import Reading, Word, reading
from tests.simulation.scenario import TargetPlan

_SETTLING = (Word.DONE, Word.FOR_GOOD)


class Sides:
    """One target's share of the history, where sides were chosen."""

    def __init__(
        self, history: History, target: TargetPlan, lines: list[dict[str, Any]], dead: set[int]
    ) -> None:
        self._history, self._target, self._lines, self._dead = history, target, lines, dead
        self._sent = history.sent[target.name]
        self._planned = history.planned[target.name]
        self._entry_of: dict[frozenset[str], int] = {}
        self._first: dict[frozenset[str], str] = {}
        for number, (account, others) in enumerate(self._planned):
            for other in others:
                self._entry_of[frozenset((account, other))] = number
                self._first[frozenset((account, other))] = account

    def complaints(self) -> Iterator[str]:
        """Everything wrong with it."""
        yield from self._each_is_planned_once()
        yield from self._the_other_side_waits()
        yield from self._the_first_phase_is_over()
        yield from self._lines_tell_the_side()
        yield from self._lines_have_their_label()
        yield from self._in_reserve()
        if not self._was_cut():
            yield from self._few_calls()
        if (
            self._history.scenario.calm
            and len(self._history.sittings) == 1
            and self._history.finished
        ):
            yield from self._no_call_too_many()

    def _each_is_planned_once(self) -> Iterator[str]:
        counts = Counter(
            frozenset((account, other)) for account, others in self._planned for other in others
        )
        wanted = Counter(map(frozenset, self._history.scenario.units))
        if counts != wanted:
            yield f"planned otherwise than once each: {counts - wanted} {wanted - counts}"

    def _is_first(self, sent: Sent, to: str) -> bool:
        return self._first.get(frozenset((sent.account, to))) == sent.account

    def _reading(self, sent: Sent, to: str) -> Reading:
        return reading(self._target.provider, sent.reply, sent.ids, to)

    def _the_other_side_waits(self) -> Iterator[str]:
        """It is asked once the first has answered "not a friend", and then the first no more."""
        gone_at: dict[frozenset[str], float] = {}
        asked: set[frozenset[str]] = set()
        reserved: set[frozenset[str]] = set()
        for sent in self._sent:
            phases = {self._is_first(sent, to) for to in sent.ids or ()}
            if len(phases) > 1:
                yield f"a call of both phases: {sent}"
            for to in sent.ids or ():
                pair = frozenset((sent.account, to))
                if not self._is_first(sent, to):
                    asked.add(pair)
                    if not gone_at.get(pair, math.inf) <= sent.left_at:
                        yield f"{to!r} was sent from the other side too early: {sent}"
                    continue
                if pair in asked:
                    yield f"{to!r} was sent from its first side again: {sent}"
                if pair in reserved:
                    yield f"{to!r} was in reserve, and was sent from its first side: {sent}"
                if sent.over_at is not None and self._reading(sent, to).word is Word.GONE:
                    gone_at[pair] = min(sent.over_at, gone_at.get(pair, math.inf))
                    if sent.sitting not in self._dead:
                        reserved.add(pair)

    def _the_first_phase_is_over(self) -> Iterator[str]:
        """In every sitting all calls of the plan's entries are over before the other sides'."""
        by_sitting: dict[int, list[Sent]] = defaultdict(list)
        for sent in self._sent:
            by_sitting[sent.sitting].append(sent)
        for number, calls in by_sitting.items():
            first = [sent for sent in calls if self._is_first(sent, (sent.ids or ("",))[0])]
            if len(first) == len(calls):
                continue
            began = min(sent.left_at for sent in calls if sent not in first)
            for sent in first:
                if sent.over_at is None or sent.over_at > began:
                    yield f"the second phase began at {began:.3f} s, before the end of {sent}"
            yield from self._each_was_tried(number, began)

    def _each_was_tried(self, number: int, second_at: float) -> Iterator[str]:
        """No entry of the plan was passed over; where nothing can connect, nobody knows."""
        links = self._target.links
        if links.refused or links.dies or links.outages:
            return
        answered: set[frozenset[str]] = set()
        tried: set[int] = set()
        for sent in self._sent:
            if sent.left_at > second_at:
                break
            for to in sent.ids or ():
                pair = frozenset((sent.account, to))
                if self._reading(sent, to).word in (*_SETTLING, Word.GONE):
                    answered.add(pair)
                if sent.sitting == number:
                    tried.add(self._entry_of[pair])
        for pair, entry in self._entry_of.items():
            if pair not in answered and entry not in tried:
                yield f"the second phase of sitting {number} began, and {set(pair)} was never sent"
                return

    def _lines_tell_the_side(self) -> Iterator[str]:
        """Where the call came from that settled it, and what both sides had to say before."""
        calls: dict[frozenset[str], list[tuple[Sent, str]]] = defaultdict(list)
        for sent in self._sent:
            for to in sent.ids or ():
                calls[frozenset((sent.account, to))].append((sent, to))
        for line in self._lines:
            pair = frozenset((line["from_account"], line["to_account"]))
            if not calls[pair]:
                continue
            sender = calls[pair][-1][0].account
            turned = sender != line["from_account"]
            if line.get("sent_from") != (sender if turned else None):
                yield f"it was sent from {sender!r}: {line}"
            if line["status"] != "already_gone":
                continue
            said_so = [
                sent.account
                for sent, to in calls[pair]
                if self._reading(sent, to).word is Word.GONE
            ]
            first = self._first[pair]
            if said_so[:1] != [first] or said_so[-1:] == [first]:
                yield f"both sides, {first!r} first, must say so; it was {said_so}: {line}"

    def _lines_have_their_label(self) -> Iterator[str]:
        """That of the entry that the friendship was planned in, in both phases."""
        labels = [
            batch_label(
                self._target.name,
                Operation.DELETE_FRIENDS,
                Mode.TWO_WAY,
                Batch(0, account, tuple(sorted(others, key=str.encode))),
            )
            for account, others in self._planned
        ]
        for line in self._lines:
            pair = frozenset((line["from_account"], line["to_account"]))
            if pair in self._entry_of and line["batch"] != labels[self._entry_of[pair]]:
                yield f"the label is not that of the planned entry: {line}"

    def _in_reserve(self) -> Iterator[str]:
        """The counter is what was answered "not a friend" once and has no line; 0 at the end."""
        last = self._history.sittings[-1]
        if self._target.name not in last.after or last.died or last.failed:
            return
        counted = last.after[self._target.name]["in_reserve"]
        if self._history.finished:
            if counted:
                yield f"finished, and {counted} are in reserve"
            return
        done = {frozenset((line["from_account"], line["to_account"])) for line in self._lines}
        waiting: dict[frozenset[str], set[int]] = defaultdict(set)
        for sent in self._sent:
            for to in sent.ids or ():
                pair = frozenset((sent.account, to))
                if self._is_first(sent, to) and self._reading(sent, to).word is Word.GONE:
                    waiting[pair].add(sent.sitting)
        left = [sittings for pair, sittings in waiting.items() if pair not in done]
        least = sum(not sittings <= self._dead for sittings in left)
        if not least <= counted <= len(left):
            yield f"{counted} are in reserve, by the answers {least} to {len(left)}"

    def _was_cut(self) -> bool:
        """Whether an entry may have gone in pieces: for a limit, or as the provider asked for."""
        if any(seen.trial.limit is not None for seen in self._history.sittings):
            return True
        return any(
            self._reading(sent, to).word in {Word.REFUSED, Word.UNCLEAR}
            for sent in self._sent
            for to in sent.ids or ()
        )

    def _few_calls(self) -> Iterator[str]:
        """What each sitting put in reserve for an account is full calls, but for one.

        Calls count here that carry a friendship from its other side for the first time.
        """
        gone_in: dict[Edge, int] = {}
        new: Counter[str] = Counter()
        carried: set[Edge] = set()
        for sent in self._sent:
            ways = {(sent.account, to) for to in sent.ids or ()}
            if all(self._is_first(sent, to) for _, to in ways):
                for account, to in ways:
                    if self._reading(sent, to).word is Word.GONE:
                        gone_in[to, account] = sent.sitting
            else:
                new[sent.account] += not ways <= carried
                carried |= ways
        reserved = Counter((account, sitting) for (account, _), sitting in gone_in.items())
        most: Counter[str] = Counter()
        for (account, _), count in reserved.items():
            most[account] += math.ceil(count / self._target.batch_size)
        if too_many := new - most:
            yield f"the second phase took too many calls: {dict(too_many)} more than {dict(most)}"

    def _no_call_too_many(self) -> Iterator[str]:
        """Nothing went wrong: a call an entry, and ⌈in reserve / batch_size⌉ an account."""
        calls: Counter[str] = Counter()
        reserved: Counter[str] = Counter()
        firsts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for sent in self._sent:
            ids = sent.ids or ("",)
            if not self._is_first(sent, ids[0]):
                calls[sent.account] += 1
                continue
            firsts[sent.account, tuple(sorted(ids, key=str.encode))] += 1
            reserved.update(to for to in ids if self._reading(sent, to).word is Word.GONE)
        if firsts != Counter(self._planned):
            yield f"the first phase's calls are not the plan's: {firsts - Counter(self._planned)}"
        wanted = {
            account: math.ceil(count / self._target.batch_size)
            for account, count in reserved.items()
        }
        if dict(calls) != wanted:
            yield f"the second phase took {dict(calls)} calls, {wanted} are enough"
