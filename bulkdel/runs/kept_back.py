"""The pairs that are not sent since an account of theirs could not be pulled for the backup."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.job.beside import OnFailure
from bulkdel.job.job import Job
from bulkdel.plan import duck
from bulkdel.plan.pulled import FRIEND_COLUMNS, PULL_COLUMNS
from bulkdel.plan.scale import Scale
from bulkdel.plan.values import PlanMeta
from bulkdel.plan.workshop import workshop
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.phrases import unit
from bulkdel.runs.names import names_of
from bulkdel.send.selection import Selection
from bulkdel.words import Batch, Entry, Mode, Operation

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

_NAMED: Final = 3
_ROWS: Final = 20_000


class _KeptBack:
    """All of a plan but the pairs with an end that could not be pulled; 8 bytes an account."""

    def __init__(self, hashes: Sequence[array[int]], mode: Mode, noun: str, named: str) -> None:
        """The accounts of each target of the plan by their sorted hashes; `named` are some."""
        self._hashes, self._mode, self._noun, self._named = hashes, mode, noun, named

    def chosen(self, target: int, entry: Entry) -> Sequence[int] | None:
        """The pairs of which all is pulled that their deletion shortens."""
        if self._has(target, entry.from_account):
            return ()
        if not isinstance(entry, Batch) or self._mode is Mode.ONE_WAY:
            return None
        lacking = {at for at, to in enumerate(entry.to_accounts) if self._has(target, to)}
        if not lacking:
            return None
        return [at for at in range(len(entry.to_accounts)) if at not in lacking]

    def words(self, pairs: int) -> str:
        """How many are kept back, of whom, and what can be done."""
        return (
            f"{counted(pairs, self._noun)} kept back: {self._named} could not "
            'be pulled for the backup; on_failure = "go" in [backup] sends them without a way back'
        )

    def _has(self, target: int, account: str) -> bool:
        hashes, wanted = self._hashes[target], _hash(account)
        place = bisect_left(hashes, wanted)
        return place < len(hashes) and hashes[place] == wanted


def kept_back(job: Job, meta: PlanMeta) -> Selection | None:
    """Which pairs of the run are sent once its backup is whole; None means all.

    The run directory is held.

    Raises:
        WrongInput, OSError: what became of the backup cannot be read.
    """
    if not job.backup.enabled or job.backup.on_failure is OnFailure.GO:
        return None
    folders = [job.run_dir / files.BACKUP, job.run_dir / files.BACKUP_OTHERS]
    ledgers = [one / files.LEDGER for one in folders if files.is_there(one / files.LEDGER)]
    friends = folders[0] / files.FRIENDS
    if not ledgers:
        return None
    names = [share.target for share in meta.shares]
    hashes = [array("Q") for _ in names]
    scale = Scale.within(job.memory_limit_mb)
    with (
        duck.storage_errors(folders[0]),
        workshop(folders[0]) as place,
        closing(duck.open_workshop(place, memory_limit_mb=scale.duck_mb)) as con,
    ):
        con.execute("CREATE TABLE failed (target VARCHAR, account VARCHAR)")
        for ledger in ledgers:
            with duck.opened(ledger) as file:
                con.execute(
                    "INSERT INTO failed SELECT target, account FROM "
                    f"{duck.objects_in(file, PULL_COLUMNS)} WHERE status = 'failed'"
                )
        failed = duck.number(con, "SELECT count(DISTINCT account) FROM failed")
        if not failed:
            return None
        called = names_of(job)
        named = [
            plain(called(account))
            for (account,) in con.execute(
                f"SELECT DISTINCT account FROM failed ORDER BY account LIMIT {_NAMED}"
            ).fetchall()
        ]
        if meta.deletion is Operation.DELETE_ALL_FRIENDS and job.mode is Mode.TWO_WAY:
            _add_owners(con, friends)
        con.execute("SELECT DISTINCT target, md5_number_lower(account) FROM failed ORDER BY ALL")
        while rows := con.fetchmany(_ROWS):
            for target, hashed in rows:
                hashes[names.index(target)].append(hashed)
    more = f" and {count(failed - len(named))} more" if failed > len(named) else ""
    return _KeptBack(hashes, job.mode, unit(job.operation), ", ".join(named) + more)


def _add_owners(con: duck.Connection, friends: Path) -> None:
    """Whoever has one of the failed on his list, which would be cleared from that one's as well."""
    if not files.is_there(friends) or not friends.stat().st_size:
        return
    with duck.opened(friends) as file:
        con.execute(
            f"INSERT INTO failed SELECT f.target, f.account FROM "
            f"{duck.objects_in(file, FRIEND_COLUMNS, packed=True)} f "
            "SEMI JOIN failed g ON f.target = g.target AND f.friend = g.account"
        )


def _hash(account: str) -> int:
    """As DuckDB has it, which sorts them: 8 bytes of the account's MD5."""
    digest = hashlib.md5(account.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little")
