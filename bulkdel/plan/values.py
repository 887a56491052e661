"""What a plan knows of itself; kept in plan.parquet's metadata."""

from __future__ import annotations

from dataclasses import dataclass

from bulkdel.words import Mode, Operation

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The books of the input: read = pairs + duplicates + rejected + protected."""

    read: int
    pairs: int
    duplicates: int
    rejected: int
    protected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input file by content. For standard input `path` is "-"."""

    path: str
    format: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """All that decides the plan. `targets` are (name, batch_size) in the job's order."""

    version: int
    operation: Operation
    mode: Mode
    orient: str
    from_field: str
    to_field: str
    accounts_only: bool
    protected_sha256: str
    targets: tuple[tuple[str, int], ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One target's part of the plan: ordinals first … first + batches - 1, in sending order.

    Attributes:
        largest: the accounts with most pairs, (account, pairs), at most ten.
    """

    target: str
    first: int
    batches: int
    pairs: int
    largest: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMeta:
    """The plan's identity and books. `digest` is a SHA-256 over the fingerprint and the books."""

    fingerprint: Fingerprint
    books: Books
    shares: tuple[Share, ...]
    digest: str
