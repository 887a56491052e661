"""A run's canary: which accounts it is, what of the plan is theirs, and how it went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files
from bulkdel.job.beside import SEED_MOST
from bulkdel.job.job import Canary, Job
from bulkdel.ledger.counting import is_second
from bulkdel.plan import duck
from bulkdel.plan.drawn import drawn_accounts
from bulkdel.plan.values import PlanMeta
from bulkdel.report.beside import SideStatus
from bulkdel.report.canary import CanaryTarget
from bulkdel.runs.names import names_of
from bulkdel.runs.notes import CanaryNote, canary_note, keep_canary
from bulkdel.runs.side_status import look_beside
from bulkdel.send.selection import Selection
from bulkdel.words import Batch, Entry, Orient, Verdict

_FOLDERS_MOST: Final = 10_000
_COLUMNS: Final = {
    "target": "VARCHAR",
    "from_account": "VARCHAR",
    "to_account": "VARCHAR",
    "status": "VARCHAR",
}
_GONE: Final = "gone"


@dataclass(frozen=True, slots=True)
class CanarySelection:
    """The pairs of the canary alone; of those the ones that `others` lets through, if given.

    Attributes:
        drawn: From_Accounts of each target, in the plan's order.
    """

    drawn: Sequence[frozenset[str]]
    others: Selection | None = None

    def chosen(self, target: int, entry: Entry) -> Sequence[int] | None:
        """As `Selection.chosen`. In the second phase a pair's From_Account is the other end."""
        accounts, let = self.drawn[target], None
        if self.others is not None:
            let = self.others.chosen(target, entry)
        if isinstance(entry, Batch) and is_second(entry):
            own = [at for at, other in enumerate(entry.to_accounts) if other in accounts]
            return own if let is None else sorted({*own} & {*let})
        return let if entry.from_account in accounts else ()

    def words(self, pairs: int) -> str:  # noqa: ARG002  # the same for any number
        """As `Selection.words`."""
        return "waits until its canary was asked for"


def is_open(job: Job, meta: PlanMeta) -> bool:
    """Whether a canary of this plan was begun and the rest was not let on yet."""
    note = canary_note(job.run_dir, meta)
    return job.canary is not None and note is not None and not note.let_on


def current_note(job: Job, meta: PlanMeta, canary: Canary) -> CanaryNote:
    """The canary that is to be done now: the one begun, or a new one, kept before it begins.

    New where there is none of this plan, where others are to be drawn, and where the last one was
    asked for and not as it should be: then it is asked anew, in a folder of its own.

    Raises:
        StorageFailed: it cannot be kept.
    """
    seed = seed_of(canary, meta)
    note = canary_note(job.run_dir, meta)
    if note is not None and (
        note.let_on
        or (
            (note.accounts, note.seed) == (canary.accounts, seed)
            and not _remained(look_beside(job.run_dir, note.folder))
        )
    ):
        return note
    note = CanaryNote(
        plan=meta.digest,
        accounts=canary.accounts,
        seed=seed,
        folder=_free_folder(job.run_dir),
        began_ms=_now_ms(),
    )
    keep_canary(job.run_dir, note)
    return note


def seed_of(canary: Canary, meta: PlanMeta) -> int:
    """What the accounts are drawn with: the job's own number, or one made of the plan."""
    return int(meta.digest[:16], 16) & SEED_MOST if canary.seed is None else canary.seed


def drawn(job: Job, meta: PlanMeta, note: CanaryNote) -> tuple[frozenset[str], ...]:
    """The canary's From_Accounts of each target, in the plan's order.

    Raises:
        WrongInput: the plan cannot be read.
    """
    return drawn_accounts(job.run_dir, meta, note.accounts, note.seed)


def accounts_of(meta: PlanMeta, accounts: Sequence[frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """The accounts by target."""
    return {share.target: one for share, one in zip(meta.shares, accounts, strict=True)}


def canary_targets(
    job: Job, meta: PlanMeta, accounts: Sequence[frozenset[str]], asked: SideStatus
) -> tuple[CanaryTarget, ...]:
    """How the canary went, by target: what the run's ledger says, and what was answered since.

    Raises:
        WrongInput: a ledger cannot be read.
    """
    by_target = accounts_of(meta, accounts)
    done = _done(job, by_target)
    examples = _examples(job.run_dir / asked.folder / files.LEDGER, names_of(job))
    targets = []
    for one in asked.targets:
        answers = one.by_status(asked.errand)
        targets.append(
            CanaryTarget(
                name=one.name,
                accounts=len(by_target[one.name]),
                **{status: done.get((one.name, status), 0) for status in _DONE},
                **{status: answers[status] for status in _ASKED},
                example=examples.get(one.name, ""),
            )
        )
    return tuple(targets)


def let_on(job: Job, note: CanaryNote, how: str, user: str) -> None:
    """Keeps that the rest may follow, how and by whom, durably: it is never asked twice.

    Raises:
        StorageFailed: it cannot be kept.
    """
    keep_canary(job.run_dir, replace(note, let_on=how, let_on_ms=_now_ms(), user=user))


_DONE: Final = tuple(str(one) for one in (Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.FAILED))
_ASKED: Final = (_GONE, "remains", "unknown")


def _remained(asked: SideStatus | None) -> bool:
    return (
        asked is not None
        and asked.is_finished
        and any(asked.count(status) for status in _ASKED if status != _GONE)
    )


def _free_folder(run_dir: Path) -> str:
    names = (files.CANARY, *(f"{files.CANARY}-{number}" for number in range(2, _FOLDERS_MOST)))
    return next((name for name in names if not (run_dir / name).exists()), names[-1])


def _done(job: Job, accounts: Mapping[str, frozenset[str]]) -> dict[tuple[str, str], int]:
    """Lines of the run's ledger about these accounts, by target and status.

    Where the planner chose the sides, the canary's account may be either end of a line.
    """
    either = job.orient is Orient.FEWEST_CALLS
    whose = " OR to_account IN (SELECT unnest($accounts))" if either else ""
    found = {}
    with (
        duck.storage_errors(job.run_dir),
        duck.opened(job.run_dir / files.LEDGER) as file,
        closing(duck.open_reader()) as con,
    ):
        for target, names in accounts.items():
            rows = con.execute(
                f"SELECT status, count(*) FROM {duck.objects_in(file, _COLUMNS)}"  # noqa: S608  # our own words
                " WHERE target = $target AND"
                f" (from_account IN (SELECT unnest($accounts)){whose}) GROUP BY status",
                {"target": target, "accounts": sorted(names)},
            ).fetchall()
            found.update({(target, str(status)): int(lines) for status, lines in rows})
    return found


def _examples(ledger: Path, name: Callable[[str], str]) -> dict[str, str]:
    """The first pair of each target that is not gone, as text."""
    found: dict[str, str] = {}
    for line in _lines(ledger):
        if line["status"] == _GONE or line["target"] in found:
            continue
        pair = name(line["from_account"])
        if line.get("to_account") is not None:
            pair += f" → {name(line['to_account'])}"
        found[line["target"]] = pair
    return found


def _lines(ledger: Path) -> Iterator[dict[str, str]]:
    with files.open_to_read(ledger) as file:
        for line in file:
            yield orjson.loads(line)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
