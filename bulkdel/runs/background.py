"""Work that goes on in a thread beside the main one, and that nobody has to wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begin(work: Callable[[], T], name: str) -> Future[T]:
    """What `work` returns or raises, at last.

    Its thread, called `name`, is a daemon: a process that is told to stop leaves without it.
    """
    done: Future[T] = Future()

    def carry() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            done.set_exception(error)
        else:
            done.set_result(result)

    Thread(target=carry, name=name, daemon=True).start()
    return done
