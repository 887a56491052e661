"""The questions of a rehearsal, answered by hand: what is made of answers, and what of nonsense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bulkdel.providers import PROVIDERS
from bulkdel.providers.rehearsal import Said
from bulkdel.report.rehearsal import QUESTIONS, Found, Key
from bulkdel.runs.rehearsal import Cast, Questions
from bulkdel.runs.rehearsal_steps import Deed, Spoiled, Step
from bulkdel.words import Mode, Ruling, Verdict

DONE = Ruling(verdict=Verdict.DELETED, code=0)
NOT_FRIEND = Ruling(verdict=Verdict.ALREADY_GONE, code=31704)
NO_ACCOUNT = Ruling(verdict=Verdict.FAILED, code=30003)
BAD = Ruling(verdict=Verdict.SPLIT, code=30001)
NOTES = {(True, False): "from", (False, True): "to", (True, True): "both"}

Judge = Callable[["Server", Step], Said | None]


class Server:
    """Friend lists of a, b, c, kept as Tencent is assumed to keep them."""

    def __init__(self, judge: Judge | None = None) -> None:
        self.edges: set[tuple[str, str]] = set()
        self.steps: list[Step] = []
        self._judge = judge

    def answer(self, step: Step) -> Said:
        """What a step comes to; what the judge answers comes before."""
        self.steps.append(step)
        if self._judge and (said := self._judge(self, step)):
            return said
        match step.deed:
            case Deed.ASK | Deed.AGAIN:
                return Said(own=DONE, items=tuple((o, self.stands(step, o)) for o in step.others))
            case Deed.ADD:
                self.edges |= {(step.account, other) for other in step.others}
                return Said(own=DONE)
            case Deed.DELETE:
                return self.delete(step)
            case Deed.CLEAR:
                self.edges = {edge for edge in self.edges if edge[0] != step.account}
                return Said(own=DONE)
            case Deed.ASK_LIST:
                return Said(own=DONE)

    def stands(self, step: Step, other: str) -> Ruling:
        """How an account stands to another."""
        if other not in "abc":
            return NO_ACCOUNT
        both = ((step.account, other) in self.edges, (other, step.account) in self.edges)
        note = NOTES.get(both)
        return replace(NOT_FRIEND, code=0, note=note) if note else DONE

    def delete(self, step: Step) -> Said:
        """A deletion with a result for each id."""
        if len(set(step.others)) < len(step.others) or step.account in step.others:
            return Said(own=BAD)
        items = []
        for other in step.others:
            there = (step.account, other) in self.edges
            self.edges.discard((step.account, other))
            if there and step.mode is Mode.TWO_WAY:
                self.edges.discard((other, step.account))
            failed = NOT_FRIEND if other in "abc" else NO_ACCOUNT
            items.append((other, DONE if there else failed))
        return Said(own=DONE, items=tuple(items))


def found(
    judge: Judge | None = None,
    *,
    provider: str = "tencent",
    spoil: Callable[[Step], bool] = lambda _: False,
    mode: Mode = Mode.TWO_WAY,
    fewest_calls: bool = False,
) -> dict[Key, Found]:
    """What is found at such a server; nothing that is not the three's is ever meant."""
    cast = Cast(
        accounts=("a", "b", "c"),
        unknown="nobody",
        rehearsed=PROVIDERS[provider].rehearsed,
        mode=mode,
        fewest_calls=fewest_calls,
        clears_both_ways=True,
    )
    questions, server = Questions(cast), Server(judge)
    script = questions.script()
    step: Step | None = next(script)
    while step is not None:
        assert {step.account, *step.others} <= {"a", "b", "c", "nobody"}
        said = server.answer(step)
        try:
            step = script.throw(Spoiled("cut")) if spoil(step) else script.send(said)
        except StopIteration:
            step = None
    assert questions.found.keys() == set(Key)
    return questions.found


def values(all_of_it: dict[Key, Found]) -> dict[Key, object]:
    """What was found, by question."""
    return {key: one.value for key, one in all_of_it.items()}


def is_batch(step: Step, *others: str) -> bool:
    """Whether a step is a one-way deletion of these, in this order."""
    return step.deed is Deed.DELETE and step.mode is Mode.ONE_WAY and step.others == others


def test_what_is_assumed_holds() -> None:
    """A provider that does as is assumed breaks nothing, and nothing is left open."""
    everything = found()
    assert values(everything) == {
        Key.REVERSE_ONLY: "keep",
        Key.ALL_FAILED: "zero",
        Key.COMPLETE: True,
        Key.ORDERED: True,
        Key.REPEATED_ID: "refused",
        Key.ONESELF: "call",
        Key.UNKNOWN_ID: "item",
        Key.CLEAR_EMPTY: "ok",
        Key.CLEAR_REVERSE: "keep",
        Key.NONCE_TWICE: "accepted",
        Key.ADD_WRITES_BOTH: False,
    }
    assert all(one.holds and one.words and not one.unclear for one in everything.values())


def test_a_deletion_that_is_answered_and_not_done_is_told() -> None:
    """Who says "deleted" and does nothing is no value of a question, and holds nothing."""

    def judge(_: Server, step: Step) -> Said | None:
        both_ways = step.deed is Deed.DELETE and step.mode is Mode.TWO_WAY
        return Said(own=DONE, items=(("a", DONE),)) if both_ways else None

    one = found(judge)[Key.REVERSE_ONLY]
    assert (one.value, one.holds) == (None, False)
    assert "stays on the other list" in one.words


def test_nobody_is_believed_to_be_deleted_who_never_was_a_friend() -> None:
    """A result 0 for a stranger, or for an id that nobody has, is told and holds nothing."""

    def judge(_: Server, step: Step) -> Said | None:
        if step.deed is Deed.DELETE and step.watched:
            return Said(own=DONE, items=tuple((other, DONE) for other in step.others))
        return None

    everything = found(judge)
    for key in (Key.ALL_FAILED, Key.COMPLETE, Key.UNKNOWN_ID):
        assert (everything[key].value, everything[key].holds) == (None, False), key


def test_half_of_the_failures_is_not_all_of_them() -> None:
    """A reply with code 0 that names one of two strangers says of the other that it was done."""

    def judge(server: Server, step: Step) -> Said | None:
        if not is_batch(step, "c", "b"):
            return None
        said = server.delete(step)
        return replace(said, items=said.items[:1])

    one = found(judge)[Key.ALL_FAILED]
    assert (one.value, one.holds) == (None, False)


def test_results_that_name_those_that_failed_are_read_so() -> None:
    """Once that is seen, nobody is unknown whom a reply with code 0 does not name."""

    def judge(server: Server, step: Step) -> Said | None:
        if step.deed is not Deed.DELETE:
            return None
        if step.mode is Mode.TWO_WAY:
            server.edges.discard(("a", "b"))
            return Said(own=DONE)
        said = server.delete(step)
        return replace(said, items=tuple(item for item in said.items if item[1] is not DONE))

    everything = found(judge)
    assert everything[Key.COMPLETE].value is False
    assert everything[Key.REVERSE_ONLY].value == "delete"


def test_a_friend_of_the_id_that_nobody_has_is_let_be() -> None:
    """Whoever it is, if he is on the list after all: nothing is deleted."""

    def judge(_: Server, step: Step) -> Said | None:
        assert not (step.deed is Deed.DELETE and "nobody" in step.others)
        there = replace(NOT_FRIEND, code=0, note="from")
        return Said(own=DONE, items=(("nobody", there),)) if step.others == ("nobody",) else None

    one = found(judge)[Key.UNKNOWN_ID]
    assert (one.value, one.holds) == (None, None)
    assert "nobody" in one.words


def test_what_somebody_else_put_on_a_list_is_let_be() -> None:
    """Of the three as well: what this did not make, it does not remove by itself."""

    def judge(server: Server, step: Step) -> Said | None:
        if step.deed is Deed.ADD:
            server.edges.add(("c", "a"))
        assert not (step.deed is Deed.DELETE and step.account == "c")
        assert not (step.deed is Deed.CLEAR and step.account == "c")
        return None

    def dropped(server: Server, step: Step) -> Said | None:
        if step.deed is Deed.ASK and "nobody" in step.others:
            server.edges.add(("c", "a"))
        return judge(server, step)

    assert "somebody else" in found(dropped)[Key.CLEAR_EMPTY].words


def test_an_alphabetical_order_is_not_the_order_sent() -> None:
    """One sample cannot tell the two apart, so both orders are sent."""

    def judge(server: Server, step: Step) -> Said | None:
        if step.deed is not Deed.DELETE:
            return None
        said = server.delete(step)
        return replace(said, items=tuple(sorted(said.items, key=lambda item: item[0])))

    assert found(judge)[Key.ORDERED].value is False


def test_a_one_way_deletion_that_is_not_one_way() -> None:
    """Is told as a broken promise, and nothing is asked of a friendship that is not there."""

    def judge(server: Server, step: Step) -> Said | None:
        if step.deed is Deed.ADD:
            server.edges |= {("a", "b"), ("b", "a"), ("a", "c"), ("c", "a"), ("b", "c"), ("c", "b")}
            return Said(own=DONE)
        if step.deed is Deed.DELETE and step.mode is Mode.ONE_WAY:
            server.edges -= {edge for edge in server.edges if step.account in edge}
            return Said(own=DONE, items=tuple((other, DONE) for other in step.others))
        return None

    one = found(judge)[Key.REVERSE_ONLY]
    assert (one.value, one.holds) == (None, False)
    assert "not one-way" in one.words


def test_what_cannot_be_made_is_not_tried() -> None:
    """Where nobody can be put on a list, the questions that need it say so and hold nothing."""

    def judge(_: Server, step: Step) -> Said | None:
        return Said(own=replace(BAD, code=30010, info="full")) if step.deed is Deed.ADD else None

    everything = found(judge)
    assert "could not be put on a's list" in everything[Key.REVERSE_ONLY].words
    assert 'code 30010 "full"' in everything[Key.REVERSE_ONLY].words
    assert everything[Key.REVERSE_ONLY].holds is None
    assert everything[Key.NONCE_TWICE].value == "accepted"


def test_lists_with_friends_are_not_cleared() -> None:
    """Where each of the three has other friends, no list is cleared at all."""

    def judge(_: Server, step: Step) -> Said | None:
        assert step.deed is not Deed.CLEAR
        full = step.deed is Deed.ASK_LIST
        return Said(own=replace(NOT_FRIEND, code=0, note="2")) if full else None

    everything = found(judge)
    for key in (Key.CLEAR_EMPTY, Key.CLEAR_REVERSE):
        assert (everything[key].value, everything[key].holds) == (None, None)
        assert "has other friends" in everything[key].words


def test_no_list_is_cleared_with_one_of_the_three_on_it() -> None:
    """A list is asked for right before it is cleared, when no friendship of ours is on it."""
    before: list[Step] = []

    def judge(server: Server, step: Step) -> Said | None:
        if step.deed is Deed.CLEAR:
            assert before[-1] == Step(deed=Deed.ASK_LIST, account=step.account)
            assert not [edge for edge in server.edges if edge[0] == step.account]
        before.append(step)
        return None

    found(judge)


def test_only_a_job_that_clears_both_ways_asks_what_that_does_to_others() -> None:
    """Others may lose an entry by it, so it is done only where the run would do it."""
    cleared: list[Mode] = []

    def judge(_: Server, step: Step) -> Said | None:
        if step.deed is Deed.CLEAR:
            cleared.append(step.mode)
        return None

    found(judge)
    assert cleared == [Mode.ONE_WAY, Mode.TWO_WAY]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_question_begins_anew_where_nothing_can_be_said(times: int) -> None:
    """Three tries; then it is open, and nothing is guessed. The others are not touched by it."""
    left = times

    def spoil(step: Step) -> bool:
        nonlocal left
        hit = is_batch(step, "c", "c", "b") and left > 0
        left -= hit
        return hit

    everything = found(spoil=spoil)
    one = everything.pop(Key.REPEATED_ID)
    assert (one.value, one.unclear) == (("refused", False) if times < 3 else (None, True))
    assert all(one.holds for one in everything.values())


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (BAD, "halves"),
        (NO_ACCOUNT, "every pair of such a call as failed"),
        (Ruling(verdict=Verdict.TRANSIENT, code=12345, known=False), "tries such a call again"),
        (Ruling(verdict=Verdict.FATAL, code=60015), "exit 77"),
    ],
)
def test_a_call_refused_for_an_unknown_id(own: Ruling, words: str) -> None:
    """What it means hangs on what a run does with that very code."""

    def judge(_: Server, step: Step) -> Said | None:
        return Said(own=own) if is_batch(step, "nobody", "b") else None

    one = found(judge)[Key.UNKNOWN_ID]
    assert (one.value, one.holds) == ("call", False)
    assert words in one.words


@pytest.mark.parametrize(
    ("mode", "fewest_calls", "words"),
    [
        (Mode.ONE_WAY, False, "no matter"),
        (Mode.TWO_WAY, True, "second phase"),
        (Mode.TWO_WAY, False, "stays on that list"),
    ],
)
def test_what_is_kept_on_the_other_list(mode: Mode, words: str, *, fewest_calls: bool) -> None:
    """What it means hangs on the job."""
    one = found(mode=mode, fewest_calls=fewest_calls)[Key.REVERSE_ONLY]
    assert one.value == "keep"
    assert words in one.words


def test_each_value_has_its_words() -> None:
    """No question and no value of it is without words, each question's are different."""
    assert QUESTIONS.keys() == set(Key)
    for _, meant in QUESTIONS.values():
        assert len({shown for shown, _ in meant.values()}) == len(meant) > 1
