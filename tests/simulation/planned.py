"""A scenario's job and its plan: in memory, or made from files by the real planner."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

from bulkdel.job.job import Guards, Input, Job, Reach, Retry, Target
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import Books, Fingerprint, PlanMeta, Share
from bulkdel.words import Batch, Entry, Mode, Operation, Orient, Sweep
from tests.simulation.scenario import Scenario


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

    def entry(self, ordinal: int) -> Entry:
        """As PlanReader.entry."""
        return self._entries[ordinal]


def job_of(scenario: Scenario, run_dir: Path) -> Job:
    """The scenario's job as the job file's reader would hand it on."""
    return Job(
        source=run_dir / "job.toml",
        name="simulated",
        operation=Operation.DELETE_ALL_FRIENDS if scenario.sweeps else Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY if scenario.two_way else Mode.ONE_WAY,
        run_dir=run_dir,
        input=Input(
            files=(str(run_dir.parent / "pairs.csv"),),
            format=None,
            from_field="From_Account",
            to_field="To_Account",
            accounts_only=False,
        ),
        targets=tuple(
            Target(
                name=target.name,
                provider=target.provider,
                region="singapore",
                app_id=1400000000,
                admin="administrator",
                secret=None,
                address="http://simulated.invalid",
                reach=Reach.LOOPBACK,
                qps=target.qps,
                max_in_flight=target.max_in_flight,
                batch_size=target.batch_size,
                over_ceiling=False,
            )
            for target in scenario.targets
        ),
        retry=Retry(
            max_attempts=scenario.max_attempts,
            base_delay_s=scenario.base_delay_s,
            max_delay_s=scenario.max_delay_s,
            timeout_s=scenario.timeout_s,
            outage_limit_s=scenario.outage_limit_s,
        ),
        guards=Guards(
            protect=(),
            protect_files=(),
            max_pairs=None,
            max_failure_ratio=scenario.max_failure_ratio,
            min_sample=scenario.min_sample,
        ),
    )


def plan_of(scenario: Scenario, job: Job) -> tuple[PlanMeta, PlanReader]:
    """The scenario's plan; the same for every sitting."""
    if scenario.real_plan:
        return _made(scenario, job)
    entries: list[Entry] = []
    shares = []
    for target in scenario.targets:
        first = len(entries)
        entries += _cut(scenario, target.batch_size, first)
        shares.append(
            Share(
                target=target.name,
                first=first,
                batches=len(entries) - first,
                pairs=len(scenario.pairs),
                largest=(),
            )
        )
    pairs = len(scenario.pairs)
    meta = PlanMeta(
        fingerprint=Fingerprint(
            version=1,
            operation=job.operation,
            mode=job.mode,
            orient=Orient.AS_GIVEN,
            from_field="From_Account",
            to_field="To_Account",
            accounts_only=False,
            protected_sha256="",
            targets=tuple((target.name, target.batch_size) for target in scenario.targets),
            sources=(),
        ),
        books=Books(read=pairs, pairs=pairs, duplicates=0, rejected=0, protected=0),
        shares=tuple(shares),
        digest=hashlib.sha256(str(scenario.seed).encode()).hexdigest(),
    )
    return meta, ListedPlan(entries, 1 + scenario.seed % 7)


def _cut(scenario: Scenario, size: int, first: int) -> list[Entry]:
    lists: dict[str, list[str]] = {}
    for one, other in scenario.pairs:
        lists.setdefault(one, []).append(other)
    if scenario.sweeps:
        return [Sweep(first + at, account) for at, account in enumerate(lists)]
    pieces = [
        (at, account, tuple(sorted(others, key=str.encode)[at : at + size]))
        for account, others in lists.items()
        for at in range(0, len(others), size)
    ]
    pieces.sort(key=lambda piece: piece[0])  # an account's pieces lie apart, as in a real plan
    return [Batch(first + at, account, others) for at, (_, account, others) in enumerate(pieces)]


def _made(scenario: Scenario, job: Job) -> tuple[PlanMeta, PlanReader]:
    path = job.run_dir.parent / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["From_Account"] if scenario.sweeps else ["From_Account", "To_Account"])
        rows.writerows([pair[0]] if scenario.sweeps else pair for pair in scenario.pairs)
    meta = make_plan(job)
    return meta, PlanReader(job.run_dir, meta)
