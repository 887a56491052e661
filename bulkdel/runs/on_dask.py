"""`run JOB --on dask`: a Dask cluster starts the workers of a job, and does nothing else.

Dask says where a worker begins; who sends which shard is the store's to say. So what Dask loses, or
begins a second time, sends nothing beside another. A worker is a process of its own, which goes on
without whoever began it: only `stop` ends it before all is settled.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, Final

from bulkdel.errors import Exit, StoreAway, WrongInput

ON: Final = "dask"
_WAIT_S: Final = 60.0
_CONNECT: Final = "10s"
_LAST_WORDS: Final = 2000

_FROM_A_TERMINAL: Final = (signal.SIGINT, signal.SIGHUP)

_one_at_a_time: Final = Lock()
_at_work: Final[dict[tuple[str, ...], subprocess.Popen[bytes]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What a worker came to: where it was, its exit code, and the last that it said."""

    at: str
    code: int
    said: str


def work(words: tuple[str, ...]) -> tuple[int, str]:
    """In a Dask worker: bulkdel with these words, to its end; its exit code and its last words."""
    command = [sys.executable, "-P", "-m", "bulkdel", *words]
    with _one_at_a_time, TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own program, and no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # Ctrl-C is told to it by `end`, and only so
        )
        _at_work[words] = process
        code = process.wait()
        del _at_work[words]
        said.seek(max(0, said.seek(0, os.SEEK_END) - _LAST_WORDS))
        return code, said.read().decode(errors="replace")


def end(words: tuple[str, ...]) -> None:
    """In a Dask worker: let the process that has these words give its shards back and end."""
    if process := _at_work.get(words):
        process.terminate()


class Workers:
    """The workers that were begun on a cluster: at most one in each of its Dask workers' lives.

    Attributes:
        came: what those came to that have ended.
    """

    def __init__(self, client: Any, words: Sequence[str], most: int | None) -> None:
        self.came: list[Came] = []
        self._client, self._words = client, tuple(words)
        self._most = sys.maxsize if most is None else most
        self._begun: dict[str, Any] = {}
        self._seen_s = time.monotonic()
        self._stopped = False

    def at_work(self) -> int:
        """How many work, after those were begun that were missing; 0 when all have come to an end.

        Raises:
            StoreAway: the scheduler does not answer, or no Dask worker has been there for a minute.
        """
        try:
            there = [*self._client.nthreads()]
        except (OSError, TimeoutError) as error:
            raise StoreAway(
                "the Dask scheduler is gone; the workers that it began go on without it",
                mend="`status` shows how they stand; the same command begins others",
            ) from error
        for at, future in [*self._begun.items()]:
            if future is not None and (future.done() or at not in there):
                self._begun[at] = None
                self._look_at(at, future)
        working = {at for at, future in self._begun.items() if future is not None}
        ending = self._stopped or bool(self.came)
        for at in there:
            if at not in self._begun and len(working) < self._most and not ending:
                key = f"bulkdel-{time.time_ns()}"
                self._begun[at] = self._client.submit(
                    work, self._words, key=key, workers=[at], retries=0, pure=False
                )
                working.add(at)
        if working or ending:
            self._seen_s = time.monotonic()
        elif time.monotonic() - self._seen_s > _WAIT_S:
            what = f"no Dask worker has been there for {_WAIT_S:.0f} s"
            raise StoreAway(what, mend="Start some, then run the same command again")
        return len(working) if working or ending else 1

    def stop(self) -> None:
        """Begin no more, and tell all that can be reached now to give their shards back and end."""
        self._stopped = True
        with suppress(Exception):
            self._client.run(end, self._words, on_error="ignore")

    def _look_at(self, at: str, future: Any) -> None:
        if future.status == "finished":
            code, said = future.result()
            self.came.append(Came(at=at, code=code, said=said))
        elif future.status == "error":
            self.came.append(Came(at=at, code=Exit.WRONG, said=f"{future.exception()!r}"))
        else:
            future.cancel()


@contextmanager
def workers_on(where: str, words: Sequence[str], most: int | None) -> Iterator[Workers]:
    """Connects to the cluster at `where`, dask://HOST:PORT; "dask" is one of this machine's own.

    Raises:
        WrongInput: there is no such cluster, or the extra is not installed.
    """
    scheme, _, address = where.partition("://")
    if scheme != ON or bool(address) == (where == ON):
        mend = "say dask://HOST:PORT, or dask for processes of this machine"
        raise WrongInput(f'"{where}" is no cluster', where="--on", mend=mend)
    try:
        import distributed
    except ImportError as error:
        what = "needs the extra that is not installed: pip install 'bulkdel[dask]'"
        raise WrongInput(what, where="--on") from error
    dask: Any = distributed
    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    with ExitStack() as stack:
        if where == ON:
            # What a terminal sends to all is for this process alone, and not for those of Dask.
            before = {one: signal.signal(one, signal.SIG_IGN) for one in _FROM_A_TERMINAL}
            try:
                cluster = dask.LocalCluster(
                    n_workers=most or os.cpu_count(),
                    threads_per_worker=1,
                    dashboard_address=None,
                    memory_limit=0,
                )
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
            address = stack.enter_context(cluster).scheduler_address
        try:
            client = dask.Client(address, timeout=_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            what = f"no Dask scheduler answers at {address}"
            raise WrongInput(what, where="--on", mend="start one, or give its address") from error
        yield Workers(stack.enter_context(client), words, most)
