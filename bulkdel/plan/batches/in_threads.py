"""Work done by several threads, its results in order: numpy lets go of the interpreter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

WORKERS: Final = 2

A = TypeVar("A")
T = TypeVar("T")


def each(
    pool: ThreadPoolExecutor, work: Callable[[A], T], todo: Iterable[A]
) -> Generator[T, None, None]:
    """The results of `work` in order; a few are under way at a time."""
    under_way: deque[Future[T]] = deque()
    try:
        for one in todo:
            under_way.append(pool.submit(work, one))
            if len(under_way) > WORKERS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for left in under_way:
            left.cancel()
        wait(under_way)  # before anybody closes the files they work on
