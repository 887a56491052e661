"""Counts of the ledger's lines: by code, and the accounts that failed most. Exact, in one pass.

DuckDB reads the lines once and groups them within MEMORY_MB. What does not fit is written to the
run directory, or to the system's temporary folder where the run directory cannot be written.
"""

from __future__ import annotations

import os
import tempfile
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


def count_ledger(run_dir: Path, *, both_sides: bool = False) -> LedgerCounts:
    """Count the ledger of `run_dir`; nothing if there is none. A line being written is left out.

    `both_sides` says that it may name a friendship from both sides, which is then looked for.

    Raises:
        WrongInput: it cannot be read, or there is no room to count it.
    """
    path = run_dir / LEDGER
    if not files.is_there(path) or path.stat().st_size == 0:
        return LedgerCounts()
    room = run_dir if files.may(run_dir, os.W_OK) else None  # None: the system's own
    with (
        duck.storage_errors(run_dir),
        tempfile.TemporaryDirectory(prefix=".report-", dir=room) as folder,
        duck.opened_folder(Path(folder)) as workshop,
    ):
        con = duck.open_workshop(workshop, memory_limit_mb=MEMORY_MB)
        try:
            with duck.opened(path) as file:
                counts = _counted(con, file)
                if not both_sides:
                    return counts
                return replace(counts, both_sides=_named_twice(con, file))
        except duck.DataError as error:
            raise WrongInput(f"a line is not what bulkdel writes ({error})", where=path) from error
        finally:
            con.close()


def _named_twice(con: duck.Connection, file: duck.FileName) -> dict[str, int]:
    """By target, the already gone pairs whose friendship a deleted pair names from its other side.

    A target has one line a pair, so deleted lines that find one are as many. What is held in
    memory, or on disk, are the lines of pairs that were gone.
    """
    lines = duck.objects_in(file, _COLUMNS | {"to_account": "VARCHAR"})
    con.execute(
        "CREATE TEMP TABLE gone AS SELECT target, from_account, to_account"  # noqa: S608  # a quoted path
        f" FROM {lines} WHERE status = 'already_gone'"
    )
    rows = con.execute(
        "SELECT d.target, count(*)"  # noqa: S608  # a quoted path
        f" FROM {lines} d SEMI JOIN gone g ON d.target = g.target"
        " AND d.from_account = g.to_account AND d.to_account = g.from_account"
        " WHERE d.status = 'deleted' GROUP BY d.target"
    ).fetchall()
    return {str(target): int(pairs) for target, pairs in rows}


def _counted(con: duck.Connection, file: duck.FileName) -> LedgerCounts:
    con.execute(
        "CREATE TEMP TABLE counted AS SELECT target, status, code,"  # noqa: S608  # a quoted path
        " CASE WHEN status = 'failed' THEN from_account END AS account, count(*) AS pairs"
        f" FROM {duck.objects_in(file, _COLUMNS)}"
        " WHERE status IN ('deleted', 'already_gone', 'failed') GROUP BY ALL"
    )
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
