"""A job as frozen values: what the job file said, defaults filled in, paths resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from bulkdel.job.window import ALWAYS, Schedule
from bulkdel.providers.protocol import IdRule
from bulkdel.words import Mode, Operation, Orient

MEMORY_LIMIT_MB: Final = 1000
"""What planning may use, in MB, where the job says nothing."""


class Format(StrEnum):
    """How an input is written; compression is a matter of the file's suffix."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Quoting(StrEnum):
    """What a quotation mark is in a CSV or TSV file."""

    CSV = "csv"  #: one opens and closes a field that begins with it (RFC 4180)
    NONE = "none"  #: a character


class Reach(StrEnum):
    """What a target's address stands for. A run never moves between real and the others."""

    REAL = "real"  #: the provider, or any address that is not on this machine
    LOOPBACK = "loopback"  #: an address on this machine
    EMULATOR = "emulator"  #: the emulator inside the process


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where a target's secret is read from; exactly one is set."""

    env: str | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One provider app that the pairs are removed from.

    Attributes:
        name: as in the ledger.
        provider: a key of PROVIDERS.
        address: "scheme://host[:port]"; None for the emulator inside the process.
        secret: None only for the emulator, which has a secret of its own.
        qps: calls/s, the ceiling for all calls of the target.
        max_in_flight: calls.
        batch_size: ids a call.
        over_ceiling: whether qps is above the documented ceiling (a warning).
    """

    name: str
    provider: str
    region: str
    app_id: int
    admin: str
    secret: SecretSource | None
    address: str | None
    reach: Reach
    qps: float
    max_in_flight: int
    batch_size: int
    over_ceiling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Where the rows come from.

    Attributes:
        files: absolute paths or globs, in the order of the job file; "-" is standard input. Glob
            characters of the job file's own directory are escaped.
        format: None means by each file's suffix.
        quoting: None means each format's own: csv in CSV, none in TSV.
    """

    files: tuple[str, ...]
    format: Format | None
    from_field: str
    to_field: str
    accounts_only: bool
    quoting: Quoting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a call goes again. `outage_limit_s` and the others are seconds."""

    max_attempts: int
    base_delay_s: float
    max_delay_s: float
    timeout_s: float
    outage_limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What keeps a run from doing more harm than meant. None means: not guarded.

    Attributes:
        protect: accounts from `protect`, as written.
        protect_files: files with one account a line, absolute; the plan reads them.
        id_rules: the rules of all targets, where each has one of its own; else none.
        fields: the input's, which are no accounts where they stand in a protect file.
    """

    protect: tuple[str, ...]
    protect_files: tuple[Path, ...]
    max_pairs: int | None
    max_failure_ratio: float | None
    min_sample: int
    id_rules: tuple[IdRule, ...] = ()
    fields: tuple[str, ...] = ()


class Event(StrEnum):
    """What [notify] tells of."""

    START = "start"  #: calls begin to leave
    STOP = "stop"  #: stopped with work left
    FINISH = "finish"  #: every pair is settled
    GUARD = "guard"  #: a guard of the job file stopped the run
    CREDENTIALS = "credentials"  #: a provider refused the credentials, the permission or the app


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told how the run goes, and of what.

    Attributes:
        command: program and arguments; empty means none.
        url: shown to nobody, since the address of a hook may be a secret.
    """

    command: tuple[str, ...] = ()
    url: str | None = field(default=None, repr=False)
    on: frozenset[Event] = frozenset(Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A whole job.

    Attributes:
        source: its file.
        run_dir: absolute.
        orient, memory_limit_mb: of [plan]; what planning may use, in MB.
    """

    source: Path
    name: str
    operation: Operation
    mode: Mode
    run_dir: Path
    input: Input
    targets: tuple[Target, ...]
    retry: Retry
    guards: Guards
    orient: Orient = Orient.AS_GIVEN
    memory_limit_mb: int = MEMORY_LIMIT_MB
    schedule: Schedule = ALWAYS
    notify: Notify = field(default_factory=Notify)
