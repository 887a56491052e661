"""A rehearsal as a sequence of steps and what is made of the answers. Pure: no call leaves here.

It is a generator: it yields the next step, is sent what came of it, and writes down what it found.
Whoever drives it throws in `Spoiled` where nothing can be said of a step that is watched; the
question then begins anew. One account, the first, has the second as a friend or has not; the third
is nobody's friend throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final, TypeAlias, TypeVar

from bulkdel.providers.rehearsal import Rehearsed, Said
from bulkdel.report.rehearsal import Found, Key, Value
from bulkdel.runs.rehearsal_words import for_a_run
from bulkdel.words import Mode, Ruling, Verdict

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


class _NotReady(Exception):
    """What a question needs could not be made so; holds why. Not for want of an answer."""


class _Broken(Exception):
    """A promise of the documentation is not kept; holds which."""


T = TypeVar("T")
Script: TypeAlias = Generator[Step, Said, T]

_TRIES: Final = 3
"""Of a question of which no clear answer comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who is in it, and for what job.

    Attributes:
        accounts: three, of whom none has another as a friend.
        unknown: an id that nobody has.
        mode, fewest_calls: of the job.
        clears_both_ways: whether the job clears lists two-way: then what that does to others
            matters to it.
    """

    accounts: tuple[str, str, str]
    unknown: str
    rehearsed: Rehearsed
    mode: Mode
    fewest_calls: bool
    clears_both_ways: bool

    def assumed(self, key: Key) -> tuple[Value, ...]:
        """What bulkdel assumes; empty where nothing of it hangs on the answer.

        No call repeats an id or names its own account, every call has a nonce of its own, and
        results are joined by id: of those any answer will do.
        """
        known = self.rehearsed
        values: dict[Key, tuple[Value, ...]] = {
            Key.REVERSE_ONLY: ("keep",),
            Key.ALL_FAILED: (known.all_failed,),
            Key.COMPLETE: (True,) if known.names_all else (),
            Key.UNKNOWN_ID: ("item", "gone"),
            Key.CLEAR_EMPTY: ("ok",),
            Key.CLEAR_REVERSE: ("keep",),
            Key.ADD_WRITES_BOTH: () if known.adds_both is None else (known.adds_both,),
        }
        return values.get(key, ())


class Questions:
    """The questions one after the other.

    Attributes:
        found: what was found up to now, by question.
    """

    def __init__(self, cast: Cast) -> None:
        self.found: dict[Key, Found] = {}
        self._cast = cast
        self._names_all = cast.rehearsed.names_all  # until results are seen to do otherwise
        # What is known of who has whom; what is not in it is to be asked.
        self._has = {(one, other): False for one in cast.accounts for other in cast.accounts}
        self._orders: list[tuple[bool, bool]] = []

    def script(self) -> Script[None]:
        """All of them; ends with friendships left, which whoever drives it removes."""
        parts: Sequence[tuple[Callable[[], Script[None]], tuple[Key, ...]]] = (
            (self._add, (Key.ADD_WRITES_BOTH,)),
            (self._complete, (Key.COMPLETE,)),
            (self._all_failed, (Key.ALL_FAILED, Key.ORDERED)),
            (self._reverse_only, (Key.REVERSE_ONLY,)),
            (self._repeated, (Key.REPEATED_ID,)),
            (self._oneself, (Key.ONESELF,)),
            (self._unknown, (Key.UNKNOWN_ID,)),
            (self._clear_empty, (Key.CLEAR_EMPTY,)),
            (self._clear_reverse, (Key.CLEAR_REVERSE,)),
            (self._nonce, (Key.NONCE_TWICE,)),
        )
        for part, keys in parts:
            yield from self._tried(part, keys)

    def _tried(self, part: Callable[[], Script[None]], keys: Iterable[Key]) -> Script[None]:
        why = ""
        for _ in range(_TRIES):
            try:
                yield from part()
            except Spoiled as spoiled:
                why = str(spoiled)
                self._forget()
                continue
            except _NotReady as error:
                self._lacks(keys, str(error))
            except _Broken as error:
                for key in keys:
                    self._note(key, None, words=str(error), holds=False)
            return
        for key in keys:
            words = f"no clear answer in {_TRIES} tries: {why}"
            self.found.setdefault(key, replace(self._lack(key, words), unclear=True))

    # --- the questions ----------------------------------------------------------------------------

    def _add(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield from self._ensure((b, a), there=False)
        yield from self._ensure((a, b), there=True)
        both = yield from self._asked((b, a))
        self._note(Key.ADD_WRITES_BOTH, both)

    def _reverse_only(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        yield from self._ensure((b, a), there=False)
        if not (yield from self._asked((a, b))):
            raise _Broken(
                f"a one-way deletion from {b}'s list took {b} off {a}'s list as well: it is not "
                "one-way"
            )
        said = yield from self._delete(b, a, mode=Mode.TWO_WAY)
        ruling = self._result(said, a)
        left = yield from self._asked((a, b))
        match ruling.verdict if ruling else None:
            case Verdict.ALREADY_GONE:
                self._note(Key.REVERSE_ONLY, "keep" if left else "remove")
            case Verdict.DELETED if left:
                words = 'it was answered "deleted", and the other list still has the friend'
                self._note(Key.REVERSE_ONLY, None, words=words, holds=False)
            case Verdict.DELETED:
                self._note(Key.REVERSE_ONLY, "delete")
            case _:
                stays = "stays" if left else "goes"
                words = f"{_answered(ruling)}, and the entry on the other list {stays}"
                self._note(Key.REVERSE_ONLY, None, words=words, holds=False)

    def _complete(self) -> Script[None]:
        a, b, c = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        said = yield from self._delete(a, b, c)
        self._order(said, (b, c))
        friend, stranger = said.of(b), said.of(c)
        gone = not (yield from self._asked((a, b)))
        if not gone:
            words = f"{a} still has {b} after a deletion answered {_said(said)}"
            self._note(Key.COMPLETE, None, words=words, holds=False)
        elif not self._cast.rehearsed.names_all:
            words = "results name those that failed, as documented"
            if any(one.verdict is not Verdict.ALREADY_GONE for one in stranger) or not stranger:
                words = f"{a} never had {c}, and the answer was {_said(said)}"
            named = bool(stranger) and not friend
            self._note(Key.COMPLETE, None, words=words, holds=None if named else False)
        elif any(one.verdict is Verdict.DELETED for one in stranger) or any(
            one.verdict is not Verdict.DELETED for one in friend
        ):
            words = f"{a} had {b} and never {c}, and the answer was {_said(said)}"
            self._note(Key.COMPLETE, None, words=words, holds=False)
        else:
            self._note(Key.COMPLETE, bool(friend and stranger))
            self._names_all = not stranger or bool(friend)

    def _all_failed(self) -> Script[None]:
        a, b, c = self._cast.accounts
        yield from self._ensure((a, b), there=False)
        said = yield from self._delete(a, c, b)
        self._order(said, (c, b))
        claimed = any(ruling.verdict is Verdict.DELETED for _, ruling in said.items)
        if claimed or (said.own.code == 0 and not (said.of(b) and said.of(c))):
            words = f"{a} has neither {c} nor {b}, and the answer was {_said(said)}"
            self._note(Key.ALL_FAILED, None, words=words, holds=False)
        else:
            beside = "code_and_items" if said.items else "code_only"
            self._note(Key.ALL_FAILED, beside if said.own.code else "zero", said.own)
        if len(self._orders) == 1:  # which may be the alphabet's: so the other way round as well
            [(_, ascending)] = self._orders
            if not said.items:  # names nobody unless somebody is a friend
                yield from self._ensure((a, b), there=True)
            first, second = sorted((b, c), reverse=ascending)
            said = yield from self._delete(a, first, second)
            self._order(said, (first, second))
        kept = [as_sent for as_sent, _ in self._orders]
        if not all(kept):
            self._note(Key.ORDERED, value=False)
        elif {ascending for _, ascending in self._orders} == {True, False}:
            self._note(Key.ORDERED, value=True)
        else:
            self._lacks([Key.ORDERED], "no results named two ids")

    def _repeated(self) -> Script[None]:
        a, b, c = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        said = yield from self._delete(a, c, c, b)
        named = len(said.of(c))
        if (yield from self._was_refused(said, (a, b))):
            self._note(Key.REPEATED_ID, "refused", said.own)
        elif named in (1, 2):
            self._note(Key.REPEATED_ID, "twice" if named > 1 else "once")
        else:
            self._lacks([Key.REPEATED_ID], f"the answer was {_said(said)}")

    def _oneself(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        said = yield from self._delete(a, a, b)
        if (yield from self._was_refused(said, (a, b))):
            self._note(Key.ONESELF, "call", said.own)
        elif (ruling := self._result(said, a)) and ruling.verdict is not Verdict.DELETED:
            self._note(Key.ONESELF, "item", ruling)
        else:
            self._lacks([Key.ONESELF], f"the answer was {_said(said)}")

    def _unknown(self) -> Script[None]:
        (a, b, _), unknown = self._cast.accounts, self._cast.unknown
        seen = yield Step(deed=Deed.ASK, account=a, others=(unknown,), watched=True)
        if any(one.verdict is Verdict.ALREADY_GONE for one in seen.of(unknown)):
            raise _NotReady(f"{unknown}, drawn at random, is a friend of {a}")
        yield from self._ensure((a, b), there=True)
        said = yield from self._delete(a, unknown, b)
        ruling = self._result(said, unknown)
        if (yield from self._was_refused(said, (a, b))):
            self._note(Key.UNKNOWN_ID, "call", said.own)
        elif ruling is None or ruling.verdict is Verdict.DELETED:
            words = f"an id that nobody has was answered {_said(said)}"
            self._note(Key.UNKNOWN_ID, None, words=words, holds=False)
        elif ruling.verdict is Verdict.ALREADY_GONE:
            self._note(Key.UNKNOWN_ID, "gone", ruling)
        else:
            self._note(Key.UNKNOWN_ID, "item", ruling)

    def _clear_empty(self) -> Script[None]:
        account, _ = yield from self._empty_one()
        said = yield from self._clear(account, Mode.ONE_WAY)
        if said.own.verdict in (Verdict.DELETED, Verdict.ALREADY_GONE):
            value = "ok" if said.own.verdict is Verdict.DELETED else "code"
            self._note(Key.CLEAR_EMPTY, value, said.own)
        else:
            self._note(Key.CLEAR_EMPTY, None, said.own, words=_answered(said.own), holds=False)

    def _clear_reverse(self) -> Script[None]:
        if not self._cast.clears_both_ways:
            self._lacks([Key.CLEAR_REVERSE], "not tried: this job clears no list two-way")
            return
        account, other = yield from self._empty_one()
        yield from self._ensure((other, account), there=True)
        yield from self._ensure((account, other), there=False)
        if not (yield from self._asked((other, account))):
            raise _Broken(f"{account} left {other}'s list by a one-way deletion from its own")
        if not (yield from self._is_empty(account)):
            raise _NotReady(f"not tried: {account} has got other friends meanwhile")
        said = yield from self._clear(account, Mode.TWO_WAY)
        left = yield from self._asked((other, account))
        if said.own.verdict in (Verdict.DELETED, Verdict.ALREADY_GONE):
            self._note(Key.CLEAR_REVERSE, "keep" if left else "remove")
        else:
            self._note(Key.CLEAR_REVERSE, None, words=_answered(said.own), holds=False)

    def _nonce(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield Step(deed=Deed.ASK, account=a, others=(b,))
        said = yield Step(deed=Deed.AGAIN, account=a, others=(b,), watched=True)
        answered = all(one.verdict in _ANSWERED for one in said.of(b))
        self._note(Key.NONCE_TWICE, "accepted" if answered else "refused")

    # --- what they are made of --------------------------------------------------------------------

    def _asked(self, edge: Edge) -> Script[bool]:
        """Whether an account has another; asked where that is not known."""
        if edge not in self._has:
            account, _ = edge
            unknown = {one: {(account, one), (one, account)} for one in self._cast.accounts}
            others = tuple(one for one, both in unknown.items() if not both <= self._has.keys())
            said = yield Step(deed=Deed.ASK, account=account, others=others)
            there = edges_of(account, said)
            if there is None:
                raise Spoiled(f"how {account} stands to the others was answered {_said(said)}")
            self._has |= {one: one in there for other in others for one in unknown[other]}
        return self._has[edge]

    def _ensure(self, edge: Edge, *, there: bool) -> Script[None]:
        """Lets an account have another, or not; what the other list has is not known after it."""
        if (yield from self._asked(edge)) is there:
            return
        account, other = edge
        self._forget(edge, (other, account))
        deed = Deed.ADD if there else Deed.DELETE
        said = yield Step(deed=deed, account=account, others=(other,))
        if (yield from self._asked(edge)) is not there:
            done = "put on" if there else "taken off"
            raise _NotReady(
                f"not tried: {other} could not be {done} {account}'s list; the answer was "
                f"{_said(said)}"
            )

    def _delete(self, account: str, *others: str, mode: Mode = Mode.ONE_WAY) -> Script[Said]:
        self._forget(*((account, one) for one in others), *((one, account) for one in others))
        return (
            yield Step(deed=Deed.DELETE, account=account, others=others, mode=mode, watched=True)
        )

    def _clear(self, account: str, mode: Mode) -> Script[Said]:
        self._forget(*(edge for edge in self._has if account in edge))
        return (yield Step(deed=Deed.CLEAR, account=account, mode=mode, watched=True))

    def _empty_one(self) -> Script[Edge]:
        """An account whose list is empty and was asked for just now, and one of the others.

        No other friendship of the three is left on it.
        """
        a, b, c = self._cast.accounts
        for account, other in ((c, b), (b, a), (a, b)):
            for one in self._cast.accounts:
                yield from self._ensure((account, one), there=False)
            if (yield from self._is_empty(account)):
                return account, other
        raise _NotReady("not tried: each of the three accounts has other friends")

    def _is_empty(self, account: str) -> Script[bool]:
        said = yield Step(deed=Deed.ASK_LIST, account=account)
        if said.own.verdict not in _ANSWERED:
            raise _NotReady(f"not tried: who is on {account}'s list was answered {_said(said)}")
        return said.own.verdict is Verdict.DELETED

    def _was_refused(self, said: Said, friend: Edge) -> Script[bool]:
        """Whether a call was refused as a whole: a code of its own, and the friend still there."""
        return said.own.code != 0 and (yield from self._asked(friend))

    def _result(self, said: Said, account: str) -> Ruling | None:
        """What became of an id; None where nothing says so."""
        if named := said.of(account):
            return named[0]
        unnamed = None if self._names_all else said.own
        return unnamed if said.own.code == 0 else said.own

    def _order(self, said: Said, sent: tuple[str, str]) -> None:
        named = [name for name, _ in said.items if name in sent]
        if sorted(named) == sorted(sent):
            self._orders.append((tuple(named) == sent, sent[0] < sent[1]))

    def _forget(self, *edges: Edge) -> None:
        """What is known of these is not known any more; without any, of all."""
        for edge in edges or tuple(self._has):
            if edge[0] != edge[1]:
                self._has.pop(edge, None)

    # --- what is found ----------------------------------------------------------------------------

    def _note(
        self,
        key: Key,
        value: Value | None,
        ruling: Ruling | None = None,
        *,
        words: str = "",
        holds: bool | None = True,
    ) -> None:
        assumed = self._cast.assumed(key)
        if value is not None:
            holds = not assumed or value in assumed
            words = for_a_run(
                key,
                value,
                ruling,
                mode=self._cast.mode,
                fewest_calls=self._cast.fewest_calls,
            )
        self.found[key] = Found(value=value, assumed=assumed, holds=holds, words=words)

    def _lack(self, key: Key, words: str) -> Found:
        return Found(value=None, assumed=self._cast.assumed(key), holds=None, words=words)

    def _lacks(self, keys: Iterable[Key], words: str) -> None:
        for key in keys:
            self.found.setdefault(key, self._lack(key, words))


_ANSWERED: Final = (Verdict.DELETED, Verdict.ALREADY_GONE)


def edges_of(account: str, said: Said) -> set[Edge] | None:
    """Who has whom, by the answer to an ASK about an account; None where part of it is unknown."""
    edges: set[Edge] = set()
    for other, ruling in said.items:
        if ruling.verdict not in _ANSWERED:
            return None
        if ruling.note in ("from", "both"):
            edges.add((account, other))
        if ruling.note in ("to", "both"):
            edges.add((other, account))
    return edges


def _answered(ruling: Ruling | None) -> str:
    if ruling is None:
        return "the answer did not name it"
    return f"it was answered code {ruling.code}{f' ({ruling.info})' if ruling.info else ''}"


def _said(said: Said) -> str:
    """An answer in short: its codes."""
    each = ", ".join(f"{name}: {ruling.code}" for name, ruling in said.items)
    return f"code {said.own.code} ({each or 'nobody named'})"
