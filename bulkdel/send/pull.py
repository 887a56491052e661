"""The deed that pulls friend lists: page by page to the end, and kept before it is recorded.

A list that changes while its pages are pulled is pulled again from its first page: what is kept is
one list as it was at one time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

from bulkdel.ledger.friends_file import FriendsFile, PulledList, middle, pack
from bulkdel.ledger.render import moment
from bulkdel.ledger.values import Outcome
from bulkdel.providers.operations import Command, Cursor, Friend, Page
from bulkdel.providers.protocol import Provider
from bulkdel.words import Answer, Entry, Mode, Pull, Ruling, Verdict

CHANGES_MOST: Final = 3
"""How often a list is pulled again that changed meanwhile, before it waits for the next round."""
_FRIENDS_MOST: Final = 1_000_000
"""Friends of a list that does not say how many they are; beyond that it is taken for endless."""

_MORE: Final = Answer(rest=Ruling(verdict=Verdict.MORE, code=0))
_CHANGED: Final = Answer(
    rest=Ruling(
        verdict=Verdict.TRANSIENT,
        code=0,
        info="the list changed while its pages were pulled",
        defer=True,
    )
)


@dataclass(slots=True, eq=False)
class _Pages:
    """A list as far as it has been pulled: a few bytes a friend.

    Attributes:
        following: what to ask for next; None for the first page.
        stamp: of the pages so far.
        seen: a hash of each friend's id.
        kept: how many friends are kept, and pages: what is kept of them.
        changes: how often the list has changed.
    """

    following: int | None = None
    stamp: tuple[int, ...] | None = None
    seen: array[int] = field(default_factory=lambda: array("q"))
    kept: int = 0
    pages: list[bytes] = field(default_factory=list)
    changes: int = 0

    def goes_on_with(self, page: Page) -> bool:
        """Whether the page is one of the same list as those before it, and they are all of it."""
        hashes = array("q", (hash(friend.account) for friend in page.friends))
        is_other = self.stamp not in (None, page.stamp) or not set(hashes).isdisjoint(self.seen)
        self.seen.extend(hashes)
        self.stamp, self.following = page.stamp, page.following
        count, total = len(self.seen), page.total
        if is_other or count > (_FRIENDS_MOST if total is None else total):
            return False
        return page.following is not None or total in (None, count)

    def keep(self, friends: list[Friend]) -> None:
        """Keeps what is wanted of a page."""
        if friends:
            self.kept += len(friends)
            self.pages.append(pack([middle(friend.account, friend.data) for friend in friends]))


class PullDeed:
    """Pulls lists for one target into a file."""

    def __init__(
        self, provider: Provider, mode: Mode, target: str, friends_file: FriendsFile
    ) -> None:
        """Pulls from the provider for the target of this name, into `friends_file`."""
        self._calls, self._mode, self._target = provider.pull_friends, mode, target
        self._file = friends_file
        self._lists: dict[int, _Pages] = {}

    def command(self, load: Entry) -> Command:
        """The next page of the list."""
        return self._calls.encode(self._cursor(load), self._mode)

    def answer(self, load: Entry, status: int, body: bytes) -> Answer:
        """`deleted` where the list is whole, with the number of friends that are kept as note."""
        page = self._calls.decode(self._cursor(load), status, body)
        if isinstance(page, Ruling):
            return Answer(rest=page)
        listing = self._lists.setdefault(load.ordinal, _Pages())
        if not listing.goes_on_with(page):
            changes = listing.changes + 1
            again = changes <= CHANGES_MOST
            self._lists[load.ordinal] = _Pages(changes=changes)
            return _MORE if again else _CHANGED
        wanted = load.wanted if isinstance(load, Pull) else ()
        listing.keep([one for one in page.friends if _is_wanted(wanted, one.account)])
        if page.following is not None:
            return _MORE
        return Answer(rest=Ruling(verdict=Verdict.DELETED, code=0, note=str(listing.kept)))

    async def keep(self, outcome: Outcome) -> None:
        """Returns when the data of a list that was pulled whole is durable.

        Raises:
            StorageFailed: it could not be written.
        """
        settlement, entry = outcome.settlement, outcome.entry
        if settlement is None or settlement.groups[0].status is not Verdict.DELETED:
            return
        pages = self._lists[entry.ordinal].pages
        if pages:
            at = moment(settlement.at_ms)
            await self._file.add(PulledList(self._target, entry.from_account, at, pages))

    def leave(self, ordinal: int) -> None:
        """What was pulled of a list, and not kept, is forgotten."""
        self._lists.pop(ordinal, None)

    def _cursor(self, load: Entry) -> Cursor:
        listing = self._lists.get(load.ordinal)
        return Cursor(account=load.from_account, at=listing.following if listing else None)


def _is_wanted(wanted: tuple[str, ...] | None, account: str) -> bool:
    if wanted is None:
        return True
    place = bisect_left(wanted, account)
    return place < len(wanted) and wanted[place] == account
