"""What a rehearsal makes, in a file of the run directory: noted before, gone when it is removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files
from bulkdel.errors import Corrupt, StorageFailed, WrongInput
from bulkdel.job.job import Target
from bulkdel.runs.rehearsal_steps import Edge, Step

_NOTE_MOST: Final = 4096
"""Bytes: three accounts and their six friendships take far less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Friendships that a rehearsal made, or was about to make, and has not seen removed."""

    app_id: int
    accounts: tuple[str, ...]
    edges: frozenset[Edge]

    @property
    def words(self) -> str:
        """Who is on whose list."""
        return ", ".join(f"{other} on {account}'s list" for account, other in sorted(self.edges))


class Note:
    """What a rehearsal made and has not removed, in a file of the run directory.

    Attributes:
        left: None where there is nothing.
        made: whether anything was, or was about to be, since this process began.
    """

    def __init__(self, run_dir: Path, target: Target, accounts: tuple[str, ...]) -> None:
        """Reads what an earlier rehearsal left; from now on friendships of `accounts` are made.

        Raises:
            Corrupt: the file is not what was written.
            WrongInput: it was left at another app.
        """
        self._path = run_dir / f"rehearsal-{target.name}.left"
        self._app_id, self._accounts = target.app_id, accounts
        self.made = False
        self.left = self._read()
        if self.left is not None and self.left.app_id != target.app_id:
            raise WrongInput(
                f"an earlier rehearsal left friendships at app {self.left.app_id}",
                where=self._path,
                mend="rehearse with that app_id once more, which removes them",
            )

    def _read(self) -> Left | None:
        try:
            with files.open_to_read(self._path) as file:
                content = file.read(_NOTE_MOST)
        except FileNotFoundError:
            return None
        try:
            value = orjson.loads(content)
            edges = frozenset((str(account), str(other)) for account, other in value["made"])
            accounts = tuple(map(str, value["accounts"]))
            return Left(app_id=int(value["app_id"]), accounts=accounts, edges=edges)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise Corrupt(
                "names the friendships that an earlier rehearsal left, and cannot be read",
                where=self._path,
                mend="see that its accounts are no friends of each other, then remove the file",
            ) from None

    async def makes(self, step: Step) -> None:
        """Notes durably what a step may make: the other list may be written too.

        Raises:
            StorageFailed: it cannot be written; the call must not leave.
        """
        pairs = {(step.account, other) for other in step.others}
        edges = pairs | {(other, account) for account, other in pairs}
        if self.left is not None and edges <= self.left.edges:
            return
        before = self.left.edges if self.left else frozenset()
        left = Left(app_id=self._app_id, accounts=self._accounts, edges=before | edges)
        content = {
            "app_id": left.app_id,
            "accounts": left.accounts,
            "made": sorted(left.edges),
        }
        await self._on_disk(lambda: files.replace(self._path, orjson.dumps(content) + b"\n"))
        self.left, self.made = left, True

    async def end(self) -> None:
        """Nothing is left; the file goes."""
        await self._on_disk(lambda: self._path.unlink(missing_ok=True))
        self.left = None

    async def _on_disk(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(work)
        except OSError as error:
            raise StorageFailed(files.reason(error), where=self._path) from error
