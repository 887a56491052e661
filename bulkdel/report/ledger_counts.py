"""Counts of the ledger's lines: by code, and the accounts that failed most. Exact, in one pass.

DuckDB reads the lines once and groups them within MEMORY_MB. What does not fit is written to the
run directory, or to the system's temporary folder where the run directory cannot be written.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.plan import duck
from bulkdel.words import Verdict

MOST_ACCOUNTS: Final = 20
MOST_CODES: Final = 200
MEMORY_MB: Final = 500

_MAKE = (
    "CREATE TEMP TABLE counted"
    "(target VARCHAR, status VARCHAR, code VARCHAR, account VARCHAR, pairs BIGINT)"
)
_COLUMNS = dict.fromkeys(("target", "from_account", "status", "code"), "VARCHAR")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledCode:
    """How many pairs of a target were settled so."""

    target: str
    status: Verdict
    code: int
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstAccount:
    """How many pairs of a From_Account failed for good, and their commonest code."""

    target: str
    account: str
    failed: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCounts:
    """What the ledger's whole lines say.

    Attributes:
        lines: of the ledger.
        codes: most pairs first, at most MOST_CODES.
        worst: the accounts with most failed pairs, at most MOST_ACCOUNTS, ties by name.
        both_sides: by target, already gone pairs that another line names the other way round as
            deleted: this run removed the friendship itself. None where nobody looked.
    """

    lines: int = 0
    codes: tuple[SettledCode, ...] = ()
    worst: tuple[WorstAccount, ...] = ()
    both_sides: Mapping[str, int] | None = None


def count_ledger(*run_dirs: Path, both_sides: bool = False) -> LedgerCounts:
    """Count the ledgers of `run_dirs` together, those that are there; a line in the making is none.

    `both_sides` says that one may name a friendship from both sides, which is then looked for.

    Raises:
        WrongInput: one cannot be read, or there is no room to count them.
    """
    paths = [folder / LEDGER for folder in run_dirs]
    paths = [path for path in paths if files.is_there(path) and path.stat().st_size]
    if not paths:
        return LedgerCounts()
    run_dir = paths[0].parent
    room = run_dir if files.may(run_dir, os.W_OK) else None  # None: the system's own
    with (
        duck.storage_errors(run_dir),
        tempfile.TemporaryDirectory(prefix=".report-", dir=room) as folder,
        duck.opened_folder(Path(folder)) as workshop,
    ):
        con = duck.open_workshop(workshop, memory_limit_mb=MEMORY_MB)
        twice: Counter[str] = Counter()
        try:
            con.execute(_MAKE)
            for path in paths:
                try:
                    with duck.opened(path) as file:
                        _count(con, file)
                        twice.update(_named_twice(con, file) if both_sides else {})
                except duck.DataError as error:
                    what = f"a line is not what bulkdel writes ({error})"
                    raise WrongInput(what, where=path) from error
            counts = _counted(con)
        finally:
            con.close()
        return replace(counts, both_sides=dict(twice)) if both_sides else counts


def _named_twice(con: duck.Connection, file: duck.FileName) -> dict[str, int]:
    """By target, the already gone pairs whose friendship a deleted pair names from its other side.

    A target has one line a pair, so deleted lines that find one are as many. What is held in
    memory, or on disk, are the lines of pairs that were gone.
    """
    lines = duck.objects_in(file, _COLUMNS | {"to_account": "VARCHAR"})
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS SELECT target, from_account, to_account"  # noqa: S608  # a quoted path
        f" FROM {lines} WHERE status = 'already_gone'"
    )
    rows = con.execute(
        "SELECT d.target, count(*)"  # noqa: S608  # a quoted path
        f" FROM {lines} d SEMI JOIN gone g ON d.target = g.target"
        " AND d.from_account = g.to_account AND d.to_account = g.from_account"
        " WHERE d.status = 'deleted' GROUP BY d.target"
    ).fetchall()
    return {str(target): int(pairs) for target, pairs in rows}


def _count(con: duck.Connection, file: duck.FileName) -> None:
    con.execute(
        "INSERT INTO counted SELECT target, status, code,"  # noqa: S608  # a quoted path
        " CASE WHEN status = 'failed' THEN from_account END AS account, count(*) AS pairs"
        f" FROM {duck.objects_in(file, _COLUMNS)}"
        " WHERE status IN ('deleted', 'already_gone', 'failed') GROUP BY ALL"
    )


def _counted(con: duck.Connection) -> LedgerCounts:
    codes = con.execute(
        "SELECT target, status, code, sum(pairs) AS pairs FROM counted GROUP BY ALL"
        " ORDER BY pairs DESC, target, status, code LIMIT ?",
        [MOST_CODES],
    ).fetchall()
    worst = con.execute(
        "SELECT target, account, sum(pairs) AS failed, arg_max(code, pairs) FROM counted"
        " WHERE status = 'failed' GROUP BY target, account"
        " ORDER BY failed DESC, target, account LIMIT ?",
        [MOST_ACCOUNTS],
    ).fetchall()
    return LedgerCounts(
        lines=duck.number(con, "SELECT sum(pairs) FROM counted"),
        codes=tuple(
            SettledCode(target=target, status=Verdict(status), code=int(code), pairs=int(pairs))
            for target, status, code, pairs in codes
        ),
        worst=tuple(
            WorstAccount(target=target, account=account, failed=int(failed), code=int(code))
            for target, account, failed, code in worst
        ),
    )
