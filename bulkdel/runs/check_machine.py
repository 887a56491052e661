"""The preflight on this machine: the job, its input, its run directory, its secrets, the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.filesize import decimal

from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.job.job import Job
from bulkdel.job.secrets import read_secret
from bulkdel.job.signing_key import read_signing_key
from bulkdel.ledger.lock import holder
from bulkdel.plain import shape
from bulkdel.plan.cut import planned
from bulkdel.plan.input.sources import STDIN, SourceFile, WrongFile, find_sources
from bulkdel.plan.protect import protected_accounts, protected_digest
from bulkdel.plan.sample import FirstRows, sample_of
from bulkdel.report.checks import Check, crossed, good, skipped, warning
from bulkdel.report.doubts import (
    guards_that_guard_nobody,
    lookalikes_question,
    nameless_lookalike,
    warnings,
)
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.phrases import deed
from bulkdel.words import Operation

LINE_BYTES: Final = 240
"""Bytes of a ledger line without its ids: 194 on average over the demo's ledger, more with a longer
text or target name."""
PAIR_BYTES: Final = 40
"""Bytes of plan and journal for a pair, beside its ids: generous."""
_FILES_LOOKED: Final = 200
_FILES_SHOWN: Final = 20
_LINE: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsAhead:
    """What the inputs hold, as far as their heads tell."""

    pair: tuple[str, str | None] | None = None
    about: int = 0
    id_bytes: float = 0.0
    counted: bool = False


def look_at_job(job: Job) -> Iterator[Check]:
    """What the job file says, and what of it deserves a second look."""
    yield good("job file", f"{plain(job.name)} ({plain(str(job.source), _LINE)})")
    yield good("does", deed(job.operation, job.mode))
    for told in warnings(job):
        yield warning("mind", told.rstrip("."), "")
    yield from _guards(job)


def look_at_input(job: Job) -> tuple[tuple[Check, ...], RowsAhead]:
    """The input files, each by its head; and what they hold together."""
    if STDIN in job.input.files:
        return (skipped("input", "standard input is read by run alone"),), RowsAhead()
    try:
        sources = find_sources(job.input, job.run_dir)
    except BulkdelError as error:
        return (_unread(error),), RowsAhead()
    findings: list[Check] = []
    samples: list[FirstRows] = []
    for source in sources[:_FILES_LOOKED]:
        try:
            sample = sample_of(job, source)
        except BulkdelError as error:
            findings.append(_unread(error))
            continue
        samples.append(sample)
        findings.append(_seen(job, source, sample))
    crosses = [one for one in findings if one.mend]
    shown = (crosses + [one for one in findings if not one.mend])[:_FILES_SHOWN]
    if len(sources) > len(shown):
        more = counted(len(sources) - len(shown), "file")
        beside = "" if len(sources) <= _FILES_LOOKED else f"; the first {_FILES_LOOKED} looked at"
        shown.append(good("input", f"and {more} more{beside}"))
    odd = [one for sample in samples for one in sample.lookalikes]
    odd = odd if job.log_ids else list(map(nameless_lookalike, odd))
    if words := lookalikes_question(odd, where=" in the rows looked at"):
        shown.append(warning("ids", words, "plan counts all of them"))
    about = sum(sample.rows_about for sample in samples)
    about = round(about * len(sources) / max(1, min(len(sources), _FILES_LOOKED)))
    return tuple(shown), RowsAhead(
        pair=next((sample.pair for sample in samples if sample.pair), None),
        about=about,
        id_bytes=max((sample.id_bytes for sample in samples), default=0.0),
        counted=len(sources) <= _FILES_LOOKED and all(sample.whole for sample in samples),
    )


def working(job: Job) -> bool:
    """Whether a process works on the run now, so that its calls fill the rate."""
    try:
        return holder(job.run_dir) is not None
    except OSError:
        return False


def look_at_secret(job: Job, index: int) -> Check:
    """Whether a target's secret is there; never what it is."""
    target = job.targets[index]
    if target.secret is None:
        return skipped("secret", "the emulator has its own")
    where = target.secret.env or str(target.secret.file)
    try:
        read_secret(target)
    except WrongInput as error:
        mend = f"export {where}=..." if target.secret.env else "put the key into that file"
        return crossed("secret", error.what, f"{mend}, with the secret key of app {target.app_id}")
    return good("secret", f"is in {plain(where, _LINE)}")


def look_at_signing_key(job: Job) -> Iterator[Check]:
    """Whether the key is there that `seal` signs with, where one is named; never what it is."""
    if job.signing_key is None:
        return
    try:
        read_signing_key(job)
    except WrongInput as error:
        yield warning("signing key", plain(error.what, _LINE), f"seal needs it: {error.mend}")
    else:
        where = job.signing_key.env or str(job.signing_key.file)
        yield good("signing key", f"is in {plain(where, _LINE)}")


def look_at_disk(job: Job, rows: RowsAhead) -> Check:
    """Whether the ledger, the plan and the journal will have room."""
    about, id_bytes, known = rows.about, rows.id_bytes, rows.counted
    try:
        meta = planned(job.run_dir)
    except (BulkdelError, OSError):
        meta = None
    if meta is not None:
        about, known = meta.books.pairs, True
    if not about:
        return skipped("disk", "how much is needed is not known before the input is read")
    ledger = about * len(job.targets) * (LINE_BYTES + id_bytes)
    need = ledger + about * len(job.targets) * (PAIR_BYTES + id_bytes)
    there = job.run_dir
    try:
        there = next(one for one in (there, *there.parents) if one.exists())
        free = shutil.disk_usage(there).free
    except OSError as error:
        return crossed("disk", f"{there}: {error.strerror}", "put that right, or use --run-dir")
    nearly = "" if known else "about "
    words = (
        f"{decimal(free)} free; {nearly}{counted(about, 'row' if not known else 'pair')} need "
        f"some {decimal(round(need))}, {decimal(round(ledger))} of it the ledger"
    )
    if free < need:
        return crossed("disk", words, "free space there, or use run_dir on a larger disk")
    if free < 2 * need:
        return warning("disk", words, "there is little to spare")
    return good("disk", words)


def _guards(job: Job) -> Iterator[Check]:
    """What the guards are; and, where there is a plan, those that hold nothing of it back."""
    guards = job.guards
    try:
        accounts = protected_accounts(guards)
    except BulkdelError as error:
        yield crossed("guards", str(error), "correct the file, or the key")
        return
    words = [f"{counted(len(accounts), 'account')} protected"]
    words.append(
        "no max_pairs" if guards.max_pairs is None else f"at most {count(guards.max_pairs)} pairs"
    )
    if guards.max_failure_ratio is not None:
        words.append(f"stops when more than {guards.max_failure_ratio:g} of the pairs failed")
    yield good("guards", ", ".join(words))
    try:
        meta = planned(job.run_dir)
    except (BulkdelError, OSError):  # the run directory's own finding says so
        return
    if meta is not None and meta.fingerprint.protected_sha256 == protected_digest(accounts):
        for doubt in guards_that_guard_nobody(job, meta.books):
            yield warning("guards", doubt.rstrip("."), "")


def _unread(error: BulkdelError) -> Check:
    where = error.file if isinstance(error, WrongFile) else error.where
    what = f"{where}: {error.what}" if where else error.what
    mend = plain(error.mend, _LINE) or "correct it, or input.files"
    return crossed("input", plain(what, _LINE), mend)


def _seen(job: Job, source: SourceFile, sample: FirstRows) -> Check:
    name = plain(Path(source.name).name, 60)
    rows = counted(sample.rows_about, "row")
    words = f"{name}: {rows if sample.whole else 'about ' + rows}"
    if sample.pair is None:
        why = (
            ""
            if sample.first_bad is None
            else f"; line {sample.first_bad[0]}: {sample.first_bad[1]}"
        )
        if not sample.rows:
            return warning("input", f"{name}: a header and no rows", "is that the right file?")
        return crossed(
            "input",
            f"{name}: none of the first {counted(sample.rows, 'row')} can be sent{why}",
            "check input.from_field, input.to_field and input.format",
        )
    first, other = sample.pair
    if not job.log_ids:
        first, other = shape(first), other and shape(other)
    if job.operation is Operation.DELETE_FRIENDS and other is not None:
        words += f"; the first: {plain(first, 40)} -> {plain(other, 40)}"
    else:
        words += f"; the first: {plain(first, 40)}"
    if sample.first_bad is None:
        return good("input", words)
    line, reason = sample.first_bad
    return warning(
        "input",
        words,
        f"{sample.bad} of the first {sample.rows} rows are rejected (line {line}: {reason}); "
        "plan lists them all",
    )
