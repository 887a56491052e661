"""Sides for all friendships, given who sends, so that few calls are begun and not filled.

Only a friendship between two senders can choose. It goes to the side whose open calls have more
room. Then accounts try to save their last call: its friendships go to the other side, where a call
that is paid for has room, or where room can be made by passing friendships on in turn (an
augmenting path). What would cost a call elsewhere is not done.
"""

from __future__ import annotations

from array import array

from bulkdel.plan.sides.graph import Edges, Graph, Numbers, edge_numbers, filled

LONGEST_SEARCH = 200
"""Accounts that one search for room looks at."""
VISITS_A_FRIENDSHIP = 40
MOST_VISITS = 20_000_000
"""Where saving stops; some seconds."""
_ROUNDS = 3


def sides(graph: Graph, edges: Edges, senders: bytearray, batch_size: int) -> bytearray:
    """One byte a friendship: 1 where it is sent from its high end."""
    from_high, load = _first_sides(graph, edges, senders, batch_size)
    if graph.most > batch_size:
        _Saving(graph, edges, from_high, load, batch_size).run()
    return from_high


def calls_of(edges: Edges, accounts: int, from_high: bytes, batch_size: int) -> int:
    """The calls that these sides cost, counted from nothing else."""
    load = filled(accounts)
    for low, high, side in zip(edges.low, edges.high, from_high, strict=True):
        load[high if side else low] += 1
    return sum(-(-count // batch_size) for count in load)


def _first_sides(
    graph: Graph, edges: Edges, senders: bytearray, batch_size: int
) -> tuple[bytearray, Numbers]:
    from_high = bytearray(len(edges.low))
    load = filled(graph.accounts)
    for number, (low, high) in enumerate(zip(edges.low, edges.high, strict=True)):
        if not senders[low]:
            from_high[number] = 1
            load[high] += 1
        elif not senders[high]:
            load[low] += 1
    for number, (low, high) in enumerate(zip(edges.low, edges.high, strict=True)):
        if senders[low] and senders[high]:
            # A sender has a friend who is none, so its first call is begun already.
            if -load[high] % batch_size > -load[low] % batch_size:
                from_high[number] = 1
                load[high] += 1
            else:
                load[low] += 1
    return from_high, load


class _Saving:
    def __init__(
        self, graph: Graph, edges: Edges, from_high: bytearray, load: Numbers, batch_size: int
    ) -> None:
        self._graph = graph
        self._low = edges.low
        self._high = edges.high
        self._numbers = edge_numbers(graph, edges)
        self._from_high = from_high
        self._load = load
        self._room = array("i", (-count % batch_size for count in load))  # in calls paid for
        self._size = batch_size
        self._visits = min(MOST_VISITS, VISITS_A_FRIENDSHIP * len(from_high))

    def run(self) -> None:
        """Tries every account, those whose last call is emptiest first, while that pays."""
        for _ in range(_ROUNDS):
            saved = 0
            queue = [array("i") for _ in range(min(self._size, self._graph.most))]
            for account, count in enumerate(self._load):
                if count:
                    queue[(count - 1) % self._size].append(account)
            for accounts in queue:
                for account in accounts:
                    if self._visits <= 0:
                        return
                    saved += self._save_call(account)
            if not saved:
                return

    def _save_call(self, account: int) -> bool:
        """Moves all of the account's last call elsewhere, or nothing."""
        wanted = self._size - self._room[account]
        if not self._load[account] or not self._might_move(account, wanted):
            return False
        moved: list[int] = []
        for _ in range(wanted):
            way = self._way_to_room(account)
            moved += way
            for number in way:
                self._turn(number)
            if not way:
                for number in reversed(moved):
                    self._turn(number)
                return False
        self._room[account] -= self._size
        return True

    def _might_move(self, account: int, wanted: int) -> bool:
        """Whether so many of its friendships go to friends who send as well: a quick no."""
        start, friends, load = self._graph.start, self._graph.friends, self._load
        self._visits -= start[account + 1] - start[account]
        for at in range(start[account], start[account + 1]):
            friend = friends[at]
            if load[friend] and self._from_high[self._numbers[at]] == (account > friend):
                wanted -= 1
                if not wanted:
                    return True
        return False

    def _turn(self, number: int) -> None:
        """Sends a friendship from its other side."""
        giver, taker = self._low[number], self._high[number]
        if self._from_high[number]:
            giver, taker = taker, giver
        self._from_high[number] ^= 1
        self._load[giver] -= 1
        self._room[giver] += 1
        self._load[taker] += 1
        self._room[taker] -= 1

    def _way_to_room(self, account: int) -> list[int]:
        """Friendships to turn so that `account` sends one fewer and only room is used; or none."""
        start, friends, numbers = self._graph.start, self._graph.friends, self._numbers
        reached = {account: (-1, -1)}  # account: the friendship it would take over, and from whom
        queue = [account]
        for giver in queue:
            self._visits -= start[giver + 1] - start[giver]
            for at in range(start[giver], start[giver + 1]):
                taker, number = friends[at], numbers[at]
                if self._from_high[number] != (giver > taker) or taker in reached:
                    continue
                reached[taker] = (number, giver)
                if self._room[taker]:
                    way = []
                    while taker != account:
                        number, taker = reached[taker]
                        way.append(number)
                    return way
                if len(reached) > LONGEST_SEARCH:
                    return []
                queue.append(taker)
        return []
