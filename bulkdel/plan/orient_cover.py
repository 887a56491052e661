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

from bulkdel.plan.orient_graph import Graph, filled

SWAPS_AN_ACCOUNT = 6
MOST_SWAPS = 3_000_000
"""Where the gain has become small: nine tenths of it come with the first swap an account."""

_OPEN, _SILENT, _SENDS = 0, 1, 2


def cover(graph: Graph) -> bytearray:
    """One byte an account, 1 where it sends: of any two friends at least one does."""
    state = _peel(graph)
    _swap(graph, state)
    return bytearray(mark == _SENDS for mark in state)


def _peel(graph: Graph) -> bytearray:
    start, friends = graph.start, graph.friends
    state = bytearray(graph.accounts)
    left = array("i", (graph.degree(account) for account in range(graph.accounts)))
    # An account's place among the largest is looked at again when its turn comes: one entry each.
    queue = [array("i") for _ in range(graph.most + 1)]
    for account in range(graph.accounts - 1, -1, -1):
        queue[left[account]].append(account)
    ones = queue[1][:] if graph.most else array("i")

    def send(account: int) -> None:
        state[account] = _SENDS
        for friend in friends[start[account] : start[account + 1]]:
            if not state[friend]:
                left[friend] -= 1
                if left[friend] == 1:
                    ones.append(friend)

    level = graph.most
    while level > 0:
        while ones:
            account = ones.pop()
            if state[account] or left[account] != 1:
                continue
            state[account] = _SILENT
            send(next(friend for friend in graph.of(account) if not state[friend]))
        if not queue[level]:
            level -= 1
            continue
        account = queue[level].pop()
        if state[account]:
            continue
        if left[account] == level:
            send(account)
        else:
            queue[left[account]].append(account)
    return bytearray(mark or _SILENT for mark in state)


def _swap(graph: Graph, state: bytearray) -> None:
    start, friends = graph.start, graph.friends
    silent = filled(graph.accounts)  # silent friends of each account
    for account in range(graph.accounts):
        if state[account] == _SILENT:
            for friend in graph.of(account):
                silent[friend] += 1

    def hush(account: int) -> None:
        state[account] = _SILENT
        for friend in friends[start[account] : start[account + 1]]:
            silent[friend] += 1

    for account in range(graph.accounts):
        if state[account] == _SENDS and not silent[account]:
            hush(account)
    movable = array(
        "i", (v for v in range(graph.accounts) if state[v] == _SENDS and silent[v] == 1)
    )
    listed = bytearray(graph.accounts)
    for account in movable:
        listed[account] = 1
    draw = random.Random(0).random  # the same numbers in every version of Python
    swaps = min(MOST_SWAPS, SWAPS_AN_ACCOUNT * graph.accounts)
    while swaps and movable:
        at = int(draw() * len(movable))
        account = movable[at]
        last = movable.pop()
        if last != account:
            movable[at] = last
        listed[account] = 0
        if state[account] != _SENDS or silent[account] != 1:
            continue
        swaps -= 1
        other = next(friend for friend in graph.of(account) if state[friend] == _SILENT)
        hush(account)
        state[other] = _SENDS
        idle = []
        for friend in friends[start[other] : start[other + 1]]:
            silent[friend] -= 1
            if state[friend] == _SENDS:
                if silent[friend] == 0:
                    idle.append(friend)
                elif silent[friend] == 1 and not listed[friend]:
                    listed[friend] = 1
                    movable.append(friend)
        if not listed[other]:
            listed[other] = 1
            movable.append(other)
        for friend in idle:
            if not silent[friend]:
                hush(friend)
