"""Under which circumstances a sitting began: who started it, where and with what, and who agreed.

Kept for whoever must say years later how a deletion came about. Never holds a secret: of a key only
the name of the variable or file that it was read from.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson
from pydantic import TypeAdapter

from bulkdel.words import Orient

TABLE: Final = """
CREATE TABLE IF NOT EXISTS circumstances (
    sitting INTEGER PRIMARY KEY, agreed INTEGER, body TEXT NOT NULL)"""
"""A table of its own beside the schema: sittings of an older version have no row in it."""

COMMAND_CAP: Final = 4096
"""Characters of the command that are kept."""


class Agreement(StrEnum):
    """How somebody agreed to what a sitting does."""

    TYPED = "typed"  #: a person typed yes at a terminal
    OPTION = "option"  #: --yes was given
    EARLIER = "earlier"  #: the same plan was agreed to in an earlier sitting
    TRIAL = "trial"  #: nothing real is touched, so nobody is asked
    PROGRAM = "program"  #: a program said so to the library
    NOT_NEEDED = "not_needed"  #: it changes nothing at the provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """How and when somebody agreed to what a sitting does.

    Attributes:
        at_ms: Unix milliseconds; None of an EARLIER one.
        command: as it was given; empty where a program called the library.
    """

    how: Agreement
    at_ms: int | None
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """What holds for one target.

    Attributes:
        qps: calls/s, the ceiling that was set. documented_qps: the provider's own.
        max_in_flight: calls. batch_size: ids a call.
        address: where calls go; empty for the emulator inside the process.
        secret_env, secret_file: where the key is read from, by name; both None for the emulator.
        proxy: what calls go through; empty where they go straight. proxy_env: the variable that
            holds its login.
    """

    qps: float
    documented_qps: float
    max_in_flight: int
    batch_size: int
    address: str
    secret_env: str | None
    secret_file: str | None
    proxy: str = ""
    proxy_env: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """[retry] of the job file; see there."""

    max_attempts: int
    base_delay_s: float
    max_delay_s: float
    timeout_s: float
    outage_limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectFile:
    """A file of protected accounts by content."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """[guards] of the job file.

    Attributes:
        protected_accounts: all that are never sent, each once, of the job file and its files.
        protected_sha256: over all of them, as in the plan's fingerprint.
        The others are as in the job file.
    """

    protected_accounts: int
    protected_sha256: str
    protect_files: tuple[ProtectFile, ...]
    max_pairs: int | None
    max_failure_ratio: float | None
    min_sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """[schedule] of the job file; None is no bound.

    Attributes:
        window: such as "01:00-06:00", in the time of `timezone`.
    """

    window: str | None
    timezone: str | None
    outside: str
    max_duration_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force; `targets` by name."""

    orient: Orient
    targets: Mapping[str, TargetSettings]
    retry: RetrySettings
    guards: GuardSettings
    schedule: ScheduleSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a sitting began.

    Attributes:
        bulkdel, python: versions. host: the machine's own name.
        user: the name that belongs to `uid`; empty where it has none.
        command: as given; empty where a program called the library.
        agreement, agreed_ms: how and when (Unix milliseconds) somebody agreed; an EARLIER one is
            of the sitting that `SittingRecord.agreed_in` names, and then `agreed_ms` is None.
        sends: whether the sitting may send calls; `close` sends none.
        limit: pairs that it may settle; None is no bound.
        settings: None where none matter, since nothing is sent.
    """

    bulkdel: str
    python: str
    host: str
    user: str
    uid: int
    command: str
    agreement: Agreement
    agreed_ms: int | None
    sends: bool
    limit: int | None
    settings: Settings | None


_CIRCUMSTANCES: Final = TypeAdapter(Circumstances)


def put_circumstances(
    db: sqlite3.Connection, sitting: int | None, circumstances: Circumstances
) -> None:
    """Keeps how the sitting of this number began; inside the caller's transaction."""
    first = circumstances.sends and circumstances.agreement is not Agreement.EARLIER
    db.execute(
        "INSERT INTO circumstances VALUES (?, coalesce(?,"
        " (SELECT agreed FROM circumstances ORDER BY sitting DESC LIMIT 1)), ?)",
        (sitting, sitting if first else None, orjson.dumps(circumstances).decode()),
    )


def has_circumstances(db: sqlite3.Connection) -> bool:
    """Whether the table is there; an older journal has none until it is continued."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'circumstances'").fetchone()
    return bool(found)


def decode_circumstances(body: str) -> Circumstances:
    """What was kept.

    Raises:
        ValueError: it is something else.
    """
    return _CIRCUMSTANCES.validate_json(body)
