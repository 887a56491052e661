"""Tells [notify]'s command and address how the run goes; its failure never hurts the run."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from bulkdel.errors import Exit
from bulkdel.job.job import Event, Job
from bulkdel.job.secrets import hidden_of
from bulkdel.providers.protocol import Call
from bulkdel.report.json_text import json_text
from bulkdel.report.status_json import VERSION
from bulkdel.runs.hook import run_hook
from bulkdel.send.transport import NoReply, Transport

WITHIN_S: Final = 10.0
"""Seconds that a command, or a POST, may take."""

TOLD: Final = "notify.told"
FAILED: Final = "notify.failed"

_EVENTS: Final[Mapping[int, Event]] = {
    Exit.DONE: Event.FINISH,
    Exit.FAILED: Event.FINISH,
    Exit.GUARDED: Event.GUARD,
    Exit.LEFT: Event.STOP,
    Exit.REFUSED: Event.CREDENTIALS,
}


def event_of(code: int) -> Event | None:
    """What an exit code of `run` is to those who are told; None where nobody is."""
    return _EVENTS.get(code)


class Notifier:
    """Tells of one run, each time in threads of their own; `close` waits for them, bounded.

    The log that structlog is set to is told how it went.
    """

    def __init__(self, job: Job, *, within_s: float = WITHIN_S) -> None:
        self._notify = job.notify
        self._folder = job.source.parent
        self._not_given = {
            source.env
            for target in job.targets
            for source in (target.secret, target.proxy)
            if source
        }
        self._hidden = _known_secrets(job)
        self._within_s = within_s
        self._threads: list[threading.Thread] = []

    def tell(self, event: Event, facts: Callable[[], Mapping[str, Any]]) -> None:
        """Begin to tell `event`, with `facts` as JSON, to who wants it. Never waits.

        `facts` is called in other threads.
        """
        if event not in self._notify.on:
            return
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self._notify.command:
            self._begin("command", event, facts)
        if self._notify.url is not None:
            self._begin("url", event, facts)

    def close(self) -> None:
        """Return when everybody was told, or had the time for it."""
        for thread in self._threads:
            thread.join(self._within_s + 1)

    def _begin(self, way: str, event: Event, facts: Callable[[], Mapping[str, Any]]) -> None:
        thread = threading.Thread(
            target=self._tell, args=(way, event, facts), name=f"notify-{way}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system starts no more threads
            structlog.get_logger().warning(FAILED, of=str(event), by=way, reason="no thread")
        else:
            self._threads.append(thread)

    def _tell(self, way: str, event: Event, facts: Callable[[], Mapping[str, Any]]) -> None:
        log = structlog.get_logger().bind(of=str(event), by=way)
        try:
            values = {"version": VERSION, "event": event, **facts()}
            body = json_text(values, laid_out=False)
            trouble = self._run(body) if way == "command" else asyncio.run(self._post(body))
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            trouble = type(error).__name__
        if trouble:
            log.warning(FAILED, reason=trouble)
        else:
            log.info(TOLD)

    def _run(self, body: bytes) -> str:
        """Why the command failed; empty if it did not."""
        environment = {
            name: value for name, value in os.environ.items() if name not in self._not_given
        }
        return run_hook(
            self._notify.command,
            body,
            folder=self._folder,
            environment=environment,
            within_s=self._within_s,
            hidden=self._hidden,
        )

    async def _post(self, body: bytes) -> str:
        """Why the POST failed; empty if it did not. Never holds the address."""
        url = urlsplit(self._notify.url or "")
        call = Call(method="POST", path=url.path or "/", query=url.query, body=body)
        address = f"{url.scheme}://{url.netloc}"
        try:
            async with (
                asyncio.timeout(self._within_s),
                Transport(address, max_in_flight=1, timeout_s=self._within_s) as transport,
            ):
                reply = await transport.send(call, _at_once)
        except TimeoutError:
            return f"no reply within {self._within_s:g} s"
        if isinstance(reply, NoReply):
            return reply.reason
        taken = 200 <= reply.status <= 299  # noqa: PLR2004 - HTTP's word for success
        return "" if taken else f"HTTP status {reply.status}"


def _known_secrets(job: Job) -> tuple[str, ...]:
    """What no word of a command may bring into the log: secrets, and what proxies are told."""
    secrets = [value for name, value in os.environ.items() if name.lower().endswith("_proxy")]
    for target in job.targets:
        secrets += hidden_of(target)
    return tuple(secrets)


async def _at_once() -> None:
    """A message has no pace to keep."""
