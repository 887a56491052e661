"""Which cut a run goes by: the one that is there, one made anew, or none, with the way out said."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulkdel import files
from bulkdel.errors import Busy, Corrupt, WrongInput
from bulkdel.job.job import Cluster, Job
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.lock import hold
from bulkdel.library import run
from bulkdel.plan.cut import Cut, read_cut
from bulkdel.report.checks import Check, Grade
from bulkdel.runs.check import preflight
from bulkdel.runs.cut import choose_cut, has_begun, plan_cut
from bulkdel.runs.notes import keep_agreed
from bulkdel.runs.run import plan_only
from bulkdel.runs.shards import shard_dirs, shard_job

ROWS = "From_Account,To_Account\na,b\nb,c\nc,d\n"
JOB = """
operation = "delete_friends"
mode = "{mode}"
run_dir = "run"
[input]
files = ["pairs.csv"]
[cluster]
shard_qps = 200
"""
TARGET = '[targets.t{at}]\nprovider = "tencent"\napp_id = {at}\nendpoint = "emulator"\n'


def job_of(folder: Path, *, targets: int = 2, rows: str = ROWS, mode: str = "one_way") -> Job:
    """A job over a few rows, a shard for each of its targets."""
    (folder / "pairs.csv").write_text(rows)
    named = "".join(TARGET.format(at=at) for at in range(1, targets + 1))
    (folder / "job.toml").write_text(JOB.format(mode=mode) + named)
    return load_job(folder / "job.toml")


def chosen(job: Job) -> tuple[Cut, list[str]]:
    """The cut that a command goes by, and what it said."""
    said: list[str] = []
    with hold(job.run_dir):
        return choose_cut(job, said.append, begun=has_begun(job)), said


async def begin(job: Job, cut: Cut, at: int = 1) -> None:
    """Sends one pair of a shard."""
    async for _ in run(shard_job(job, cut.shards[at]), limit=1):
        pass


async def test_a_cut_is_kept(tmp_path: Path) -> None:
    """The same job and input have the same cut, before and after the first call, without a word."""
    job = job_of(tmp_path)
    first, said = chosen(job)
    assert said == ["Planning job ..."]
    assert chosen(job) == (first, [])
    assert not has_begun(job)
    await begin(job, first)
    assert has_begun(job)
    assert chosen(job) == (first, [])
    faster = replace(job, targets=tuple(replace(one, qps=1.0) for one in job.targets))
    (tmp_path / "pairs.csv").unlink()
    cut, said = chosen(faster)
    assert cut == first
    assert said[0].startswith("Warning: ")
    assert "pairs.csv: gone since" in said[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"rows": ROWS + "x,y\n"}, "content differs"),
        ({"targets": 3}, "target t3: is new"),
        ({"mode": "two_way"}, "mode: one_way → two_way"),
    ],
)
async def test_what_decides_the_plan_is_planned_anew_or_refused(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    """Changed before the first call, all shards are planned anew; after it, that is refused."""
    job = job_of(tmp_path)
    first, _ = chosen(job)
    changed = job_of(tmp_path, **change)
    second, said = chosen(changed)
    assert second.run_id != first.run_id
    assert len(said) == 1
    assert why in said[0]
    await begin(changed, second)
    with pytest.raises(WrongInput, match="has begun with what was planned") as caught:
        chosen(job_of(tmp_path))
    assert "--run-dir" in str(caught.value)
    assert read_cut(job.run_dir) == second


async def test_how_it_is_cut_is_fixed_by_the_first_call(tmp_path: Path) -> None:
    """Another shard_qps cuts anew before the first call; after it the cut stays, as is said."""
    job = job_of(tmp_path)
    assert len(chosen(job)[0].shards) == 2
    together = replace(job, cluster=Cluster(shard_qps=400))
    cut, said = chosen(together)
    assert len(cut.shards) == 1
    assert said == [
        "Planning job anew, since it changed: cluster: the targets are cut otherwise ..."
    ]
    await begin(together, cut, at=0)
    again, said = chosen(job)
    assert again == cut
    assert len(said) == 1
    assert "stays cut as it was when its first call left, into 1 shard;" in said[0]


async def test_a_run_stays_in_one_piece_or_cut(tmp_path: Path) -> None:
    """Begun without [cluster] a run is not cut, and the reverse; before that it may change."""
    job = job_of(tmp_path)
    alone = replace(job, cluster=None)
    plan_only(alone, lambda _: None)
    chosen(job)
    assert not (job.run_dir / files.PLAN).exists()
    plan_only(alone, lambda _: None)
    assert not (job.run_dir / files.CUT).exists()
    async for _ in run(alone, limit=1):
        pass
    with pytest.raises(WrongInput, match=r"begun in one piece.*leave \[cluster\] out"):
        chosen(job)

    other = replace(job, run_dir=tmp_path / "other")
    await begin(other, chosen(other)[0])
    with pytest.raises(WrongInput, match=r"begun in shards.*write \[cluster\]"):
        plan_only(replace(other, cluster=None), lambda _: None)


async def test_nothing_is_planned_over_what_was_sent(tmp_path: Path) -> None:
    """Without its shards.json a run that has begun is an error: its calls would leave again."""
    job = job_of(tmp_path)
    cut, _ = chosen(job)
    await begin(job, cut)
    (job.run_dir / files.CUT).unlink()
    with pytest.raises(Corrupt, match=r"shards\.json is gone, but the run has begun"):
        chosen(job)
    assert len(shard_dirs(job.run_dir)) == 2


def test_what_was_pulled_or_looked_at_fixes_the_cut_too(tmp_path: Path) -> None:
    """A backup of a shard is kept: whoever changes the input then is refused, not replanned."""
    job = job_of(tmp_path)
    chosen(job)
    (job.run_dir / "shards" / "2" / "backup").mkdir()
    assert has_begun(job)
    with pytest.raises(WrongInput, match="content differs"):
        chosen(job_of(tmp_path, rows=ROWS + "x,y\n"))


def test_with_a_store_the_cut_is_fixed_once_it_was_agreed_to(tmp_path: Path) -> None:
    """Other machines may send from there on: what they send is what was agreed to."""
    job = job_of(tmp_path)
    cut, _ = chosen(job)
    consent = Consent(how=Agreement.TYPED, at_ms=1, command="")
    keep_agreed(job, cut.meta, consent)
    shared = replace(job, cluster=Cluster(shard_qps=200, store_env="A_STORE"))
    assert (has_begun(job), has_begun(shared)) == (False, True)
    changed = job_of(tmp_path, rows=ROWS + "x,y\n")
    with pytest.raises(WrongInput, match="content differs"):
        chosen(replace(changed, cluster=shared.cluster))
    assert chosen(changed)[0].run_id != cut.run_id


def test_a_shard_that_somebody_works_on_is_not_taken_away(tmp_path: Path) -> None:
    """While a process holds a shard, no other plan takes the place of its plan."""
    job = job_of(tmp_path)
    cut, _ = chosen(job)
    with hold(job.run_dir / "shards" / "2"), pytest.raises(Busy, match="shards/2"):
        chosen(job_of(tmp_path, rows=ROWS + "x,y\n"))
    assert read_cut(job.run_dir) == cut


async def test_a_library_sends_no_shards(tmp_path: Path) -> None:
    """library.run is one process: with [cluster] it refuses, and says what sends such a job."""
    with pytest.raises(WrongInput, match=r"several processes.*bulkdel run"):
        async for _ in run(job_of(tmp_path)):
            pass
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("slices", [{}, {"t2": 3}])
def test_what_plan_shows_of_shards_is_what_it_shows_of_one_plan(
    tmp_path: Path, slices: dict[str, int]
) -> None:
    """Books, calls, savings and friend lists to pull are the same, cut or not, for each target."""
    rows = ROWS + "b,a\nd,a\nb,d\n"
    job = job_of(tmp_path, targets=3, mode="one_way" if slices else "two_way", rows=rows)
    job = replace(
        job,
        cluster=Cluster(shard_qps=400, slices=slices),
        backup=job.backup.model_copy(update={"enabled": True}),
        targets=(*job.targets[:2], replace(job.targets[2], batch_size=1, qps=7.0)),
    )
    cut = plan_cut(job, lambda _: None)
    one = plan_only(replace(job, cluster=None, run_dir=tmp_path / "one"), lambda _: None)
    assert len(cut.shards) == (4 if slices else 2)
    assert bool(cut.savings) == (not slices)
    assert cut.savings == one.savings
    assert cut.backup_lists == one.backup_lists
    assert cut.rejects == one.rejects
    assert (cut.meta.books, cut.meta.shares) == (one.meta.books, one.meta.shares)
    if not slices:
        assert cut.sample == one.sample


def run_dir_of(job: Job) -> Check:
    """What `check` says of the run directory."""
    checks = [one for section in preflight(job, offline=True) for one in section.checks]
    (found,) = [one for one in checks if one.name == "run directory"]
    return found


def _damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


SPOILS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut_gone": (lambda run_dir: (run_dir / files.CUT).unlink(), "shards.json is gone"),
    "cut_damaged": (lambda run_dir: _damage(run_dir / files.CUT), "is damaged"),
    "plan_gone": (lambda run_dir: (run_dir / "shards/1/plan.parquet").unlink(), "plan is gone"),
    "plan_damaged": (lambda run_dir: _damage(run_dir / "shards/1/plan.parquet"), "is damaged"),
    "plans_swapped": (
        lambda run_dir: shutil.copy(
            run_dir / "shards/2/plan.parquet", run_dir / "shards/1/plan.parquet"
        ),
        "the plan is of other targets",
    ),
    "shard_gone": (lambda run_dir: shutil.rmtree(run_dir / "shards/1"), "plan is gone"),
    "ledger_short": (lambda run_dir: _damage(run_dir / "shards/2/ledger.jsonl"), "ledger"),
    "journal_gone": (lambda run_dir: (run_dir / "shards/2/journal.db").unlink(), "journal.db"),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILS.values(), ids=SPOILS)
def test_check_looks_at_every_shard(
    tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    """What of one shard keeps the run from going on is a cross that says it."""
    job = job_of(tmp_path)
    assert run_dir_of(job).words.endswith("a new run")
    cut, _ = chosen(job)
    assert run_dir_of(job).words.endswith("a run that is planned, 6 pairs left")
    asyncio.run(begin(job, cut))
    seen = run_dir_of(job)
    assert seen.grade is Grade.GOOD
    assert seen.words.endswith("5 pairs left")
    spoil(job.run_dir)
    seen = run_dir_of(job)
    assert seen.grade is Grade.CROSSED
    assert words in seen.words
    assert seen.mend


def test_check_says_what_plan_would_refuse(tmp_path: Path) -> None:
    """Changed input and a job without its [cluster] are crosses, as the run itself decides."""
    job = job_of(tmp_path)
    asyncio.run(begin(job, chosen(job)[0]))
    for other in (replace(job, cluster=None), job_of(tmp_path, rows=ROWS + "x,y\n")):
        assert run_dir_of(other).grade is Grade.CROSSED
