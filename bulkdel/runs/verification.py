"""Remote verification: what of a run is asked of the providers, in which folder, and what came.

Each verification is a run beside the run, in `verification`, `verification-2` and so on; the latest
is the one that is gone on with and shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkdel import files, rundir
from bulkdel.errors import RESTORE, Corrupt, WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.ledger.history import Snapshot, snapshot
from bulkdel.ledger.identity import identity_changes, refuse_other_plan
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.ledger.values import Counters
from bulkdel.plan import duck
from bulkdel.plan.asked import Counts, Questions, asked_shares, read_gone
from bulkdel.plan.beside import SideShare, make_side_plan
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import Origin, PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.beside import SideStatus
from bulkdel.report.remaining import remaining_lines
from bulkdel.report.remote import RemoteVerification, remote_verification
from bulkdel.runs.beside import Side
from bulkdel.runs.side_status import look_beside
from bulkdel.runs.status import identity_of
from bulkdel.send.deed import Asking, Deed
from bulkdel.words import Errand, Operation, Orient, Verdict

_SEEDS = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of a verification.

    Attributes:
        sample: pairs of each target; None means all.
        seed: what they are drawn with; None means any.
        again: whether a finished one, or one with other options, is followed by another.
    """

    sample: int | None = None
    seed: int | None = None
    again: bool = False


def verification_side(
    job: Job,
    *,
    folder: str,
    accounts: Mapping[str, Collection[str]] | None = None,
    sample: int | None = None,
    seed: int | None = None,
) -> Side:
    """The run beside the run of `job` that asks the providers for what its ledger says is gone.

    Args:
        job: the run's; its directory is held when the verification is planned.
        folder: where it lies.
        accounts: by target, the From_Accounts of whose pairs alone is asked; None means all.
        sample: how many pairs of each target are drawn without replacement; None means all.
        seed: what they are drawn with; a random one where there is none.
    """
    lists = job.operation is Operation.DELETE_ALL_FRIENDS
    errand = Errand.ASK_LIST if lists else Errand.ASK
    if sample is not None and seed is None:
        seed = secrets.randbelow(_SEEDS)
    questions = Questions(
        only=accounts,
        either=job.orient is Orient.FEWEST_CALLS,
        sample=sample,
        seed=seed if sample is not None else None,
    )

    def make(beside: Job) -> PlanMeta:
        return _planned(job, beside, errand, questions)

    def deed_of(target: Target) -> Deed:
        return Asking(PROVIDERS[target.provider], job.mode)

    return Side(folder=folder, errand=errand, make=make, deed_of=deed_of, gives_up=True)


def choose_verification(job: Job, wish: Wish) -> tuple[Side, str]:
    """The verification that is begun or gone on with, and what there is to say of that.

    One that was made of less than the ledger now holds is finished with: another begins.

    Raises:
        WrongInput: nothing was sent of the run; the job file names other apps than the run's; or
            the latest verification has other options, and no other was asked for.
    """
    meta, _ = _begun(job)
    folders = _folders(job.run_dir)
    latest = look_beside(job.run_dir, folders[-1]) if folders else None
    number = int(folders[-1].partition("-")[2] or 1) + 1 if folders else 1
    following = files.VERIFICATION + (f"-{number}" if folders else "")
    said = ""
    if folders and latest is None:  # it was killed before it had a plan
        following = folders[-1]
    if latest is not None:
        is_current = latest.origin.plan_digest == meta.digest and (
            latest.origin.ledger_bytes == _length(job.run_dir / LEDGER)
        )
        other = _other_options(latest, wish)
        if not is_current:
            said = f"More was settled since {latest.folder}/ was begun: another verification begins"
        elif other and not wish.again:
            raise WrongInput(
                other, where=job.run_dir / latest.folder, mend="add --again to begin another one"
            )
        elif not (wish.again and (latest.is_finished or other)):
            same = latest.origin
            side = verification_side(job, folder=latest.folder, sample=same.sample, seed=same.seed)
            if latest.is_finished:
                return side, f"{side.folder}/ is finished, and says this; --again asks anew"
            return side, "" if latest.began_ms is None else f"Going on with {side.folder}/"
    return verification_side(job, folder=following, sample=wish.sample, seed=wish.seed), said


def look_verification(run_dir: Path) -> SideStatus | None:
    """How the latest verification of a run stands; None if there is none.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    folders = _folders(run_dir)
    return look_beside(run_dir, folders[-1]) if folders else None


def told(job: Job, status: SideStatus) -> RemoteVerification:
    """What a verification says that stands so; the first of what remains, by name."""
    seen = snapshot(job.run_dir)
    counters = seen.counters if seen is not None else {}
    meta = read_plan_meta(job.run_dir)
    planned = {} if meta is None else {share.target: share.pairs for share in meta.shares}
    lines = remaining_lines(job.run_dir / status.folder) if status.count("remains") else ()
    return remote_verification(
        status,
        lines,
        mode=job.mode,
        not_asked={name: pairs - _gone(counters.get(name)) for name, pairs in planned.items()},
    )


def _gone(counters: Counters | None) -> int:
    return 0 if counters is None else counters.deleted + counters.already_gone


def _folders(run_dir: Path) -> list[str]:
    """The folders of the verifications of a run, the latest last."""
    return [one for one in rundir.sides(run_dir) if one.partition("-")[0] == files.VERIFICATION]


def _other_options(latest: SideStatus, wish: Wish) -> str:
    """What a verification was begun with, as a sentence, where it is not what is wished for."""
    made = latest.origin
    if made.sample == wish.sample and wish.seed in (None, made.seed):
        return ""
    how = "all pairs" if made.sample is None else f"--sample {made.sample} --seed {made.seed}"
    return f"this verification was begun with {how}"


def _begun(job: Job) -> tuple[PlanMeta, Snapshot]:
    meta, seen = read_plan_meta(job.run_dir), snapshot(job.run_dir)
    if seen is None or not seen.begun:
        what = "nothing was sent from here yet, so there is nothing to ask the providers for"
        raise WrongInput(what, where=job.run_dir, mend="`bulkdel run` begins to send")
    if meta is None:
        raise Corrupt("plan.parquet is gone", where=job.run_dir, mend=RESTORE)
    refuse_other_plan(job.run_dir, seen.identity, meta.digest)
    settled = {name: one.settled for name, one in seen.counters.items()}
    if changes := identity_changes(seen.identity, identity_of(job, meta), settled):
        what = f"the run there cannot be verified as another: {'; '.join(changes)}"
        raise WrongInput(what, where=job.run_dir, mend="undo the change in the job file")
    return meta, seen


def _planned(job: Job, beside: Job, errand: Errand, questions: Questions) -> PlanMeta:
    meta, seen = _begun(job)
    sizes = [(target.name, target.batch_size) for target in beside.targets]
    ledger = job.run_dir / LEDGER

    def shares(con: duck.Connection) -> tuple[list[SideShare], Origin]:
        length = _length(ledger)
        _agree(read_gone(con, ledger) if length else {}, seen, job)
        planned, population = asked_shares(con, sizes, questions)
        origin = Origin(
            plan_digest=meta.digest,
            whole_lists=errand is Errand.ASK_LIST,
            ledger_bytes=length,
            population=population,
            sample=questions.sample,
            seed=questions.seed,
        )
        return planned, origin

    return make_side_plan(
        beside.run_dir, errand, job.mode, shares, memory_limit_mb=job.memory_limit_mb
    )


def _agree(lines: Counts, seen: Snapshot, job: Job) -> None:
    """WrongInput unless the ledger has as many lines as the journal says."""
    for name, counters in seen.counters.items():
        for verdict in (Verdict.DELETED, Verdict.ALREADY_GONE):
            found, expected = lines.get((name, verdict.value), 0), counters.by_status[verdict]
            if found != expected:
                raise WrongInput(
                    f"it has {found:,} lines of {name} with status {verdict}, and the journal has "
                    f"{expected:,} such pairs",
                    where=job.run_dir / LEDGER,
                    mend="`bulkdel run` writes what a kill has left unwritten, and "
                    "`bulkdel verify` says what else is wrong",
                )


def _length(path: Path) -> int:
    """Of the ledger, in bytes; 0 where there is none."""
    return path.stat().st_size if files.is_there(path) else 0
