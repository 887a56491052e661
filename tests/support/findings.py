"""Findings made by hand: a run with everything in it that a report can show."""

from __future__ import annotations

from pathlib import Path

from bulkdel.job.job import Reach
from bulkdel.ledger.history import CodeCount, LedgerEnd
from bulkdel.ledger.identity import Identity, TargetIdentity
from bulkdel.ledger.samples import Sample, bucket_of
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Source
from bulkdel.providers import PROVIDERS
from bulkdel.report.facts import RunFacts, gather
from bulkdel.report.ledger_counts import LedgerCounts, SettledCode, WorstAccount
from bulkdel.report.rejects import Rejects
from bulkdel.report.status import LastSitting
from bulkdel.report.timeline import fold_samples
from bulkdel.words import Verdict
from tests.support import build, front

BEGAN_MS = 1_795_299_901_123
"""2026-11-21 22:25:01 UTC."""
HOSTILE = "<script>alert('x')</script>\"&\u202e\x1b[31m"
"""What a provider, or an input, may send."""

DECIDED = build.fingerprint(
    [("tencent", 1000), ("zego", 20)],
    sources=(
        Source(path="/jobs/pairs.csv", format="csv", size=12_345, sha256="45" * 32, quoting="csv"),
    ),
)
"""What decided the plan: one input file."""
SITTING = SittingRecord(
    number=1,
    pid=4711,
    started_ms=BEGAN_MS,
    before={"tencent": Counters(), "zego": Counters()},
    ended_ms=BEGAN_MS + 60_000,
    end="stopped",
    lanes=(),
    circumstances=build.CIRCUMSTANCES,
    agreed_in=1,
)
"""The one sitting, which a person at a terminal agreed to."""


def command(verb: str, *options: str) -> str:
    """A command as a person would type it."""
    return " ".join(["bulkdel", verb, "purge.toml", *options])


def samples(target: int, calls: int = 190) -> list[Sample]:
    """A minute of sending, with ten seconds of a hold in its middle."""
    return [
        Sample(
            target=target,
            at_ms=BEGAN_MS + n * 10_000,
            span_ms=10_000,
            calls=0 if n == 3 else calls,
            settled=0 if n == 3 else 100,
            qps=20.0,
            pace=20.0,
            held_ms=10_000 if n == 3 else 0,
            reason="held" if n == 3 else "",
            latency={} if n == 3 else {bucket_of(0.05): calls},
            codes={60007: 1} if n == 3 else {},
        )
        for n in range(6)
    ]


def findings(
    info: str = HOSTILE,
    *,
    holder: str = "",
    unsettled: tuple[int, int] = (660000001, 20),
    sitting: SittingRecord = SITTING,
) -> RunFacts:
    """Two targets, one of them with failures and something left; foreign text everywhere.

    `unsettled` are the code that pairs of zego wait with, and how many of the 20 that are left.
    """
    job = front.job(front.tencent(), front.zego(), run_dir=Path("/runs/purge"))
    meta = front.plan(
        job,
        front.books(read=530, pairs=500, duplicates=20, rejected=7, protected=3),
        {"tencent": 30, "zego": 60},
    )
    counters = {
        "tencent": Counters(deleted=480, already_gone=20, calls=950, retries=4),
        "zego": Counters(deleted=390, already_gone=50, failed=40, calls=950, throttled=1),
    }
    last = LastSitting(began_ms=BEGAN_MS, ended_ms=BEGAN_MS + 60_000, why="stopped by a signal")
    status = front.status(
        job,
        meta,
        counters,
        now_ms=BEGAN_MS + 90_000,
        began_ms=BEGAN_MS,
        last=last,
        failed=(CodeCount(target="zego", code=660500002, info=info, pairs=40),),
        unsettled=(CodeCount(target="zego", code=unsettled[0], info=info, pairs=unsettled[1]),),
        holder=holder,
    )
    return gather(
        status,
        Identity(
            plan_digest="ab" * 32,
            targets=tuple(
                TargetIdentity(
                    name=one.name,
                    provider=one.provider,
                    region=one.region,
                    app_id=one.app_id,
                    reach=Reach.REAL,
                )
                for one in job.targets
            ),
        ),
        decided=DECIDED,
        words_of=lambda provider, code: f"{provider} says {code}",
        purge_of=lambda provider, code: PROVIDERS[provider].purge(code),
        ledger_sha256="23" * 32,
        head=LedgerEnd(settlements=90, length=123_456, chain="cd" * 32),
        counts=LedgerCounts(
            lines=980,
            codes=(
                SettledCode(target="tencent", status=Verdict.DELETED, code=0, pairs=480),
                SettledCode(target="zego", status=Verdict.DELETED, code=0, pairs=390),
                SettledCode(target="zego", status=Verdict.FAILED, code=660500002, pairs=40),
            ),
            worst=(WorstAccount(target="zego", account=info, failed=31, code=660500002),),
        ),
        sittings=(sitting,),
        agreements=(sitting,),
        sitting_count=1,
        timelines={
            "tencent": fold_samples(samples(0), 10_000),
            "zego": fold_samples(samples(1), 10_000),
        },
        rejects=Rejects(reasons=((info, 7),)),
    )
