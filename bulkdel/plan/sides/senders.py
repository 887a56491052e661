"""A small set of accounts that holds an end of every friendship: those who send.

Where a call carries all of an account's friends, the calls are the accounts that send, and the
fewest are a minimum vertex cover. That is NP-hard; two steps come close to it in linear time:

1. peeling: an account with one friend left never needs to send, the friend does; where there is
   no such account, the one with most friends left sends;
2. swaps: a sender with exactly one friend who does not send changes places with that friend. That
   costs nothing, and now and then leaves a sender whose friends all send: it need not.
"""

from __future__ import annotations

import random
from array import array

from bulkdel.plan.sides.graph import Graph, filled

VISITS_A_FRIENDSHIP = 30
MOST_VISITS = 15_000_000
"""Friends looked at before the swapping stops; some seconds. The gain has become small by then."""

_SILENT, _SENDS = 1, 2  # 0: not decided yet


def senders_of(graph: Graph) -> bytearray:
    """One byte an account, 1 where it sends: of any two friends at least one does."""
    state = _Peeling(graph).run()
    _Swapping(graph, state).run()
    return bytearray(mark == _SENDS for mark in state)


class _Peeling:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._state = bytearray(graph.accounts)
        self._left = array("i", map(graph.degree, range(graph.accounts)))  # friends undecided
        # An account that has lost friends is put where it belongs when its turn comes, not before:
        # one entry each.
        self._queue = [array("i") for _ in range(graph.most + 1)]
        for account in range(graph.accounts - 1, -1, -1):
            self._queue[self._left[account]].append(account)
        self._ones = self._queue[1][:] if graph.most else array("i")

    def run(self) -> bytearray:
        """Decides every account."""
        state, left, queue = self._state, self._left, self._queue
        level = self._graph.most
        while level > 0:
            self._serve_ones()
            if not queue[level]:
                level -= 1
                continue
            account = queue[level].pop()
            if state[account]:
                continue
            if left[account] == level:
                self._send(account)
            else:
                queue[left[account]].append(account)
        return bytearray(mark or _SILENT for mark in state)

    def _serve_ones(self) -> None:
        """The only friend left of an account sends for it."""
        state = self._state
        while self._ones:
            account = self._ones.pop()
            if not state[account] and self._left[account] == 1:
                state[account] = _SILENT
                self._send(next(f for f in self._graph.of(account) if not state[f]))

    def _send(self, account: int) -> None:
        state, left = self._state, self._left
        state[account] = _SENDS
        for friend in self._graph.of(account):
            if not state[friend]:
                left[friend] -= 1
                if left[friend] == 1:
                    self._ones.append(friend)


class _Swapping:
    def __init__(self, graph: Graph, state: bytearray) -> None:
        self._graph = graph
        self._state = state
        self._silent = filled(graph.accounts)  # friends of each account who do not send
        for account in range(graph.accounts):
            if state[account] == _SILENT:
                self._count_silent(account)
        for account in range(graph.accounts):
            self._hush_if_idle(account)
        self._movable = array("i")
        self._listed = bytearray(graph.accounts)
        for account in range(graph.accounts):
            self._list_if_movable(account)

    def run(self) -> None:
        """Swaps while there is someone to swap, and visits are left."""
        state, silent, movable = self._state, self._silent, self._movable
        draw = random.Random(0).random  # the same numbers in every version of Python
        visits = min(MOST_VISITS, VISITS_A_FRIENDSHIP * len(self._graph.friends) // 2)
        while visits > 0 and movable:
            at = int(draw() * len(movable))
            movable[at], movable[-1] = movable[-1], movable[at]
            account = movable.pop()
            self._listed[account] = 0
            if state[account] == _SENDS and silent[account] == 1:
                visits -= self._swap(account)

    def _swap(self, account: int) -> int:
        """`account` and its one silent friend change places. How many friends were looked at."""
        state, silent, friends = self._state, self._silent, self._graph.of(account)
        other = next(friend for friend in friends if state[friend] == _SILENT)
        state[account] = _SILENT
        self._count_silent(account)
        state[other] = _SENDS
        others = self._graph.of(other)
        for friend in others:
            silent[friend] -= 1
            if silent[friend] == 1:
                self._list_if_movable(friend)
        self._list_if_movable(other)
        for friend in others:
            self._hush_if_idle(friend)
        return len(friends) + len(others)

    def _count_silent(self, account: int) -> None:
        silent = self._silent
        for friend in self._graph.of(account):
            silent[friend] += 1

    def _hush_if_idle(self, account: int) -> None:
        """A sender whose friends all send need not."""
        if self._state[account] == _SENDS and not self._silent[account]:
            self._state[account] = _SILENT
            self._count_silent(account)

    def _list_if_movable(self, account: int) -> None:
        if (
            self._state[account] == _SENDS
            and self._silent[account] == 1
            and not self._listed[account]
        ):
            self._listed[account] = 1
            self._movable.append(account)
