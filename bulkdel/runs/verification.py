"""Remote verification: what of a run is asked of the providers, in which folder, and what came.

Each verification is a run beside the run, in `verification`, `verification-2` and so on; the latest
is the one that is gone on with and shown.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bulkdel import files, rundir
from bulkdel.errors import RESTORE, Corrupt, WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.ledger.history import Snapshot, begun, snapshot
from bulkdel.ledger.identity import identity_changes, refuse_other_plan
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.ledger.values import Counters
from bulkdel.plan import duck
from bulkdel.plan.asked import Counts, Questions, asked_shares, read_gone
from bulkdel.plan.beside import SideShare, make_side_plan
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import Origin, PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.beside import SideStatus, together
from bulkdel.report.nameless import nameless_remaining
from bulkdel.report.remaining import remaining_lines
from bulkdel.report.remote import RemoteVerification, remote_verification
from bulkdel.runs.beside import Side
from bulkdel.runs.names import names_of
from bulkdel.runs.shards import everywhere, parts_of
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
    slices: Sequence[Path] = (),
) -> Side:
    """The run beside the run of `job` that asks the providers for what its ledger says is gone.

    Args:
        job: the run's; its directory is held when the verification is planned.
        folder: where it lies.
        accounts: by target, the From_Accounts of whose pairs alone is asked; None means all.
        sample: how many pairs of each target are drawn without replacement; None means all.
        seed: what they are drawn with; a random one where there is none.
        slices: the ledgers of the other slices of its target, if it is one: the sample is drawn
            from all of them, and this asks for those of it that are its own.
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
        return _planned(job, beside, errand, questions, slices)

    def deed_of(target: Target) -> Deed:
        return Asking(PROVIDERS[target.provider], job.mode)

    return Side(folder=folder, errand=errand, make=make, deed_of=deed_of, gives_up=True)


def choose_verification(job: Job, wish: Wish) -> tuple[tuple[tuple[Job, Side], ...], str]:
    """The verification that is begun or gone on with, and what there is to say of that.

    It is one for each part of the run of which something was sent, all in folders of one name. One
    that was made of less than the ledgers now hold is finished with: another begins.

    Raises:
        WrongInput: nothing was sent of the run; the job file names other apps than the run's; or
            the latest verification has other options, and no other was asked for.
    """
    runs = parts_of(job)
    sent = [part for part in runs if begun(part.run_dir)] or [runs[0]]
    digests = [_begun(part)[0].digest for part in sent]
    number = _latest(sent)
    latest = [look_beside(part.run_dir, _folder(number)) if number else None for part in sent]
    known = [one for one in latest if one is not None]
    if not known:  # the latest was killed before it had a plan, if there is one
        return _sides(sent, _folder(number or 1), wish), ""
    whole = together(known, [target.name for target in job.targets])
    other = _other_options(whole, wish)
    if any(
        one is None
        or one.origin.plan_digest != digest
        or one.origin.ledger_bytes != _length(part.run_dir / LEDGER)
        for part, digest, one in zip(sent, digests, latest, strict=True)
    ):
        planning = None in latest and whole.began_ms is None  # it was killed before all had plans
        said = f"More was settled since {whole.folder}/ was begun: another verification begins"
        said = "" if planning else said
        return _sides(sent, _folder(number + 1), wish), said
    if other and not wish.again:
        raise WrongInput(
            other, where=job.run_dir / whole.folder, mend="add --again to begin another one"
        )
    if wish.again and (whole.is_finished or other):
        return _sides(sent, _folder(number + 1), wish), ""
    same = replace(wish, sample=whole.origin.sample, seed=whole.origin.seed)
    if whole.is_finished:
        said = f"{whole.folder}/ is finished, and says this; --again asks anew"
    else:
        said = "" if whole.began_ms is None else f"Going on with {whole.folder}/"
    return _sides(sent, whole.folder, same), said


def _sides(parts: Sequence[Job], folder: str, wish: Wish) -> tuple[tuple[Job, Side], ...]:
    """The verification of each part, with one seed for all."""
    seed = wish.seed
    if wish.sample is not None and seed is None:
        seed = secrets.randbelow(_SEEDS)
    ledgers: defaultdict[str, list[Path]] = defaultdict(list)
    for part in parts:
        for target in part.targets:
            ledgers[target.name].append(part.run_dir / LEDGER)
    return tuple(
        (
            part,
            verification_side(
                part,
                folder=folder,
                sample=wish.sample,
                seed=seed,
                slices=[one for one in ledgers[part.targets[0].name] if one.parent != part.run_dir],
            ),
        )
        for part in parts
    )


def look_verification(job: Job) -> SideStatus | None:
    """How the latest verification of a run stands, over all its parts; None if there is none.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    runs = parts_of(job)
    number = _latest(runs)
    return _look(job, runs, number) if number else None


def finished_verification(job: Job) -> SideStatus | None:
    """The latest verification of a run that is finished in all its parts; None if none is.

    Raises:
        Corrupt, StorageFailed, WrongInput: one cannot be read.
    """
    runs = parts_of(job)
    for number in range(_latest(runs), 0, -1):
        one = _look(job, runs, number, whole=True)
        if one is not None and one.has_begun and one.is_finished:
            return one
    return None


def _look(job: Job, runs: Sequence[Job], number: int, *, whole: bool = False) -> SideStatus | None:
    looked = [look_beside(part.run_dir, _folder(number)) for part in runs]
    found = [one for one in looked if one is not None]
    if not found or (whole and None in looked):
        return None
    return together(found, [target.name for target in job.targets])


def told(job: Job, status: SideStatus) -> RemoteVerification:
    """What a verification says that stands so; the first of what remains, by name."""
    runs = parts_of(job)
    not_asked: Counter[str] = Counter()
    for part in runs:
        seen, meta = snapshot(part.run_dir), read_plan_meta(part.run_dir)
        for share in () if meta is None else meta.shares:
            not_asked[share.target] += share.pairs
            not_asked[share.target] -= _gone(seen.counters.get(share.target)) if seen else 0
    lines = (line for part in runs for line in remaining_lines(part.run_dir / status.folder))
    found = remote_verification(
        status, lines if status.count("remains") else (), mode=job.mode, not_asked=not_asked
    )
    where = everywhere(job).run_dir.relative_to(job.run_dir)
    names = names_of(job)
    first = tuple(nameless_remaining(one, names) for one in found.first)
    return replace(found, folder=str(where / status.folder), first=first)


def _gone(counters: Counters | None) -> int:
    return 0 if counters is None else counters.deleted + counters.already_gone


def _latest(parts: Sequence[Job]) -> int:
    """The number of the latest verification of any part; 0 where there is none."""
    names = (one.partition("-") for part in parts for one in rundir.sides(part.run_dir))
    numbers = (
        int(number or 1)
        for kind, _, number in names
        if kind == files.VERIFICATION and (number.isdecimal() or not number)
    )
    return max(numbers, default=0)


def _folder(number: int) -> str:
    return files.VERIFICATION + (f"-{number}" if number > 1 else "")


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


def _planned(
    job: Job, beside: Job, errand: Errand, questions: Questions, slices: Sequence[Path]
) -> PlanMeta:
    meta, seen = _begun(job)
    sizes = [(target.name, target.batch_size) for target in beside.targets]
    ledger = job.run_dir / LEDGER

    def shares(con: duck.Connection) -> tuple[list[SideShare], Origin]:
        length = _length(ledger)
        _agree(read_gone(con, ledger, slices), seen, job)
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
