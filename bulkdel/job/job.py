"""A job as frozen values: the job file's own tables, and what is resolved: paths, addresses.

Attributes and words of the tables are in `schema.py` and `notify.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from bulkdel.job.beside import BackupTable, CanaryTable
from bulkdel.job.cluster import ClusterTable
from bulkdel.job.endpoint import Reach
from bulkdel.job.evidence import RequestTable
from bulkdel.job.notify import Event, NotifyTable
from bulkdel.job.schema import MEMORY_LIMIT_MB, Format, InputTable, Quoting, RetryTable
from bulkdel.job.window import ALWAYS, Schedule
from bulkdel.providers.protocol import IdRule
from bulkdel.words import Mode, Operation, Orient

__all__ = [
    "Backup",
    "Canary",
    "Cluster",
    "Event",
    "Format",
    "Guards",
    "Input",
    "Job",
    "Notify",
    "ProxySource",
    "Quoting",
    "Reach",
    "Request",
    "Retry",
    "SecretSource",
    "Target",
]

Input: TypeAlias = InputTable
"""[input]. In a Job its files are absolute paths or globs, in the order of the job file, "-" is
standard input, and glob characters of the job file's own directory are escaped."""
Retry: TypeAlias = RetryTable
Notify: TypeAlias = NotifyTable
NOBODY: Final = Notify()
Backup: TypeAlias = BackupTable
Canary: TypeAlias = CanaryTable
Cluster: TypeAlias = ClusterTable
Request: TypeAlias = RequestTable
NO_BACKUP: Final = Backup()
NO_REQUEST: Final = Request()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where a target's secret is read from; exactly one is set."""

    env: str | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySource:
    """A target's proxy.

    Attributes:
        address: "http://host:port".
        env: the variable that holds user:password; None where the proxy wants neither.
    """

    address: str
    env: str | None = None


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
        proxy: what calls go through; None where they go straight to the address.
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
    proxy: ProxySource | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A whole job.

    Attributes:
        source: its file.
        run_dir: absolute.
        log_ids: whether logs and screens name accounts, as --log-ids wants it.
        run_dir_named: whether the job file or the command says it; else it is runs/NAME beside the
            job file.
        orient, memory_limit_mb: of [plan]; what planning may use, in MB.
        cluster: how it is cut into shards; None where it is not.
        request: what it answers, for the papers.
        signing_key: where the key is read from that signs what was done; None where none is named.
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
    notify: Notify = NOBODY
    backup: Backup = NO_BACKUP
    canary: Canary | None = None
    cluster: Cluster | None = None
    request: Request = NO_REQUEST
    signing_key: SecretSource | None = None
    run_dir_named: bool = True
    log_ids: bool = False
