"""What is kept so that nobody is asked twice, and what of it counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel import files
from bulkdel.job.beside import Then
from bulkdel.job.job import Backup, Canary, Job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.notes import (
    CanaryNote,
    agreed_before,
    canary_note,
    canary_waits,
    keep_agreed,
    keep_canary,
)
from bulkdel.send.state import Doing
from tests.support import front

CONSENT = Consent(how=Agreement.TYPED, at_ms=1_700_000_000_000, command="bulkdel run x.toml")
NOTE = CanaryNote(plan="", accounts=20, seed=7, folder="canary", began_ms=1)


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Job, PlanMeta]:
    """A job with a canary, and its plan's."""
    job = front.job(front.tencent(), run_dir=tmp_path)
    backup = Backup(enabled=True)
    job = replace(job, canary=Canary(accounts=20, then=Then.ASK), backup=backup)
    return job, front.plan(job, front.books(read=100, pairs=100), {"tencent": 1})


def test_an_agreement_is_to_one_plan_and_its_places(planned: tuple[Job, PlanMeta]) -> None:
    """Another plan, or another app in the same target, is asked about anew."""
    job, meta = planned
    assert agreed_before(job, meta) is None
    keep_agreed(job, meta, CONSENT)
    assert agreed_before(job, meta) == CONSENT
    assert agreed_before(job, replace(meta, digest="1" * 64)) is None
    elsewhere = replace(job, targets=(replace(front.tencent(), app_id=7),))
    assert agreed_before(elsewhere, meta) is None
    assert agreed_before(replace(job, backup=Backup()), meta) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b" " * (1 << 17)])
def test_what_cannot_be_read_counts_as_none(planned: tuple[Job, PlanMeta], content: bytes) -> None:
    """Then it is asked again, and nothing is let through."""
    job, meta = planned
    for name in (files.AGREED, files.CANARY_NOTE):
        (job.run_dir / name).write_bytes(content)
    assert agreed_before(job, meta) is None
    assert canary_note(job.run_dir, meta) is None
    assert canary_waits(job, meta) is None


def test_the_rest_waits_from_the_canarys_end_on(planned: tuple[Job, PlanMeta]) -> None:
    """Neither before it was asked for nor once it was let on; a time counts from its end."""
    job, meta = planned
    note = replace(NOTE, plan=meta.digest)
    keep_canary(job.run_dir, note)
    assert canary_note(job.run_dir, meta) == note
    assert canary_waits(job, meta) is None
    note = replace(note, asked_ms=5000)
    keep_canary(job.run_dir, note)
    waits = canary_waits(job, meta)
    assert waits is not None
    assert (waits.doing, waits.since_ms, waits.until_ms) == (Doing.CANARY, 5000, None)
    timed = replace(job, canary=Canary(accounts=20, then=1800.0))
    waits = canary_waits(timed, meta)
    assert waits is not None
    assert waits.until_ms == 5000 + 1_800_000
    keep_canary(job.run_dir, replace(note, let_on="typed"))
    assert canary_waits(job, meta) is None
    assert canary_waits(replace(job, canary=None), meta) is None
    assert canary_note(job.run_dir, replace(meta, digest="1" * 64)) is None
