"""What is shown of a backup when its command ends, and before it is destroyed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.filesize import decimal

from bulkdel import files
from bulkdel.job.beside import OnFailure
from bulkdel.job.job import Job
from bulkdel.report.backup import BackupNote, BackupStatus, FailedList
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.phrases import unit, was
from bulkdel.report.text.layout import BAD, TITLE, facts, page, steps, table, words

NAMED: Final = 10
"""Accounts that are named where lists could not be pulled."""


def backup_text(
    job: Job,
    status: BackupStatus,
    failed: Sequence[FailedList],
    width: int,
    *,
    next_steps: Sequence[tuple[str, str]] = (),
    colour: bool = False,
) -> str:
    """How a backup stands when its command ends.

    Args:
        job: the run's.
        status: how it stands.
        failed: the first NAMED of the lists that could not be pulled for good.
        width: columns.
        next_steps: what to do, and the commands.
        colour: whether there is any.
    """
    return page([*_parts(job, status, failed), *steps(next_steps)], width, colour=colour)


def forget_text(run_dir: Path, note: BackupNote, width: int, *, colour: bool = False) -> str:
    """What is lost with a backup."""
    parts = [
        words("This destroys the backup. What the run deleted cannot be put back after it.", BAD),
        words(""),
        facts([("run directory", plain(str(run_dir), 1000)), *_kept(note)]),
    ]
    return page(parts, width, colour=colour)


def _parts(
    job: Job, status: BackupStatus, failed: Sequence[FailedList]
) -> Iterator[RenderableType]:
    note = status.note
    if note.is_whole:
        yield words(f"{plain(job.name)}: the backup is whole.", TITLE)
    else:
        left = counted(sum(side.unsettled for side in status.sides), "friend list")
        yield words(f"{plain(job.name)}: the backup is not whole. {left} left to pull.", BAD)
    yield words("")
    where = job.run_dir / files.BACKUP / files.FRIENDS
    yield facts([*_kept(note), ("data", plain(str(where), 1000))])
    if failed:
        yield from _failed(job, sum(side.count("failed") for side in status.sides), failed)


def _failed(job: Job, lists: int, failed: Sequence[FailedList]) -> Iterator[RenderableType]:
    yield words("")
    follows = (
        f"their {unit(job.operation)}s are not sent"
        if job.backup.on_failure is OnFailure.KEEP
        else "they are sent all the same, and cannot be put back"
    )
    yield words(
        f"{counted(lists, 'friend list')} could not be pulled, for good: {follows} (on_failure = "
        f'"{job.backup.on_failure}" in [backup]).',
        BAD,
    )
    yield table(
        ("account", "target", "code", "what the provider said"),
        ("account", "target", "what the provider said"),
        [(plain(one.account), one.target, str(one.code), plain(one.info, 80)) for one in failed],
    )
    if lists > len(failed):
        more = lists - len(failed)
        where = job.run_dir / files.BACKUP / files.LEDGER
        yield words(
            f"{count(more)} more {was(more)} not pulled: {plain(str(where), 1000)}", indent=2
        )


def _kept(note: BackupNote) -> list[tuple[str, str]]:
    rows = []
    if note.is_whole:
        rows = [
            ("friend lists", f"{count(note.lists)} pulled, {count(note.failed)} failed"),
            ("friends kept", f"{count(note.friends)} ({decimal(note.bytes)})"),
        ]
    until = "no bound: `keep` in [backup] sets one"
    if note.kept_until is not None:
        until = f"{datetime.fromisoformat(note.kept_until):%Y-%m-%d %H:%M} UTC"
    return [*rows, ("may be kept until", until)]
