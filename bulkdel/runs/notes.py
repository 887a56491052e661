"""What is kept beside a run so that it is not asked twice: that somebody agreed, how its canary is.

Small files, replaced whole and durably. One that cannot be read counts as none: then it is asked
again, and nothing is let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from bulkdel import files
from bulkdel.errors import StorageFailed, WrongInput
from bulkdel.job.beside import Then
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Consent
from bulkdel.plan.values import PlanMeta
from bulkdel.send.state import Doing, LaneState

_BYTES_MOST: Final = 1 << 16
_Note = TypeVar("_Note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Somebody agreed to a plan before its first call left.

    Attributes:
        plan: its digest.
        places: where it would go to, a text for each target.
    """

    plan: str
    places: tuple[str, ...]
    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryNote:
    """How far a run's canary is. Times are Unix milliseconds.

    Attributes:
        plan: the digest of the plan that it is drawn from.
        accounts, seed: how many of each target are drawn, and with what.
        folder: where the provider is asked for it.
        began_ms: when it was drawn.
        asked_ms: when all of it was asked for and as it should be; None before.
        let_on: how the rest was let on ("typed", "option", "time" or "go"); empty before.
        let_on_ms, user: when, and by whom, as the system names the user; None and empty before.
    """

    plan: str
    accounts: int
    seed: int
    folder: str
    began_ms: int
    asked_ms: int | None = None
    let_on: str = ""
    let_on_ms: int | None = None
    user: str = ""


_AGREED: Final = TypeAdapter(Agreed)
_CANARY: Final = TypeAdapter(CanaryNote)


def agreed_before(job: Job, meta: PlanMeta) -> Consent | None:
    """How somebody agreed to this very plan for these very apps, before its backup was whole.

    None if nobody did, and where the job neither wants a backup nor is cut into shards: that was
    not agreed to.
    """
    if not (job.backup.enabled or job.cluster):
        return None
    note = _read(job.run_dir / files.AGREED, _AGREED)
    same = note is not None and (note.plan, note.places) == (meta.digest, _places(job))
    return note.consent if note is not None and same else None


def keep_agreed(job: Job, meta: PlanMeta, consent: Consent) -> None:
    """Keeps that somebody agreed to this plan.

    Raises:
        StorageFailed: it cannot be written.
    """
    note = Agreed(plan=meta.digest, places=_places(job), consent=consent)
    _write(job.run_dir / files.AGREED, orjson.dumps(note))


def canary_note(run_dir: Path, meta: PlanMeta) -> CanaryNote | None:
    """How far the canary of this very plan is; None if none was begun."""
    note = _read(run_dir / files.CANARY_NOTE, _CANARY)
    return note if note is not None and note.plan == meta.digest else None


def canary_waits(job: Job, meta: PlanMeta) -> LaneState | None:
    """What a target does while the rest waits behind the canary; None where it does not."""
    note = None if job.canary is None else canary_note(job.run_dir, meta)
    if job.canary is None or note is None or note.asked_ms is None or note.let_on:
        return None
    until_ms = None
    if not isinstance(job.canary.then, Then):
        until_ms = note.asked_ms + round(job.canary.then * 1000)
    return LaneState(doing=Doing.CANARY, since_ms=note.asked_ms, until_ms=until_ms)


def keep_canary(run_dir: Path, note: CanaryNote) -> None:
    """Keeps how far a canary is.

    Raises:
        StorageFailed: it cannot be written.
    """
    _write(run_dir / files.CANARY_NOTE, orjson.dumps(note))


def _places(job: Job) -> tuple[str, ...]:
    return tuple(
        f"{one.name}: {one.provider} {one.app_id} {one.region} {one.reach}" for one in job.targets
    )


def _write(path: Path, content: bytes) -> None:
    try:
        files.replace(path, content)
    except OSError as error:
        what = f"cannot be written ({files.reason(error)})"
        raise StorageFailed(what, where=path, mend="put that right and run it again") from error


def _read(path: Path, kind: TypeAdapter[_Note]) -> _Note | None:
    try:
        with files.open_to_read(path) as file:
            content = file.read(_BYTES_MOST + 1)
        return kind.validate_json(content) if len(content) <= _BYTES_MOST else None
    except (OSError, WrongInput, ValidationError):
        return None
