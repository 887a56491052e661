"""What a plan knows of itself; kept in plan.parquet's metadata."""

from __future__ import annotations

from dataclasses import dataclass

from bulkdel.words import AnyOperation, Mode, Operation, Orient

PLAN_VERSION = 3
PLAN_VERSIONS = (2, PLAN_VERSION)
"""Versions of a plan that can be read; one of an older version is made anew where it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The books of the input: read = pairs + duplicates + rejected + protected."""

    read: int
    pairs: int
    duplicates: int
    rejected: int
    protected: int

    @property
    def accounted(self) -> int:
        """What `read` must be: each row counted once."""
        return self.pairs + self.duplicates + self.rejected + self.protected


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input file by content. For standard input `path` is "-".

    Attributes:
        quoting: "csv" or "none", as its records were read; "" where the format has no such choice.
        header: the header record of a CSV or TSV file as it stands there, without its line end;
            None where the format has none.
    """

    path: str
    format: str
    size: int
    sha256: str
    quoting: str = ""
    header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """Ids that look like what an export did to them; they are sent as they stand.

    Attributes:
        kind: "blank" (a blank or invisible character at either end), "backslash_n" (a backslash
            and N), "null" (`NULL`), "formula" (`="…"`) or "number" (`1.23E+17`).
        ids: how many ids of valid rows look so, repeated ones counted each time.
        example: the first of them.
    """

    kind: str
    ids: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """All that decides the plan. `targets` are (name, batch_size) in the job's order."""

    version: int
    operation: AnyOperation
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
class Origin:
    """What the plan of a run beside a run was made of: the run itself.

    Attributes:
        plan_digest: of the run's plan.
        ledger_bytes: of its ledger, as far as it was read; 0 where the plan alone was.
        population: by target in the plan's order, what there was to choose from.
        sample, seed: how many of each target were drawn, and with what; None where all are in it.
        whole_lists: whether its entries are accounts alone, without any To_Account.
        unheld: of what is to be put back, by target likewise: of how much of the population the
            backup holds nothing.
    """

    plan_digest: str
    whole_lists: bool
    ledger_bytes: int = 0
    population: tuple[int, ...] = ()
    sample: int | None = None
    seed: int | None = None
    unheld: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMeta:
    """The plan's identity and books.

    Attributes:
        digest: SHA-256 over the fingerprint, the books and `entries_sha256`.
        stretch: entries that one digest is of (see stretches); 0 in a plan of version 2, which has
            no digests of its entries.
        entries_sha256: over all those digests, as hex digits.
        lookalikes: one for each kind that was met.
        origin: of the plan of a run beside a run; None where the input was planned.
    """

    fingerprint: Fingerprint
    books: Books
    shares: tuple[Share, ...]
    digest: str
    stretch: int = 0
    entries_sha256: str = ""
    lookalikes: tuple[Lookalike, ...] = ()
    origin: Origin | None = None

    @property
    def deletion(self) -> Operation:
        """What the run does that was planned; never asked of the plan of a run beside it."""
        if isinstance(self.fingerprint.operation, Operation):
            return self.fingerprint.operation
        raise AssertionError(f"a plan to {self.fingerprint.operation} deletes nothing")
