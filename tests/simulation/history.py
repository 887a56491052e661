"""A whole run as seen from outside: all that the oracle needs to know of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.network import Sent
from tests.simulation.scenario import Scenario, Trial


class Broken(AssertionError):
    """A promise was broken while the run went on."""


@dataclass(slots=True, kw_only=True)
class SittingHistory:
    """One sitting from outside.

    Attributes:
        ends: how its lanes ended, by target; empty where the process died.
        words: the sentences of those ends.
        died: whether the process died; failed: whether a write of it failed.
        before, after: the counters by target, as status numbers.
        reads: of journal and plan, while it sent.
        ledger: the ledger's complete lines when it was over.
        calls: calls that left in it, by target.
        stopped_at: when it was told to stop; virtual seconds.
    """

    trial: Trial
    began_at: float
    ended_at: float = 0.0
    ends: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    died: bool = False
    failed: bool = False
    before: dict[str, dict[str, int]] = field(default_factory=dict)
    after: dict[str, dict[str, int]] = field(default_factory=dict)
    reads: int = 0
    ledger: bytes = b""
    calls: Counter[str] = field(default_factory=Counter)
    stopped_at: float | None = None


@dataclass(slots=True, kw_only=True)
class History:
    """All that an oracle needs to know of a whole run.

    Attributes:
        sent: calls that left, by target.
        received: calls that the provider counted, by target.
        overlaps: calls that met another one of the same account, by the provider's count.
        before: friend lists at the beginning, by target; after: at the end.
        files: what the run directory holds at the end, and what every ghost's held.
        crowds: the most carriers that a lane had, by target.
        planned: where sides were chosen, each entry of the plan by target, in order: from which
            account which others are deleted.
        findings: what `verify` finds wrong with the run directory at the end.
    """

    scenario: Scenario
    sittings: list[SittingHistory] = field(default_factory=list)
    sent: dict[str, list[Sent]] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    overlaps: dict[str, int] = field(default_factory=dict)
    before: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    after: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    crowds: Counter[str] = field(default_factory=Counter)
    planned: dict[str, list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    finished: bool = False
    log: str = ""
    virtual_s: float = 0.0
