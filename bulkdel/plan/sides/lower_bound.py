"""How few accounts can send at all: a number that no choice of sides gets below.

Parts of the graph that share no account need their senders each for themselves, so what they need
adds up. A clique of s friends needs s - 1; a path or a cycle of k friendships needs k / 2, rounded
up. A matching of the graph's double cover (every account once as giver, once as taker; a
friendship either way) falls into such paths and cycles, and a largest one gives the optimum of the
linear relaxation or more. Hopcroft and Karp's search finds it; it may stop early, since any
matching is proof. Cliques of three and more go first in one of two tries, and the better counts.
"""

from __future__ import annotations

from bulkdel.plan.sides.graph import Graph, Numbers, by_degree, filled

VISITS_A_FRIENDSHIP = 10
MOST_VISITS = 6_000_000
"""Where the search stops; some seconds. What it has found by then is a bound."""


def senders_needed(graph: Graph) -> int:
    """At least so many accounts send, whatever the batch size."""
    order = by_degree(graph)
    visits = min(MOST_VISITS, VISITS_A_FRIENDSHIP * len(graph.friends) // 2)
    barred = bytearray(graph.accounts)
    plain = _Matching(graph, order, barred).senders(visits)
    sizes, clique = _cliques(graph, order)
    large = 3
    for account in range(graph.accounts):
        barred[account] = sizes[clique[account]] >= large
    if not any(barred):
        return plain
    in_cliques = sum(size - 1 for size in sizes if size >= large)
    return max(plain, in_cliques + _Matching(graph, order, barred).senders(visits))


def _cliques(graph: Graph, order: Numbers) -> tuple[Numbers, Numbers]:
    """Cliques that share no account: their sizes, and each account's. Fewest friends first."""
    clique = filled(graph.accounts, -1)
    sizes = filled(0)
    for account in order:
        known: dict[int, int] = {}
        for friend in graph.of(account):
            number = clique[friend]
            if number >= 0:
                known[number] = known.get(number, 0) + 1
        best = -1
        for number, count in known.items():
            if count == sizes[number] and (best < 0 or count > sizes[best]):
                best = number
        if best < 0:
            best = len(sizes)
            sizes.append(0)
        clique[account] = best
        sizes[best] += 1
    return sizes, clique


class _Matching:
    """A matching of the double cover, without the barred accounts."""

    def __init__(self, graph: Graph, order: Numbers, barred: bytearray) -> None:
        self._graph = graph
        count = graph.accounts
        self._barred = barred
        self._taker = filled(count, -1)  # of each giver
        # A barred account is taken for good by a giver that no search reaches.
        self._giver = filled(count, -1)
        for account in range(count):
            if barred[account]:
                self._giver[account] = count
        for account in order:
            if not barred[account]:
                self._take_rarest(account)

    def senders(self, visits: int) -> int:
        """Enlarges the matching for about so many `visits`; how many senders it proves."""
        while visits > 0:
            used, gained = self._enlarge(visits)
            visits -= used
            if not gained:
                break
        return self._halves()

    def _take_rarest(self, account: int) -> None:
        best = -1
        fewest = 0
        for friend in self._graph.of(account):
            if self._giver[friend] < 0:
                degree = self._graph.degree(friend)
                if best < 0 or degree < fewest:
                    best, fewest = friend, degree
        if best >= 0:
            self._taker[account] = best
            self._giver[best] = account

    def _layers(self) -> tuple[Numbers, int]:
        """Each giver's distance from a giver without a taker, and the visits that cost."""
        start, friends, giver = self._graph.start, self._graph.friends, self._giver
        count = self._graph.accounts
        distance = filled(count + 1, -1)
        distance[count] = 0
        queue = filled(0)
        for account in range(count):
            if self._taker[account] < 0 and not self._barred[account]:
                distance[account] = 0
                queue.append(account)
        visits = 0
        end = count
        for account in queue:
            here = distance[account] + 1
            if here > end:
                break
            visits += start[account + 1] - start[account]
            for friend in friends[start[account] : start[account + 1]]:
                other = giver[friend]
                if other < 0:
                    end = here
                elif distance[other] < 0:
                    distance[other] = here
                    queue.append(other)
        return distance, visits

    def _enlarge(self, visits: int) -> tuple[int, int]:
        """One phase: shortest augmenting paths that share no account. Visits used, paths found."""
        friends, giver, taker = self._graph.friends, self._giver, self._taker
        end = self._graph.start
        distance, used = self._layers()
        at = end[:-1]
        gained = 0
        for root in range(self._graph.accounts):
            if distance[root] != 0 or taker[root] >= 0:
                continue
            if used > visits:
                break
            path = [root]
            while path:
                account = path[-1]
                place = at[account]
                if place == end[account + 1]:
                    distance[account] = -2
                    path.pop()
                    continue
                at[account] = place + 1
                used += 1
                friend = friends[place]
                other = giver[friend]
                if other < 0:
                    for step in reversed(path):
                        taken = taker[step]
                        taker[step] = friend
                        giver[friend] = step
                        friend = taken
                    gained += 1
                    break
                if distance[other] == distance[account] + 1:
                    path.append(other)
        return used, gained

    def _halves(self) -> int:
        """Walks each path from its first giver, then each cycle; half of each, rounded up."""
        taker = self._taker
        seen = bytearray(self._graph.accounts)
        needed = 0
        for first in (True, False):
            for account in range(self._graph.accounts):
                if seen[account] or (first and self._giver[account] >= 0):
                    continue
                steps = 0
                while taker[account] >= 0 and not seen[account]:
                    seen[account] = 1
                    steps += 1
                    account = taker[account]  # noqa: PLW2901 - the walk starts at the loop's account
                needed += (steps + 1) // 2
        return needed
