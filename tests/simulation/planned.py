"""A scenario's job and its plan: in memory, or made from files by the real planner."""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bulkdel.job.job import Job, Reach, Retry
from bulkdel.ledger.audit.findings import Findings
from bulkdel.ledger.audit.verify import verify
from bulkdel.plan.entries import TURNED, Row
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import Books, Origin, PlanMeta, Share
from bulkdel.words import Batch, Entry, Errand, Mode, Operation, Orient, Sides, Sweep
from tests.simulation.graph import Edge
from tests.simulation.scenario import Scenario, TargetPlan
from tests.support import build


class ListedPlan(PlanReader):
    """A plan in memory, read in small pages."""

    def __init__(self, entries: list[Entry], page: int) -> None:
        self._entries = entries
        self._page = page

    def close(self) -> None:
        """Nothing is open."""

    def scan(self, lo: int, hi: int) -> Iterator[list[Entry]]:
        """As PlanReader.scan."""
        for at in range(lo, hi, self._page):
            yield self._entries[at : min(at + self._page, hi)]

    def rows(self, lo: int, hi: int) -> Iterator[list[Row]]:
        """As PlanReader.rows."""
        for entries in self.scan(lo, hi):
            yield [_row(entry) for entry in entries]

    def entry(self, ordinal: int) -> Entry:
        """As PlanReader.entry."""
        return self._entries[ordinal]

    def entry_of(self, row: Row) -> Entry:
        """As PlanReader.entry_of."""
        return self._entries[row[0]]


def _row(entry: Entry) -> Row:
    if not isinstance(entry, Batch):
        return entry.ordinal, entry.from_account, None
    turned = entry.sides.turned if entry.sides else bytes(len(entry.to_accounts))
    named = zip(entry.to_accounts, turned, strict=True)
    others = "\n".join(other + TURNED * turn for other, turn in named)
    return entry.ordinal, entry.from_account, others


def job_of(scenario: Scenario, run_dir: Path) -> Job:
    """The scenario's job as the job file's reader would hand it on."""
    targets = (
        build.target(
            name=target.name,
            provider=target.provider,
            app_id=1400000000,
            secret=None,
            address="http://simulated.invalid",
            reach=Reach.LOOPBACK,
            qps=target.qps,
            max_in_flight=target.max_in_flight,
            batch_size=target.batch_size,
        )
        for target in scenario.targets
    )
    return build.job(
        *targets,
        source=run_dir / "job.toml",
        name="simulated",
        operation=Operation.DELETE_ALL_FRIENDS if scenario.sweeps else Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY if scenario.two_way else Mode.ONE_WAY,
        run_dir=run_dir,
        input=build.INPUT.model_copy(update={"files": (str(run_dir.parent / "pairs.csv"),)}),
        retry=Retry(
            max_attempts=scenario.max_attempts,
            base_delay_s=scenario.base_delay_s,
            max_delay_s=scenario.max_delay_s,
            timeout_s=scenario.timeout_s,
            outage_limit_s=scenario.outage_limit_s,
        ),
        guards=replace(
            build.GUARDS,
            max_failure_ratio=scenario.max_failure_ratio,
            min_sample=scenario.min_sample,
        ),
        orient=Orient.FEWEST_CALLS if scenario.oriented else Orient.AS_GIVEN,
    )


def plan_of(scenario: Scenario, job: Job) -> tuple[PlanMeta, PlanReader]:
    """The scenario's plan; the same for every sitting."""
    if scenario.real_plan:
        return _made(scenario, job)
    entries: list[Entry] = []
    shares = []
    for target in scenario.targets:
        first = len(entries)
        entries += _cut(scenario, target, first)
        shares.append(
            Share(
                target=target.name,
                first=first,
                batches=len(entries) - first,
                pairs=len(scenario.units),
                largest=(),
            )
        )
    rows, pairs = len(scenario.pairs), len(scenario.units)
    books = Books(read=rows, pairs=pairs, duplicates=rows - pairs, rejected=0, protected=0)
    digest = hashlib.sha256(str(scenario.seed).encode()).hexdigest()
    meta = build.plan_of_job(job, books, shares, digest=digest)
    return meta, ListedPlan(entries, 1 + scenario.seed % 7)


def to_ask(meta: PlanMeta) -> PlanMeta:
    """The same entries, of which it is asked whether they are gone."""
    lists = meta.fingerprint.operation is Operation.DELETE_ALL_FRIENDS
    errand = Errand.ASK_LIST if lists else Errand.ASK
    return replace(
        meta,
        fingerprint=replace(meta.fingerprint, operation=errand),
        origin=Origin(plan_digest=meta.digest, whole_lists=lists),
    )


def _cut(scenario: Scenario, target: TargetPlan, first: int) -> list[Entry]:
    lists: dict[str, list[Edge]] = {}
    for pair in _sent(scenario, target):
        lists.setdefault(pair[0], []).append(pair)
    if scenario.sweeps:
        return [Sweep(first + at, account) for at, account in enumerate(lists)]
    size = target.batch_size
    pieces = [
        (at, account, tuple(sorted((to for _, to in sent), key=str.encode)[at : at + size]))
        for account, sent in lists.items()
        for at in range(0, len(sent), size)
    ]
    pieces.sort(key=lambda piece: piece[0])  # an account's pieces lie apart, as in a real plan
    units = set(scenario.units)
    entries: list[Entry] = []
    for ordinal, (_, account, others) in enumerate(pieces, first):
        sides = None
        if scenario.oriented:
            sides = Sides(bytes((account, other) not in units for other in others))
        entries.append(Batch(ordinal, account, others, sides))
    return entries


def _sent(scenario: Scenario, target: TargetPlan) -> Iterator[Edge]:
    """Each pair from the side it is sent from: chosen, no better than by chance, or as given."""
    if not scenario.oriented:
        yield from scenario.pairs
        return
    rng = random.Random(f"sides/{scenario.seed}/{target.name}")
    turned = rng.choice((0.1, 0.5, 0.5, 0.9))
    for one, other in scenario.units:
        yield (other, one) if rng.random() < turned else (one, other)


def entries_of(meta: PlanMeta, plan: PlanReader) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """A plan's batches by target: from which account which others are deleted."""
    return {
        share.target: [
            (entry.from_account, entry.to_accounts)
            for entries in plan.scan(share.first, share.first + share.batches)
            for entry in entries
            if isinstance(entry, Batch)
        ]
        for share in meta.shares
    }


def findings_in(run_dir: Path, meta: PlanMeta, plan: PlanReader) -> list[str]:
    """What `verify` finds wrong with ledger and journal."""
    findings = verify(run_dir, meta, plan, Findings()).findings
    return [f"{one.file}: {one.what}" for one in findings]


def _made(scenario: Scenario, job: Job) -> tuple[PlanMeta, PlanReader]:
    path = job.run_dir.parent / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["From_Account"] if scenario.sweeps else ["From_Account", "To_Account"])
        rows.writerows([pair[0]] if scenario.sweeps else pair for pair in scenario.pairs)
    meta = make_plan(job)
    return meta, PlanReader(job.run_dir, meta)
