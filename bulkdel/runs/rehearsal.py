"""A rehearsal as a sequence of steps and what is made of the answers. Pure: no call leaves here.

It is a generator: it yields the next step, is sent what came of it, and writes down what it found.
Whoever drives it throws in `Spoiled` where nothing can be said of a step that is watched; the
question then begins anew. One account, the first, has the second as a friend or has not; the third
is nobody's friend throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bulkdel.providers.rehearsal import Rehearsed, Said
from bulkdel.report.rehearsal import Found, Key, Value, meaning
from bulkdel.runs.rehearsal_steps import ANSWERED, Deed, Edge, Script, Spoiled, Step, edges_of
from bulkdel.words import Mode, Ruling, Verdict


class _Unanswered(Exception):
    """A question has no answer, and would have none the next time; holds why.

    Attributes:
        holds: False where a promise of the documentation is broken.
    """

    def __init__(self, why: str, *, holds: bool | None = None) -> None:
        super().__init__(why)
        self.holds = holds


_TRIES: Final = 3
"""Of a question of which no clear answer comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who is in it, and for what job.

    Attributes:
        accounts: three, of whom none has another as a friend.
        unknown: an id that nobody has.
        mode, fewest_calls, clears_both_ways: of the job; it clears lists, and two-way.
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
            # The worst of the three: so fewest_calls sends the other side as well.
            Key.REVERSE_ONLY: ("keep",),
            # As documented, of this call or of its siblings.
            Key.ALL_FAILED: (known.all_failed,),
            Key.COMPLETE: (True,) if known.names_all else (),
            Key.ADD_WRITES_BOTH: () if known.adds_both is None else (known.adds_both,),
            # The codes for it are listed among those of single ids; in neither case do others fail.
            Key.UNKNOWN_ID: ("item", "gone"),
            # No code for it is listed.
            Key.CLEAR_EMPTY: ("ok",),
            # The call can only walk the account's own list; nothing says that it does more.
            Key.CLEAR_REVERSE: ("keep",),
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
        self._made: set[Edge] = set()  # what was put on a list, and may be on the other as well
        # Whether results kept to an order sent, by whether that was the alphabet's.
        self._orders: dict[bool, bool] = {}

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
                continue
            except _Unanswered as error:
                self._lack(keys, Found(words=str(error), holds=error.holds))
            return
        words = f"no clear answer in {_TRIES} tries: {why}"
        self._lack(keys, Found(words=words, unclear=True))

    # --- the questions ----------------------------------------------------------------------------

    def _add(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield from self._ensure((b, a), there=False)
        yield from self._ensure((a, b), there=True)
        self._note(Key.ADD_WRITES_BOTH, (yield from self._asked((b, a))))

    def _complete(self) -> Script[None]:
        a, b, c = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        said = yield from self._delete(a, b, c)
        self._order(said, (b, c))
        friend, stranger = said.of(b), said.of(c)
        right = all(one.verdict is Verdict.DELETED for one in friend) and not any(
            one.verdict is Verdict.DELETED for one in stranger
        )
        documented = self._cast.rehearsed.names_all
        if (yield from self._asked((a, b))) or not (right and (documented or stranger)):
            raise _Unanswered(f"{a} had {b} and not {c}: {_said(said)}", holds=False)
        if not documented:
            raise _Unanswered("results name those that failed, as documented")
        self._note(Key.COMPLETE, bool(friend and stranger))
        self._names_all = not stranger or bool(friend)

    def _all_failed(self) -> Script[None]:
        a, b, c = self._cast.accounts
        yield from self._ensure((a, b), there=False)
        said = yield from self._delete(a, c, b)
        self._order(said, (c, b))
        claimed = any(ruling.verdict is Verdict.DELETED for _, ruling in said.items)
        if claimed or (said.own.code == 0 and not (said.of(b) and said.of(c))):
            words = f"{a} had neither {c} nor {b}: {_said(said)}"
            self._lack([Key.ALL_FAILED], Found(words=words, holds=False))
        else:
            beside = "code_and_items" if said.items else "code_only"
            self._note(Key.ALL_FAILED, beside if said.own.code else "zero", said.own)
        if len(self._orders) == 1:  # which may be the alphabet's: so the other way round as well
            [ascending] = self._orders
            if not said.items:  # names nobody unless somebody is a friend
                yield from self._ensure((a, b), there=True)
            first, second = sorted((b, c), reverse=ascending)
            self._order((yield from self._delete(a, first, second)), (first, second))
        if len(self._orders) <= 1:
            raise _Unanswered("no results named two ids")
        self._note(Key.ORDERED, all(self._orders.values()))

    def _reverse_only(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        yield from self._ensure((b, a), there=False)
        yield from self._stays((a, b))
        said = yield from self._delete(b, a, mode=Mode.TWO_WAY)
        ruling = self._result(said, a)
        stays = yield from self._asked((a, b))
        verdict = ruling.verdict if ruling else None
        if verdict is Verdict.ALREADY_GONE:
            self._note(Key.REVERSE_ONLY, "keep" if stays else "remove")
        elif verdict is Verdict.DELETED and not stays:
            self._note(Key.REVERSE_ONLY, "delete")
        else:
            it = "stays on" if stays else "goes from"
            raise _Unanswered(f"the friend {it} the other list: {_said(said)}", holds=False)

    def _repeated(self) -> Script[None]:
        _, _, c = self._cast.accounts
        said, refused = yield from self._beside_a_friend(c, c)
        named = len(said.of(c))
        if not refused and named not in (1, 2):
            raise _Unanswered(_said(said))
        self._note(Key.REPEATED_ID, "refused" if refused else "once" if named == 1 else "twice")

    def _oneself(self) -> Script[None]:
        a, _, _ = self._cast.accounts
        said, refused = yield from self._beside_a_friend(a)
        ruling = self._result(said, a)
        if not refused and (ruling is None or ruling.verdict is Verdict.DELETED):
            raise _Unanswered(_said(said))
        self._note(Key.ONESELF, "call" if refused else "item")

    def _unknown(self) -> Script[None]:
        (a, _, _), unknown = self._cast.accounts, self._cast.unknown
        seen = yield Step(deed=Deed.ASK, account=a, others=(unknown,), watched=True)
        if any(one.verdict is Verdict.ALREADY_GONE for one in seen.of(unknown)):
            raise _Unanswered(f"not tried: {unknown}, drawn at random, is a friend of {a}")
        said, refused = yield from self._beside_a_friend(unknown)
        ruling = said.own if refused else self._result(said, unknown)
        if ruling is None or ruling.verdict is Verdict.DELETED:
            raise _Unanswered(f"an id that nobody has: {_said(said)}", holds=False)
        gone = ruling.verdict is Verdict.ALREADY_GONE
        self._note(Key.UNKNOWN_ID, "call" if refused else "gone" if gone else "item", ruling)

    def _clear_empty(self) -> Script[None]:
        account, _ = yield from self._empty_one()
        said = yield from self._clear(account, Mode.ONE_WAY)
        self._note(Key.CLEAR_EMPTY, "ok" if said.own.verdict is Verdict.DELETED else "code")

    def _clear_reverse(self) -> Script[None]:
        if not self._cast.clears_both_ways:
            raise _Unanswered("not tried: this job clears no list two-way")
        account, other = yield from self._empty_one()
        yield from self._ensure((other, account), there=True)
        yield from self._ensure((account, other), there=False)
        yield from self._stays((other, account))
        if not (yield from self._is_empty(account)):
            raise _Unanswered(f"not tried: {account} has got other friends meanwhile")
        yield from self._clear(account, Mode.TWO_WAY)
        stays = yield from self._asked((other, account))
        self._note(Key.CLEAR_REVERSE, "keep" if stays else "remove")

    def _nonce(self) -> Script[None]:
        a, b, _ = self._cast.accounts
        yield Step(deed=Deed.ASK, account=a, others=(b,))
        said = yield Step(deed=Deed.AGAIN, account=a, others=(b,), watched=True)
        answered = all(one.verdict in ANSWERED for one in said.of(b))
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
                raise Spoiled(f"how {account} stands to the others: {_said(said)}")
            self._has |= {one: one in there for other in others for one in unknown[other]}
        return self._has[edge]

    def _ensure(self, edge: Edge, *, there: bool) -> Script[None]:
        """Lets an account have another, or not; what the other list has is not known after it."""
        if (yield from self._asked(edge)) is there:
            return
        account, other = edge
        both = {edge, (other, account)}
        if there:
            self._made |= both
        elif edge not in self._made:
            raise _Unanswered(f"not tried: somebody else put {other} on {account}'s list")
        self._forget(*both)
        deed = Deed.ADD if there else Deed.DELETE
        said = yield Step(deed=deed, account=account, others=(other,))
        if (yield from self._asked(edge)) is not there:
            done = "put on" if there else "taken off"
            why = f"not tried: {other} could not be {done} {account}'s list: {_said(said)}"
            raise _Unanswered(why)

    def _stays(self, edge: Edge) -> Script[None]:
        """Returns where an entry is there still, whose other side was removed one-way."""
        if not (yield from self._asked(edge)):
            why = f"a one-way deletion took {edge[1]} off {edge[0]}'s list too: it is not one-way"
            raise _Unanswered(why, holds=False)

    def _beside_a_friend(self, *others: str) -> Script[tuple[Said, bool]]:
        """The answer to a deletion of these and of a friend, and whether it was refused whole."""
        a, b, _ = self._cast.accounts
        yield from self._ensure((a, b), there=True)
        said = yield from self._delete(a, *others, b)
        return said, said.own.code != 0 and (yield from self._asked((a, b)))

    def _delete(self, account: str, *others: str, mode: Mode = Mode.ONE_WAY) -> Script[Said]:
        self._forget(*((account, one) for one in others), *((one, account) for one in others))
        step = Step(deed=Deed.DELETE, account=account, others=others, mode=mode, watched=True)
        return (yield step)

    def _clear(self, account: str, mode: Mode) -> Script[Said]:
        self._forget(*(edge for edge in self._has if account in edge))
        said = yield Step(deed=Deed.CLEAR, account=account, mode=mode, watched=True)
        if said.own.verdict not in ANSWERED:
            raise _Unanswered(f"a list was not cleared: {_said(said)}", holds=False)
        return said

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
        raise _Unanswered("not tried: each of the three accounts has other friends")

    def _is_empty(self, account: str) -> Script[bool]:
        said = yield Step(deed=Deed.ASK_LIST, account=account)
        if said.own.verdict not in ANSWERED:
            raise _Unanswered(f"not tried: who is on {account}'s list: {_said(said)}")
        return said.own.verdict is Verdict.DELETED

    def _result(self, said: Said, account: str) -> Ruling | None:
        """What became of an id; None where nothing says so."""
        if named := said.of(account):
            return named[0]
        unnamed = None if self._names_all else said.own
        return unnamed if said.own.code == 0 else said.own

    def _order(self, said: Said, sent: tuple[str, str]) -> None:
        named = [name for name, _ in said.items if name in sent]
        if sorted(named) == sorted(sent):
            ascending = sent[0] < sent[1]
            self._orders[ascending] = tuple(named) == sent and self._orders.get(ascending, True)

    def _forget(self, *edges: Edge) -> None:
        """What is known of these is not known any more, but that nobody has himself."""
        for edge in edges:
            if edge[0] != edge[1]:
                self._has.pop(edge, None)

    def _note(self, key: Key, value: Value, ruling: Ruling | None = None) -> None:
        cast, assumed = self._cast, self._cast.assumed(key)
        ruled = ruling.verdict if ruling else None
        words = meaning(key, value, ruled, mode=cast.mode, fewest_calls=cast.fewest_calls)
        holds = not assumed or value in assumed
        self.found[key] = Found(value=value, assumed=assumed, holds=holds, words=words)

    def _lack(self, keys: Iterable[Key], why: Found) -> None:
        for key in keys:
            self.found.setdefault(key, replace(why, assumed=self._cast.assumed(key)))


def _said(said: Said) -> str:
    """An answer in short: its codes, and the text of its own."""
    each = "".join(f", {name} {ruling.code}" for name, ruling in said.items) or ", nobody named"
    info = f' "{said.own.info}"' if said.own.info else ""
    return f"the answer was code {said.own.code}{info}{each}"
