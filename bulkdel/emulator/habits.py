"""What the documentation leaves open, and the emulator can do either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from bulkdel.emulator.world import ReverseOnly

AllFailed: TypeAlias = Literal["zero", "code_and_items", "code_only"]
RepeatedId: TypeAlias = Literal["once", "twice", "refused"]
Oneself: TypeAlias = Literal["item", "call"]
UnknownId: TypeAlias = Literal["item", "call", "gone"]
ClearEmpty: TypeAlias = Literal["ok", "code"]
ClearReverse: TypeAlias = Literal["keep", "remove"]
NonceTwice: TypeAlias = Literal["accepted", "refused"]
AddAgain: TypeAlias = Literal["overwrite", "keep"]

_YES_NO: Final = (True, False)
FOUND: Final[Mapping[str, tuple[str | bool, ...]]] = {
    "reverse_only": tuple(kind.value for kind in ReverseOnly),
    "all_failed": get_args(AllFailed),
    "complete": _YES_NO,
    "ordered": _YES_NO,
    "repeated_id": get_args(RepeatedId),
    "oneself": get_args(Oneself),
    "unknown_id": get_args(UnknownId),
    "clear_empty": get_args(ClearEmpty),
    "nonce_twice": get_args(NonceTwice),
    "clear_reverse": get_args(ClearReverse),
    "add_writes_both": _YES_NO,
}
"""The habits that a rehearsal can find out, and what it may find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How one provider behaves where nothing says how; the defaults are our guesses.

    Attributes:
        reverse_only: see ReverseOnly.
        all_failed: where every id of a call failed: its own code is 0 and the items say it; it has
            a code beside the items; it has a code and no items. None: as the provider documents
            it, or its sibling calls do.
        all_failed_code: that code; None means the first item's. One that is given implies
            "code_and_items" where nothing else is chosen.
        complete: whether the results of a change name every id; otherwise only those that failed.
            No effect where that is what the documentation says.
        ordered: whether results come in the order sent.
        repeated_id: an id that stands twice in one call: its results name it once, twice, or the
            call is refused.
        oneself: From among the To: only that item fails, or the whole call.
        unknown_id: an id that does not exist: that item fails; the whole call does; or nobody
            looks, and it is answered as not a friend. Who does not exist is never added.
        clear_empty: clearing an empty list is fine, or has the code of "not a friend".
        clear_reverse: whether clearing a list two-way reaches those who have the account without
            being in its list.
        nonce_twice: the same nonce (or random number) a second time, while its time may be valid.
        add_writes_both: an addition of which that is undocumented writes the other list too.
        add_again: what adding one who is in the list already does where no code is documented for
            it: takes the new data, or leaves the old; it is answered as done.
        batch_limit: ids a call; None means the documented maximum.
        page: entries of a list in one answer, where the caller cannot say how many.
        vague_not_friend: an id that is not a friend gets the code of a bad parameter, with the
            reason only in its text, where the documentation says that this happens.
        conflicts: two calls at once that write the same friend list: the later one is refused,
            whole, with the provider's `conflict`.
        lockout_after: signatures refused in a row until every call is refused for `lockout_s`
            seconds, where the documentation says that this happens.
    """

    reverse_only: ReverseOnly = ReverseOnly.KEEP
    all_failed: AllFailed | None = None
    all_failed_code: int | None = None
    complete: bool = True
    ordered: bool = True
    repeated_id: RepeatedId = "refused"
    oneself: Oneself = "call"
    unknown_id: UnknownId = "item"
    clear_empty: ClearEmpty = "ok"
    clear_reverse: ClearReverse = "keep"
    nonce_twice: NonceTwice = "accepted"
    add_writes_both: bool = True
    add_again: AddAgain = "overwrite"
    batch_limit: int | None = None
    page: int = 100
    vague_not_friend: bool = False
    conflicts: bool = False
    lockout_after: int = 10
    lockout_s: float = 60.0

    def own_code(
        self, failures: Mapping[str, int], ids: tuple[str, ...], documented: AllFailed
    ) -> tuple[int, bool]:
        """The call's own code, and whether its items are named; `failures` by id."""
        if not failures or len(failures) < len(set(ids)):
            return 0, True
        way = self.all_failed or (documented if self.all_failed_code is None else "code_and_items")
        if way == "zero":
            return 0, True
        return self.all_failed_code or next(iter(failures.values())), way == "code_and_items"

    def sent(self, ids: list[str]) -> tuple[str, ...]:
        """The ids of a call as its results will name them, if it is not refused."""
        return tuple(dict.fromkeys(ids) if self.repeated_id == "once" else ids)
