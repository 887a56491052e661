"""What `orient = "fewest_calls"` would come to, from a plan that is as given.

The plan holds every pair once, which is all that choosing sides needs: the input is not read again.
The friendships among its pairs are chosen sides for as the planner would (see fewest.py), and the
calls are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count as numbered_from
from pathlib import Path
from typing import Final

import numpy as np

from bulkdel.plan import duck
from bulkdel.plan.batches.grouping import parts_for
from bulkdel.plan.batches.in_threads import WORKERS
from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.entries import Row
from bulkdel.plan.ids import ID_BYTES, MOST_WORDS, Whole, Words, friendship_hashes, words_of
from bulkdel.plan.read import PlanReader
from bulkdel.plan.scale import Scale
from bulkdel.plan.sides.batch_count import BatchCount
from bulkdel.plan.sides.choose import choose
from bulkdel.plan.sides.friendships import Friendships
from bulkdel.plan.values import PlanMeta
from bulkdel.plan.workshop import workshop

SEARCHED_MOST: Final = 250_000
"""Up to so many friendships, sides are searched for as in planning: 4 s of processor time for
125,826 of a real network, measured."""
COUNTED_MOST: Final = 2_000_000
"""For more pairs nothing is counted. The rule for friendships that are not searched for takes 2.4 s
for a million of them, and 55 s for ten millions, measured."""

_PAIR_BYTES: Final = 2 * ID_BYTES
_LINE_END: Final = ord("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldBe:
    """The plan that would be made with `orient = "fewest_calls"`.

    Attributes:
        calls: by batch size, without those of a second phase.
        exact: whether planning would come to just these; else it searches longer than was done
            here, and mostly comes to some fewer.
    """

    calls: Mapping[int, int]
    exact: bool


def would_be(run_dir: Path, meta: PlanMeta, scale: Scale) -> WouldBe:
    """What the plan in `run_dir` would be with `orient = "fewest_calls"`.

    The run directory must be held: what is too large for memory is put there, and removed.

    Args:
        run_dir: where the plan is, a two-way one as given.
        meta: the plan's.
        scale: how much is worked on at a time; it decides sides as it does in planning.

    Raises:
        Corrupt: the plan is damaged.
        StorageFailed: it cannot be read just now.
        WrongInput: the run directory cannot hold what is worked with.
    """
    quick = replace(scale.sides, friendships=min(SEARCHED_MOST, scale.sides.friendships))
    sizes = tuple(dict.fromkeys(size for _, size in meta.fingerprint.targets))
    parts = parts_for(meta.books.pairs * _PAIR_BYTES, scale.part)
    with (
        duck.storage_errors(run_dir),
        workshop(run_dir) as folder,
        ThreadPoolExecutor(WORKERS) as pool,
        closing(Spill(folder / "given", parts=parts)) as given,
        closing(Friendships(pool, folder, parts=parts)) as friendships,
    ):
        for turn, pairs in zip(numbered_from(), _pairs(run_dir, meta), strict=False):
            given.partition(pairs, friendship_hashes(pairs), turn=turn)
        with closing(BatchCount(folder / "count-given", parts=parts)) as count:
            friendships.take(given, count, most_rows=scale.giant)
            given.close()
            as_given = count.batches(sizes)
        with closing(BatchCount(folder / "count-ruled", parts=parts)) as count:
            choices = choose(friendships, as_given, count, quick)
        calls: dict[int, int] = {}
        for at, choice in enumerate(choices):
            with closing(BatchCount(folder / f"count-{at}", parts=parts)) as count:
                place = 0
                for ends in friendships.ends():
                    turned = choice.turned(ends, place)
                    count.add(np.where(turned, ends[:, 1], ends[:, 0]))
                    place += len(ends)
                calls |= count.batches(tuple(choice.least))
        searched = len(friendships) <= quick.friendships
        exact = searched or len(friendships) > scale.sides.friendships
    return WouldBe(calls=calls, exact=exact)


def _pairs(run_dir: Path, meta: PlanMeta) -> Iterator[Words]:
    """All pairs, each once (n by From, To by words): those of the target with the fewest batches.

    Every target's batches hold all of them.
    """
    share = min(meta.shares, key=lambda one: one.batches)
    with PlanReader(run_dir, meta) as plan:
        for rows in plan.rows(share.first, share.first + share.batches):
            yield _pairs_of(rows)


def _pairs_of(rows: list[Row]) -> Words:
    accounts = [account for _, account, _ in rows]
    others = [names or "" for _, _, names in rows]
    counts = [names.count("\n") + 1 for names in others]
    sent, received = _ids(accounts), _ids(others)
    return np.stack((np.repeat(sent, counts, axis=0), received), axis=1)


def _ids(lines: list[str]) -> Words:
    """The ids that stand in these texts, a line each."""
    text = "\n".join((*lines, "")).encode()
    buffer = bytearray(text) + bytes(ID_BYTES)
    ends: Whole = np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_END)
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    return words_of(buffer, starts, ends - starts, MOST_WORDS)
