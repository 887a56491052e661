"""The work of `seal`: a finished run becomes what may be kept for years, and the rest is removed.

    ledgers ─▶ .sealing/ (lines, index, key, statement, signature), synced ─▶ read back and judged
                                                  └─▶ named sealed/ ─▶ the run's own files removed

The name is what decides: before it the run is as it was, after it nothing of the run goes on, and
the same command removes what is left. What is removed is unlinked; what a file system or its copies
keep of it is theirs.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson

from bulkdel import files
from bulkdel.errors import Corrupt, WrongInput
from bulkdel.evidence import pseudonyms, signing
from bulkdel.evidence.lines import Lines, write_lines
from bulkdel.evidence.sealed import SealedRun, faults, index_path, open_sealed
from bulkdel.evidence.statement import (
    STATEMENT_VERSION,
    StatedCheck,
    StatedRequest,
    StatedRows,
    StatedTarget,
    Statement,
    statement_text,
)
from bulkdel.job.job import Job
from bulkdel.ledger.lock import hold
from bulkdel.report.beside import SideStatus, undo_of, verification_of
from bulkdel.report.bound import bound_of
from bulkdel.report.deadline import request_values
from bulkdel.report.figures import counted, stamp
from bulkdel.report.status import State, Status
from bulkdel.report.version import version
from bulkdel.runs.seams import Say
from bulkdel.runs.shards import refuse_sent
from bulkdel.runs.status import look
from bulkdel.runs.verification import finished_verification

_TEXTS_MOST: Final = 50
"""Different texts of the provider that may stay; what varies more than that names something."""
_TEXT_LONGEST: Final = 256
_ID_LONGEST: Final = 48
"""Characters of an id of 32 bytes, folded: two bytes become three at the worst."""
_SAID_EVERY: Final = 1_000_000
_LEFT_OPEN: Final = (
    "`bulkdel run` ends what a killed process left; `bulkdel verify` says what is wrong"
)
LIMITS: Final = (
    "That nobody has made a friendship again since: only a new look at the provider can tell.",
    "What the provider keeps in its own logs and backups.",
    "Which account a pseudonym stands for: only who holds sealed.key can tell that.",
    "Files that were exported from the run, its input, and copies of it elsewhere.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What is going to be done, for a person to agree to.

    Attributes:
        kept: friends whose data a backup holds that will be destroyed; 0 where there is none.
        kept_until: until when it was to be kept, in words; empty where nobody said.
        unverified: why the latest verification is not sealed with it; empty where it is.
    """

    status: Status
    kept: int
    kept_until: str
    unverified: str


def seal_run(job: Job, *, agree: Callable[[Sealing], None], say: Say) -> SealedRun:
    """Seals the run of a job, or goes on where that was interrupted.

    Args:
        job: whose run.
        agree: asks whether it may be done; raises if not. Not asked where the run is sealed, and
            only its files are to be removed.
        say: is told what takes time.

    Raises:
        Busy: a process works in the run directory.
        WrongInput: there is no finished run, no key to sign with, or a file cannot be written.
        Corrupt: what was written is not what is read back, or was changed since; nothing more was
            removed.
    """
    folder = job.run_dir / files.SEALED
    if not job.run_dir.is_dir():
        raise WrongInput("there is no run, so there is nothing to seal", where=job.run_dir)
    with hold(job.run_dir, sealed=True):
        refuse_sent(job)
        if os.path.lexists(folder):
            _judge_again(job, folder, say)
        else:
            private = _private(job)
            _write(job, private, agree, say)
        sealed = open_sealed(folder)
        remove_run(job.run_dir)
    return sealed


def _judge_again(job: Job, folder: Path, say: Say) -> None:
    """Returns if what was sealed before is whole, so that what is left of the run may go."""
    if folder.is_symlink():
        raise WrongInput("is a link, and never made by `bulkdel seal`", where=folder)
    sealed = open_sealed(folder)
    if sealed.statement.job != job.name:
        what = f"is of another job, {sealed.statement.job}; nothing was removed"
        raise WrongInput(what, where=folder, mend="put it where it belongs")
    public = None if job.signing_key is None else signing.public_half(_private(job))
    if wrong := faults(sealed, public, say):
        mend = "restore it from a copy, then run the same command again"
        raise Corrupt(f"{wrong[0]}; nothing more was removed", where=folder, mend=mend)


def remove_run(run_dir: Path) -> None:
    """Removes every file of a run that may hold an account id; the run is sealed."""
    names = {
        *(set(files.WORKED_WITH) - {files.LOCK}),
        *(files.STATUS, files.SOCKET, files.PAGE, files.FIGURES, files.CANARY_NOTE, files.AGREED),
        files.LOG_KEY,
        *(files.CUT, files.SHARDS, files.WORKSHOP, files.SEALING),
    }
    sides = (files.BACKUP, files.VERIFICATION, files.UNDO, files.CANARY)
    start, *ends = files.REHEARSAL
    with files.scanned(str(run_dir)) as entries:
        for entry in list(entries):
            first, dash, number = entry.name.partition("-")
            side = first in sides and (not dash or number.isdecimal())
            whole = entry.name
            if whole.endswith(".tmp"):  # of a process that was killed, whose number stands there
                whole = whole.removesuffix(".tmp").rpartition(".")[0]
            rehearsal = whole.startswith(start) and whole.endswith(tuple(ends))
            if not (whole in names or side or rehearsal):
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()
    files.sync_folder(run_dir)


def _private(job: Job) -> bytes:
    from bulkdel.job.signing_key import read_signing_key

    return read_signing_key(job)


def _write(job: Job, private: bytes, agree: Callable[[Sealing], None], say: Say) -> None:
    status = look(job, held=True)
    check = _ready(job, status)
    agree(_sealing(status, check))
    making = job.run_dir / files.SEALING
    shutil.rmtree(making, ignore_errors=True)  # of a sealing that was killed
    making.mkdir(mode=0o700)
    key = pseudonyms.new_key()
    names = pseudonyms.Pseudonyms(key)
    parts = _parts(job)
    said = _names_elsewhere(job)
    ledgers = [part / files.LEDGER for part in parts]
    wanted = sum(target.counters.settled for target in status.targets)
    lines = seal_lines(ledgers, making / files.LEDGER, names, said, say)
    if lines.count != wanted:
        what = f"the ledger has {lines.count:,} lines, and {wanted:,} pairs are settled"
        raise Corrupt(what, where=job.run_dir, mend=_LEFT_OPEN)
    checked = None
    if check is not None:
        asked = [part / check.folder / files.LEDGER for part in parts]
        checked = seal_lines(asked, making / files.SEALED_VERIFICATION, names, said, say)
    statement = statement_text(_statement(job, status, lines, check, checked, key=key))
    for name, content in (
        (files.SEALED_KEY, pseudonyms.key_text(key)),
        (files.STATEMENT, statement),
        (files.SIGNATURE, signing.sign(private, statement)),
    ):
        files.replace(making / name, content)
    sealed = open_sealed(making)
    if wrong := faults(sealed, signing.public_half(private), say):
        mend = "nothing was removed; look at the disk, then run the same command again"
        raise Corrupt(f"what was written is not what is read back: {wrong[0]}", mend=mend)
    making.rename(job.run_dir / files.SEALED)
    files.sync_folder(job.run_dir)


def _ready(job: Job, status: Status) -> SideStatus | None:
    """The verification that is sealed with the run, if there is one.

    Raises:
        WrongInput: the run cannot be sealed.
    """
    undo = undo_of(status.beside.sides)
    if status.state is State.RUNNING:
        raise WrongInput("a process works on the run", where=job.run_dir, mend="wait for its end")
    if status.unsettled and undo is None:
        left = counted(status.unsettled, "pair")
        raise WrongInput(
            f"{left} have no final status, so there is nothing to seal yet",
            where=job.run_dir,
            mend="`bulkdel run` goes on with them, `bulkdel close` gives them up",
        )
    if undo is not None and not undo.is_finished:
        raise WrongInput(
            f"its undo is not finished: {undo.unsettled:,} are not back yet",
            where=job.run_dir,
            mend="`bulkdel undo` goes on with it",
        )
    return finished_verification(job)


def _sealing(status: Status, check: SideStatus | None) -> Sealing:
    note = status.beside.backup
    living = note is not None and note.state != "destroyed"
    there = verification_of(status.beside.sides)
    unverified = "" if check else "nobody has asked the providers whether it is gone"
    if there is not None and there.has_begun and (check is None or there.folder != check.folder):
        unverified = f"{there.folder}/ is not finished, so it is left out and removed"
        if check is not None:
            unverified += f", and {check.folder}/ is sealed"
    return Sealing(
        status=status,
        kept=note.friends if note is not None and living else 0,
        kept_until=(note.kept_until or "") if note is not None and living else "",
        unverified=unverified,
    )


def _parts(job: Job) -> list[Path]:
    """The run directories whose ledgers are the run's, in order."""
    from bulkdel.plan.cut import read_cut, shard_dir

    cut = read_cut(job.run_dir)
    return [job.run_dir] if cut is None else [shard_dir(job, one) for one in cut.shards]


def _names_elsewhere(job: Job) -> tuple[str, ...]:
    """Accounts that texts must not hold, though no line need name them."""
    admins = (target.admin for target in job.targets if target.admin)
    return tuple(dict.fromkeys((*admins, *job.guards.protect)))


def seal_lines(
    ledgers: Sequence[Path],
    out: Path,
    names: pseudonyms.Pseudonyms,
    others: Sequence[str],
    say: Say,
) -> Lines:
    """Writes the lines of these ledgers without account ids, and their index; synced.

    A text of the provider stays only where no account of any line, nor of `others`, stands in it.
    """
    texts = _texts(ledgers)

    def says(count: int) -> None:
        if count and count % _SAID_EVERY == 0:
            say(f"{count:,} lines sealed ...")

    texts -= _held(texts, ledgers, others)
    sealed = (names.sealed(line, texts) for line in _lines(ledgers))
    return write_lines(sealed, out, index_path(out), says=says)


def _held(texts: set[str], ledgers: Sequence[Path], others: Sequence[str]) -> set[str]:
    """Those that hold an account of a line, or one of these, in any capitals, also in percents."""
    texts_of: dict[str, set[str]] = {}
    for text in texts:
        for folded in {text.casefold(), unquote(text).casefold()}:
            for begin in range(len(folded)):
                for end in range(begin + 1, min(len(folded), begin + _ID_LONGEST) + 1):
                    texts_of.setdefault(folded[begin:end], set()).add(text)
    found: set[str] = set()
    for account in others:
        found |= texts_of.get(account.casefold(), set())
    for line in _lines(ledgers) if texts_of else ():
        values: dict[str, Any] = orjson.loads(line)
        for name in pseudonyms.ACCOUNT_KEYS:
            if isinstance(named := values.get(name), str):
                found |= texts_of.get(named.casefold(), set())
    return found


def _texts(ledgers: Sequence[Path]) -> set[str]:
    """The different texts that lines hold, up to _TEXTS_MOST; long ones are none of them."""
    texts: set[str] = set()
    for line in _lines(ledgers):
        if b'"info":""' in line:
            continue
        text = orjson.loads(line).get("info", "")
        if len(text) <= _TEXT_LONGEST and (text in texts or len(texts) < _TEXTS_MOST):
            texts.add(text)
    return texts


def _lines(ledgers: Sequence[Path]) -> Iterator[bytes]:
    return chain.from_iterable(_lines_of(path) for path in ledgers)


def _lines_of(path: Path) -> Iterator[bytes]:
    if not files.is_there(path):
        return
    with files.open_to_read(path) as file:
        for line in file:
            yield line.removesuffix(b"\n")


def _statement(
    job: Job,
    status: Status,
    lines: Lines,
    check: SideStatus | None,
    checked: Lines | None,
    *,
    key: bytes,
) -> Statement:
    named = {target.name: target for target in job.targets}
    undo = undo_of(status.beside.sides)
    ended = status.last.ended_ms if status.last else None
    return Statement(
        version=STATEMENT_VERSION,
        run=uuid.uuid4().hex,
        job=job.name,
        operation=status.operation,
        mode=status.mode,
        orient=status.orient.value,
        bulkdel=version(),
        targets=tuple(
            StatedTarget(
                name=one.name,
                provider=named[one.name].provider,
                app_id=named[one.name].app_id,
                region=named[one.name].region,
                pairs=one.counters.settled,
                deleted=one.counters.deleted,
                already_gone=one.counters.already_gone,
                failed=one.counters.failed,
            )
            for one in status.targets
        ),
        rows=StatedRows(
            read=status.rows.read,
            pairs=status.rows.pairs,
            duplicates=status.rows.duplicates,
            rejected=status.rows.rejected,
            protected=status.rows.protected,
        ),
        request=_request(job),
        began_at=None if status.began_ms is None else stamp(status.began_ms),
        ended_at=None if ended is None else stamp(ended),
        sealed_at=stamp(time.time_ns() // 1_000_000),
        lines=lines.count,
        merkle_root=lines.root,
        index_sha256=lines.index_sha256,
        key_sha256=pseudonyms.key_sha256(key),
        verification=() if check is None else tuple(_checks(check)),
        verified_at=None if check is None or check.ended_ms is None else stamp(check.ended_ms),
        verification_lines=None if checked is None else checked.count,
        verification_merkle_root=None if checked is None else checked.root,
        verification_index_sha256=None if checked is None else checked.index_sha256,
        undone=0 if undo is None else undo.count("restored"),
        limits=LIMITS,
    )


def _request(job: Job) -> StatedRequest:
    return StatedRequest(**(request_values(job.request) or {}))


def _checks(check: SideStatus) -> Iterator[StatedCheck]:
    for target, population in zip(check.targets, check.origin.population, strict=True):
        of = target.by_status(check.errand)
        bad = of["remains"] + of["unknown"]
        bound = bound_of(population, target.pairs, bad) if 0 < target.pairs < population else None
        yield StatedCheck(
            target=target.name,
            pairs=population,
            asked=target.pairs,
            seed=check.origin.seed,
            gone=of["gone"],
            remains=of["remains"],
            unknown=of["unknown"],
            share_most=bound.share if bound else bad / population if population else 0.0,
            pairs_most=bound.pairs if bound else bad,
        )
