"""Checks a run's history against every promise; knows nothing of how the engine keeps them.

It reads the ledger's JSON lines, the status numbers, and what the emulated providers saw and did.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from tests.simulation.history import History
from tests.simulation.network import Edge, Sent
from tests.simulation.replies import PERHAPS, Reading, Word, reading
from tests.simulation.scenario import SECRET, WRONG_SECRET, End, TargetPlan
from tests.simulation.sides import Sides

Line = dict[str, Any]
_KEY_REFUSED = {70003, 70009, 70050, 3, 100000005}
_TRIES = 6  # in half a minute: at once, and after 2, 4, 8 and 16 s; once more for what was let in
_KEYS = [
    "target",
    "from_account",
    "to_account",
    "status",
    "code",
    "info",
    "batch",
    "attempts",
    "lost_answers",
    "at",
]
_TURNED_KEYS = [*_KEYS[:3], "sent_from", *_KEYS[3:]]
"""Of a line whose call went out from the other side."""


def complaints(history: History) -> list[str]:
    """What is wrong with it; empty if every promise was kept."""
    found: list[str] = []
    lines = [orjson.loads(line) for line in history.sittings[-1].ledger.splitlines()]
    found += _well_formed(history, lines)
    found += _history(history)
    found += _secrets(history)
    for target in history.scenario.targets:
        own = [line for line in lines if line["target"] == target.name]
        checked = _Target(history, target, own)
        found += [f"{target.name}: {complaint}" for complaint in checked.complaints()]
    found += _endings(history)
    found += _guards(history)
    found += [f"verify: {finding}" for finding in history.findings]
    return found


def _well_formed(history: History, lines: Sequence[Line]) -> Iterator[str]:
    """Promise: a line has the documented keys, and a label is of one account."""
    names = {target.name for target in history.scenario.targets}
    for line in lines:
        keys = _TURNED_KEYS if history.scenario.oriented and "sent_from" in line else _KEYS
        if list(line) != keys or line["target"] not in names:
            yield f"a line with other keys: {line}"
    if history.scenario.oriented:
        return  # a label is of the side that was chosen: see Sides
    labels: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        labels[line["target"], line["batch"]].add(line["from_account"])
    for key, accounts in labels.items():
        if len(accounts) > 1:
            yield f"one batch label for several accounts: {key} {accounts}"


def _history(history: History) -> Iterator[str]:
    """Promise: what a reader has seen of the ledger stays, byte for byte."""
    before = b""
    for number, seen in enumerate(history.sittings):
        if not seen.ledger.startswith(before):
            yield f"lines that were seen before sitting {number} are not there after it"
        before = seen.ledger


def _secrets(history: History) -> Iterator[str]:
    """Promise: no secret and no signature is written anywhere."""
    needles = [SECRET.encode(), WRONG_SECRET.encode(), b"usersig=", b"Signature="]
    for name, content in history.files.items():
        for needle in needles:
            if needle in content:
                yield f"{needle!r} stands in {name}"


def _endings(history: History) -> Iterator[str]:
    """Promise: lanes say truly how they ended, and a run that can be finished is."""
    scenario = history.scenario
    for number, seen in enumerate(history.sittings):
        if seen.died or seen.failed or not seen.after:
            continue
        settled = sum(_settled(now) for now in seen.after.values())
        settled -= sum(_settled(then) for then in seen.before.values())
        if seen.trial.limit is not None and settled > seen.trial.limit:
            yield f"sitting {number} settled {settled} pairs, more than --limit {seen.trial.limit}"
        if "limit" in seen.ends.values() and settled != seen.trial.limit:
            yield f"sitting {number} says that its limit was reached with {settled} pairs"
        for name, end in seen.ends.items():
            whole = _settled(seen.after[name]) == len(scenario.units)
            if whole != (end == "finished"):
                yield f"{name}: sitting {number} ended {end!r} with {seen.after[name]}"
    guarded = any("guard" in seen.ends.values() for seen in history.sittings)
    if not history.finished and not scenario.stubborn and not guarded:
        yield f"nothing is wrong any more, and it does not finish: {history.sittings[-1].words}"


def _guards(history: History) -> Iterator[str]:
    """Promise: a sitting that begins above the failure ratio calls nobody."""
    ratio, least = history.scenario.max_failure_ratio, history.scenario.min_sample
    if ratio is None:
        return
    for number, seen in enumerate(history.sittings):
        for name, counters in seen.before.items():
            settled = _settled(counters)
            if settled >= least and counters["failed"] > ratio * settled and seen.calls.total():
                yield f"sitting {number} called although {name} is above the failure ratio"


def _settled(counters: dict[str, int]) -> int:
    return counters["deleted"] + counters["already_gone"] + counters["failed"]


class _Target:
    """One target's share of the history."""

    def __init__(self, history: History, target: TargetPlan, lines: list[Line]) -> None:
        self._history, self._target, self._lines = history, target, lines
        self._scenario = history.scenario
        self._sent = history.sent[target.name]
        self._pairs = set(history.scenario.units)
        self._carried: dict[Edge, list[Sent]] = defaultdict(list)
        for sent in self._sent:
            for to in sent.ids or ("",):
                self._carried[self._unit(sent.account, to)].append(sent)
        self._dead = {
            number for number, seen in enumerate(history.sittings) if seen.died or seen.failed
        }

    def _unit(self, account: str, to: str) -> Edge:
        """As its line reads."""
        if self._scenario.oriented and (to, account) in self._pairs:
            return to, account
        return account, to

    def complaints(self) -> Iterator[str]:
        """Everything wrong with this target."""
        if self._scenario.oriented:
            yield from Sides(self._history, self._target, self._lines, self._dead).complaints()
        yield from self._nothing_else_deleted()
        yield from self._calls_are_planned()
        yield from self._one_line_each()
        yield from self._lines_are_true()
        yield from self._what_is_done_is_gone()
        yield from self._rate()
        yield from self._never_two_for_one_account()
        yield from self._a_wrong_key_is_cheap()
        yield from self._books()

    def _nothing_else_deleted(self) -> Iterator[str]:
        """Promise: nothing but the pairs of the plan is deleted, and only as the mode says."""
        before, after = (
            self._history.before[self._target.name],
            self._history.after[self._target.name],
        )
        if after - before:
            yield f"friendships that were not there: {after - before}"
        removed = set().union(*(sent.removed for sent in self._sent)) if self._sent else set()
        if removed != before - after:
            yield "the record of removals is not what the world lost"
        for one, other in before - after:
            if self._scenario.sweeps:
                named = (one, "") in self._pairs
                named |= self._scenario.two_way and (other, "") in self._pairs
            else:
                named = (one, other) in self._pairs
                named |= self._scenario.two_way and (other, one) in self._pairs
            if not named:
                yield f"{one!r} lost {other!r}, which nobody asked for"

    def _calls_are_planned(self) -> Iterator[str]:
        """Promise: each call carries pairs of the plan, in its mode and operation, once."""
        for sent in self._sent:
            if sent.two_way != self._scenario.two_way:
                yield f"a call in the other mode: {sent}"
            if (sent.ids is None) != self._scenario.sweeps:
                yield f"a call of the other operation: {sent}"
            tos = sent.ids or ("",)
            if not sent.ids and not self._scenario.sweeps:
                yield f"a call without ids: {sent}"
            if len(tos) > self._target.batch_size or len(set(tos)) != len(tos):
                yield f"a call with too many ids, or twice the same: {sent}"
            for to in tos:
                if self._unit(sent.account, to) not in self._pairs:
                    yield f"a call for {sent.account!r} → {to!r}, which is not planned"

    def _one_line_each(self) -> Iterator[str]:
        """Promise: no line appears twice, and where the run has finished none is missing."""
        counts = Counter(_pair(line) for line in self._lines)
        for pair, count in counts.items():
            if count > 1:
                yield f"{count} lines for {pair}"
            if pair not in self._pairs:
                yield f"a line for {pair}, which is not planned"
        if self._history.finished and (missing := self._pairs - counts.keys()):
            yield f"finished, and no line for {missing}"

    def _lines_are_true(self) -> Iterator[str]:
        """Promise: a line says what the provider said, and what may be done without an answer."""
        for line in self._lines:
            pair = _pair(line)
            calls = self._carried.get(pair, [])
            if not calls:
                yield f"a line without a call: {line}"
                continue
            for complaint in self._line_is_true(line, pair, calls):
                yield f"{complaint}: {line}"

    def _line_is_true(self, line: Line, pair: Edge, calls: list[Sent]) -> Iterator[str]:
        last = calls[-1]
        words = [self._reading(sent, pair) for sent in calls]
        wanted = {"deleted": Word.DONE, "already_gone": Word.GONE, "failed": Word.FOR_GOOD}
        if words[-1].word is not wanted[line["status"]]:
            yield f"the provider said {words[-1]}"
        elif words[-1].code != line["code"]:
            yield f"the provider's code was {words[-1].code}"
        settling = (Word.DONE, Word.GONE, Word.FOR_GOOD)
        for at, (sent, word) in enumerate(zip(calls[:-1], words[:-1], strict=True)):
            if word.word not in settling or sent.sitting in self._dead:
                continue
            if word.word is Word.GONE and self._is_asked_next(sent, calls[at + 1]):
                continue
            yield f"a call after the provider had said {word} at {sent.left_at:.3f} s"
        if line["status"] == "deleted" and not self._removed_by(last, pair):
            yield "that call deleted nothing"
        deaths = len(self._dead)
        if not len(calls) <= line["attempts"] <= len(calls) + deaths:
            yield f"{len(calls)} calls carried it"
        least, most = self._lost(calls[:-1], words[:-1])
        if not least <= line["lost_answers"] <= most + deaths:
            yield f"{least} to {most} of its calls may have been carried out unanswered"
        unanswered = line["status"] == "already_gone" and line["lost_answers"] == 0
        if unanswered and any(_own(sent, pair) in sent.removed for sent in calls):
            yield "our own deletion, called already gone without a lost answer"

    def _is_asked_next(self, sent: Sent, then: Sent) -> bool:
        """Whether the call that follows asks the other side; when it may, Sides knows."""
        return self._scenario.oriented and then.account != sent.account

    def _reading(self, sent: Sent, pair: Edge) -> Reading:
        return reading(self._target.provider, sent.reply, sent.ids, _own(sent, pair)[1])

    def _what_is_done_is_gone(self) -> Iterator[str]:
        """Promise: what a line calls done is gone; where sides are chosen, from both sides."""
        if self._scenario.sweeps:
            return
        after = self._history.after[self._target.name]
        for line in self._lines:
            if line["status"] == "failed":
                continue
            one, other = _pair(line)
            both = self._scenario.oriented or (
                self._scenario.two_way and line["status"] == "deleted"
            )
            left = after & ({(one, other), (other, one)} if both else {(one, other)})
            if left:
                yield f"{left} is left: {line}"

    def _lost(self, calls: list[Sent], words: list[Reading]) -> tuple[int, int]:
        least = most = 0
        for sent, word in zip(calls, words, strict=True):
            lost = word.word in PERHAPS
            unclear = word.word is Word.UNCLEAR or sent.sitting in self._dead
            least += lost
            most += lost or unclear
        return least, most

    def _removed_by(self, sent: Sent, pair: Edge) -> bool:
        one, other = pair
        if not other:  # a whole list: an empty one is deleted as well
            return sent.reply is not None
        return (one, other) in sent.removed or (
            self._scenario.two_way and (other, one) in sent.removed
        )

    def _rate(self) -> Iterator[str]:
        """Promise: qps is a ceiling for the calls that leave in any second, restarts included."""
        times = [sent.left_at for sent in self._sent]
        most = math.ceil(self._target.qps)
        for first, then in zip(times, times[most:], strict=False):
            if then - first < 1.0 - 1e-5:
                yield f"{most + 1} calls left within {then - first:.6f} s from {first:.3f} s on"

    def _never_two_for_one_account(self) -> Iterator[str]:
        """Promise: no two calls for one account in flight, and no more calls than allowed."""
        over: dict[str, float] = {}
        for sent in self._sent:
            if sent.left_at < over.get(sent.account, -1.0):
                yield f"two calls for {sent.account!r} in flight at {sent.left_at:.3f} s"
            over[sent.account] = math.inf if sent.over_at is None else sent.over_at
        if self._history.overlaps[self._target.name]:
            yield "the provider saw calls of one account overlap"
        if self._history.crowds[self._target.name] > 4 * self._target.max_in_flight:
            yield f"{self._history.crowds[self._target.name]} carriers"
        events = [(sent.left_at, 1) for sent in self._sent]
        events += [(sent.over_at, -1) for sent in self._sent if sent.over_at is not None]
        flying = 0
        for _, step in sorted(events):
            flying += step
            if flying > self._target.max_in_flight:
                yield f"{flying} calls in flight"
                return

    def _a_wrong_key_is_cheap(self) -> Iterator[str]:
        """Promise: refused credentials are tried by a few calls, one at a time."""
        for number, seen in enumerate(self._history.sittings):
            if seen.trial.end is not End.WRONG_KEY:
                continue
            calls = [sent for sent in self._sent if sent.sitting == number]
            words = [self._reading(sent, (sent.account, (sent.ids or ("",))[0])) for sent in calls]
            refused = sum(reading.code in _KEY_REFUSED for reading in words)
            answered = [reading for reading in words if reading.word is not Word.NOTHING]
            # Tried for half a minute. An answer of another kind has let the others out already.
            at_once = bool(answered) and answered[0].code in _KEY_REFUSED
            most = _TRIES if at_once else _TRIES + self._target.max_in_flight
            if refused > most:
                yield f"a wrong key cost {refused} calls in sitting {number}"

    def _books(self) -> Iterator[str]:
        """Promise: status, ledger and provider have the same numbers."""
        history, name = self._history, self._target.name
        if history.received[name] != len(self._sent):
            yield f"{history.received[name]} calls arrived of {len(self._sent)} sent"
        last = history.sittings[-1]
        if name not in last.after or last.died or last.failed:
            return
        counters = last.after[name]
        by_status = Counter(line["status"] for line in self._lines)
        for status in ("deleted", "already_gone", "failed"):
            if counters[status] != by_status[status]:
                yield f"status says {counters[status]} {status}, the ledger {by_status[status]}"
        slack = len(self._dead) * self._target.max_in_flight
        if not len(self._sent) <= counters["calls"] <= len(self._sent) + slack:
            yield f"{counters['calls']} calls are reported, {len(self._sent)} were received"
        if not self._dead:
            yield from self._calls_in_detail(counters)

    def _calls_in_detail(self, counters: dict[str, int]) -> Iterator[str]:
        """Promise: where nothing died every call is counted exactly."""
        carried: set[Edge] = set()
        retries = throttled = lost = unclear = 0
        for sent in self._sent:
            pairs = {(sent.account, to) for to in sent.ids or ("",)}
            retries += not carried.isdisjoint(pairs)
            carried |= pairs
            words = [self._reading(sent, pair).word for pair in pairs]
            throttled += Word.THROTTLED in words
            lost += not PERHAPS.isdisjoint(words)
            unclear += Word.UNCLEAR in words
        if counters["retries"] != retries:
            yield f"{counters['retries']} retries are reported, there were {retries}"
        if not throttled <= counters["throttled"] <= throttled + unclear:
            yield f"{counters['throttled']} throttled are reported, there were {throttled}"
        if not lost <= counters["lost_answers"] <= lost + unclear:
            yield f"{counters['lost_answers']} lost answers are reported, there were {lost}"


def _pair(line: Line) -> Edge:
    return line["from_account"], line["to_account"] if line["to_account"] is not None else ""


def _own(sent: Sent, pair: Edge) -> Edge:
    """The pair from the side that a call asked."""
    return pair if pair[0] == sent.account else (pair[1], pair[0])
