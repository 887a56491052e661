"""The work of `verify`: the plan and the journal's files, checked side by side.

The runs beside the run are checked as it is itself, each in its folder.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from bulkdel import files, rundir
from bulkdel.errors import Busy, Corrupt, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.audit.findings import Finding, Findings
from bulkdel.ledger.audit.verify import Checked, Verified, check_database, refuse_busy, verify
from bulkdel.ledger.friends_file import measured
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.ledger.tables import JOURNAL
from bulkdel.plan.check import check_plan
from bulkdel.plan.check_cut import check_cut
from bulkdel.plan.cut import Cut, read_cut
from bulkdel.plan.make import REJECTS_FILE
from bulkdel.plan.read import PLAN_FILE, PlanReader, read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.backup import read_note
from bulkdel.runs.shards import sender_of, shard_job
from bulkdel.words import Verdict

_READ_BYTES = 1 << 20


class NoRun(WrongInput):
    """There is nothing to verify."""


def verify_run(job: Job) -> tuple[PlanMeta | None, Verified, tuple[Checked, ...]]:
    """Verifies the run of `job`: its plan, if that can be read, and what was found.

    Behind it the runs beside it, in the order of their folders. A run that is cut is verified
    shard by shard, but for those of which a process sends.

    Raises:
        Busy: a process works in the run directory of a run that is not cut.
        WrongInput: there is no run.
    """
    findings = Findings()
    try:
        cut = read_cut(job.run_dir)
    except Corrupt as error:
        findings.add(Finding(file=files.CUT, what=str(error)))
        return None, Verified().with_findings(findings), ()
    if cut is not None:
        return _verified_cut(job, cut, findings)
    if (job.run_dir / files.SHARDS).is_dir():
        what = "it is missing, but there are shards: nothing can be checked without it"
        findings.add(Finding(file=files.CUT, what=what))
        return None, Verified().with_findings(findings), ()
    return _verified_whole(job)


def _verified_cut(
    job: Job, cut: Cut, findings: Findings
) -> tuple[PlanMeta, Verified, tuple[Checked, ...]]:
    """Each shard of which nobody sends, what lies beside those, and then the cut itself."""
    whole, beside, plans = Verified(), list[Checked](), dict[str, PlanMeta]()
    settled: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for shard in cut.shards:
        part, folder = shard_job(job, shard), f"{files.SHARDS}/{shard.name}"
        meta, found, others, sender = _verified_shard(part)
        if meta is not None:
            plans[shard.name] = meta
        if sender:
            whole.at_work[shard.name] = sender
            continue
        for one in found.findings:
            findings.add(replace(one, file=f"{folder}/{one.file}"))
        findings.count += found.count - len(found.findings)
        beside += [replace(one, folder=f"{folder}/{one.folder}") for one in others]
        for name, by_status in found.settled.items():
            settled[name].update(by_status)
        whole = replace(
            whole,
            lines=whole.lines + found.lines,
            settlements=whole.settlements + found.settlements,
            pending=whole.pending + found.pending,
            length=whole.length + found.length,
        )
    for wrong in check_cut(job.run_dir, cut, plans):
        findings.add(Finding(file=files.CUT, what=wrong))
    for one in _rejects_wrong(job, cut.meta):
        findings.add(one)
    if not whole.at_work and not findings.count:
        whole = replace(whole, settled={name: dict(sums) for name, sums in settled.items()})
    return cut.meta, whole.with_findings(findings), tuple(beside)


def _verified_shard(part: Job) -> tuple[PlanMeta | None, Verified, tuple[Checked, ...], str]:
    """A shard's plan, what was found in it and beside it; or which process sends of it."""
    meta, found, beside, sender = None, Verified(), tuple[Checked, ...](), sender_of(part)
    try:
        if not sender:
            meta, found, beside = _verified_whole(part)
            sender = sender_of(part)  # of one that began meanwhile nothing is said
    except Busy:
        sender = "another process"
    except NoRun as error:
        findings = Findings()
        findings.add(Finding(file=PLAN_FILE, what=error.what))
        found = found.with_findings(findings)
    if sender:
        with suppress(Corrupt):  # which is told once the shard is at rest
            meta = read_plan_meta(part.run_dir)
    return meta, found, beside, sender


def _rejects_wrong(job: Job, meta: PlanMeta) -> Iterator[Finding]:
    rejects = _lines(job.run_dir / REJECTS_FILE)
    if rejects != meta.books.rejected:
        what = f"it has {rejects:,} lines, but {meta.books.rejected:,} rows were rejected"
        yield Finding(file=REJECTS_FILE, what=what)


def _verified_whole(job: Job) -> tuple[PlanMeta | None, Verified, tuple[Checked, ...]]:
    """As `verify_run`, of a run that is not cut, or of one shard."""
    refuse_busy(job.run_dir)
    findings = Findings()
    meta, verified = _verified(job.run_dir, findings)
    for wrong in _rejects_wrong(job, meta) if meta is not None else ():
        findings.add(wrong)
    beside = tuple(_beside(job.run_dir, folder, meta) for folder in rundir.sides(job.run_dir))
    return meta, verified.with_findings(findings), beside


def _beside(run_dir: Path, folder: str, run: PlanMeta | None) -> Checked:
    """A run beside the run, and that it is one of this run."""
    if folder == files.UNDO and _is_destroyed(run_dir):
        meta = read_plan_meta(run_dir / folder)
        return Checked(folder=folder, meta=meta, verified=Verified(), destroyed=True)
    findings = Findings()
    meta, verified = _verified(run_dir / folder, findings)
    origin = None if meta is None else meta.origin
    if meta is not None and (origin is None or (run and origin.plan_digest != run.digest)):
        what = "it was not made of the plan of the run that it lies beside"
        findings.add(Finding(file=PLAN_FILE, what=what))
    if folder == files.BACKUP:
        for finding in _friends(run_dir):
            findings.add(finding)
    return Checked(folder=folder, meta=meta, verified=verified.with_findings(findings))


def _friends(run_dir: Path) -> Iterator[Finding]:
    """That the data of a backup is what was pulled: else nothing can be put back from it."""
    try:
        note = read_note(run_dir)
    except Corrupt as error:
        yield Finding(file=files.BACKUP_NOTE, what=str(error))
        return
    if note is None or not note.is_whole:
        return
    try:
        found = measured(run_dir / files.BACKUP / files.FRIENDS)
    except FileNotFoundError:
        yield Finding(file=files.FRIENDS, what="it is missing, and nobody has destroyed it")
        return
    if found != (note.bytes, note.sha256):
        what = f"it is not what was pulled, of which {files.BACKUP_NOTE} has the hash"
        yield Finding(file=files.FRIENDS, what=what)


def _is_destroyed(run_dir: Path) -> bool:
    """Whether the data of what an undo put back was destroyed: then its plan has no entries."""
    with suppress(Corrupt):  # which is found where the backup is checked
        note = read_note(run_dir)
        return note is not None and note.state == "destroyed"
    return False


def _verified(run_dir: Path, findings: Findings) -> tuple[PlanMeta | None, Verified]:
    """The files of one run, read at the same time; what is wrong goes into `findings`."""
    meta = _meta(run_dir, findings)
    if meta is None:
        return None, Verified()
    with ExitStack() as stack:
        if gc.isenabled():  # millions of rows come and go, and none is part of a cycle
            gc.disable()
            stack.callback(gc.enable)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="plan"))
        checking = pool.submit(lambda: list(check_plan(run_dir, meta)))
        sound = pool.submit(check_database, run_dir)
        reader = stack.enter_context(PlanReader(run_dir, meta))
        verified = verify(run_dir, meta, reader, findings)
        for wrong in checking.result():
            findings.add(Finding(file=PLAN_FILE, what=wrong))
        for finding in sound.result():
            findings.add(finding)
    return meta, verified


def _meta(run_dir: Path, findings: Findings) -> PlanMeta | None:
    """The plan's identity; None, with a finding, where it cannot be read."""
    try:
        meta = read_plan_meta(run_dir)
    except Corrupt as error:
        findings.add(Finding(file=PLAN_FILE, what=str(error)))
        return None
    if meta is not None:
        return meta
    for name in (LEDGER, JOURNAL):
        path = run_dir / name
        if path.exists() and path.stat().st_size:
            what = f"it is missing, but there is {name}: nothing can be checked without the plan"
            findings.add(Finding(file=PLAN_FILE, what=what))
            return None
    what = "there is no plan and no run, so there is nothing to verify"
    raise NoRun(what, where=run_dir)


def _lines(path: Path) -> int:
    try:
        with files.open_to_read(path) as file:
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(_READ_BYTES), b""))
    except FileNotFoundError:
        return 0
