"""What a plan knows of itself; kept in plan.parquet's metadata."""

from __future__ import annotations

from dataclasses import dataclass

from bulkdel.words import Mode, Operation, Orient

PLAN_VERSION = 2


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
    orient: Orient
    from_field: str
    to_field: str
    accounts_only: bool
    protected_sha256: str
    targets: tuple[tuple[str, int], ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heavy:
    """The accounts with more pairs than one call carries: how many, their pairs, their batches."""

    accounts: int = 0
    pairs: int = 0
    batches: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One target's part of the plan: ordinals first … first + batches - 1, in sending order.

    Attributes:
        largest: the accounts with most pairs, (account, pairs), at most ten.
        heavy: where single accounts need several calls.
        as_given: batches there would be if every row were sent from its own From_Account; None
            where that is what is done.
        least: no choice of sides needs fewer batches; None likewise.
    """

    target: str
    first: int
    batches: int
    pairs: int
    largest: tuple[tuple[str, int], ...]
    heavy: Heavy = Heavy()
    as_given: int | None = None
    least: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMeta:
    """The plan's identity and books. `digest` is a SHA-256 over the fingerprint and the books."""

    fingerprint: Fingerprint
    books: Books
    shares: tuple[Share, ...]
    digest: str
