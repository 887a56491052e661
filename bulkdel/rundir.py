"""The run directory itself: made where it is missing, and looked at before anything is done in it.

Nothing that was there is changed: neither its mode nor its files. It is empty, or holds a run.
"""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import NEW_RUN, WrongInput

_RUNS: Final = frozenset({files.PLAN, files.JOURNAL, files.LEDGER, files.CUT, files.SEALED})
"""A directory with one of these holds a run; whether it is of this job, they say themselves."""
_TOLERATED: Final = frozenset(
    {"lost+found", ".snapshot", ".gitkeep", ".gitignore", ".keep", ".DS_Store"}
)
"""What file systems and people put into a directory that they call empty."""
_TOLERATED_STARTS: Final = ("..", ".nfs", ".fuse_hidden")
_NAMED: Final = 3
_NOTE_MOST: Final = 256
_WAY_OUT: Final = "put that right or use --run-dir"
_GO_ON: Final = f"put that right, and the run in it goes on; or {NEW_RUN}"


def placed(run_dir: Path) -> Path:
    """The directory's whole path. Links above it are followed; whether it is one stays to be seen.

    Raises:
        WrongInput: there can be no such path.
    """
    whole = run_dir.absolute()
    try:
        return whole.parent.resolve() / whole.name
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise cannot(whole, "cannot be looked for", error) from error


def holds_run(run_dir: Path) -> bool:
    """Whether a run lies there, of whatever job. Follows no link to a file of it.

    Raises:
        WrongInput: it cannot be looked at.
    """
    try:
        return any(_is_there(run_dir / name) for name in _RUNS)
    except OSError as error:
        raise cannot(run_dir, "cannot be looked at", error) from error


def refuse_sealed(run_dir: Path) -> None:
    """Return if the run there was not sealed.

    Raises:
        WrongInput: it was, so nothing of it goes on.
    """
    try:
        sealed = (run_dir / files.SEALED).is_dir()
    except OSError:  # whoever opens a file there says it better
        return
    if sealed:
        raise WrongInput(
            "this run was sealed, so nothing of it goes on",
            where=run_dir,
            mend="`bulkdel verify` checks it, `bulkdel seal` removes what is left of its own files;"
            " begin a new run with --run-dir",
        )


def has_sides(run_dir: Path) -> bool:
    """Whether a run beside the run in `run_dir` was begun, and so calls may have left."""
    sides = (files.BACKUP, files.CANARY, files.VERIFICATION, files.UNDO)
    return any((run_dir / side).is_dir() for side in sides)


def sides(run_dir: Path) -> tuple[str, ...]:
    """The folders of all runs beside the run in `run_dir`, as paths from there, in their order.

    Raises:
        WrongInput: the directory cannot be looked at.
    """
    try:
        found = [at for name in _names(run_dir) for at in (name, *_inner(run_dir, name))]
        return tuple(at for at in found if any(_is_there(run_dir / at / one) for one in _RUNS))
    except OSError as error:
        raise cannot(run_dir, "cannot be looked at", error) from error


def _names(run_dir: Path) -> list[str]:
    """The folders that runs beside a run may have: `verification`, `verification-2` and so on."""
    kinds = (files.BACKUP, files.CANARY, files.VERIFICATION, files.UNDO)
    with files.scanned(str(run_dir)) as entries:
        parts = [entry.name.partition("-") for entry in entries]
    numbered = [
        (kinds.index(kind), int(number or 1), kind + dash + number)
        for kind, dash, number in parts
        if kind in kinds and (number.isdecimal() if dash else not number)
    ]
    return [name for _, _, name in sorted(numbered)]


def _inner(run_dir: Path, name: str) -> list[str]:
    """The folders in such a folder: what one kind of run does in several steps."""
    if not _is_folder(run_dir / name):
        return []
    with files.scanned(str(run_dir / name)) as entries:
        return sorted(f"{name}/{entry.name}" for entry in entries if entry.is_dir())


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def prepare(run_dir: Path) -> tuple[str, ...]:
    """Make the directory where it is missing, its parents too, 0700; what there is to warn of.

    Raises:
        WrongInput: it cannot be made or written, or holds something else than a run of this user.
    """
    make(run_dir)
    return look(run_dir)


def look(run_dir: Path) -> tuple[str, ...]:
    """What `prepare` would say, without making anything.

    Raises:
        WrongInput: as `prepare`.
    """
    try:
        status = _stat(run_dir)
        if status is None:
            _look_above(run_dir)
            return ()
        return _look_inside(run_dir, status)
    except (OSError, ValueError) as error:
        raise cannot(run_dir, "cannot be looked at", error) from error


def make(run_dir: Path) -> None:
    """Make the directory and what is missing above it, 0700 whatever the umask, durably.

    Raises:
        WrongInput: it cannot be made.
    """
    try:
        _make(run_dir)
    except (OSError, ValueError) as error:
        raise cannot(run_dir, "cannot be made", error) from error


def _make(folder: Path) -> None:
    missing = []
    while not _is_folder(folder):
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        try:
            one.mkdir(mode=0o700)
        except FileExistsError:  # another process was faster, or it is a link to nothing
            if not one.is_dir():
                raise
        files.sync_folder(one.parent)


def cannot(run_dir: Path, what: str, error: Exception) -> WrongInput:
    """The sentence for a directory that is of no use, with the system's reason."""
    if isinstance(error, NotADirectoryError | FileExistsError):
        return _useless(run_dir, "is not a directory")
    why = files.reason(error) if isinstance(error, OSError) else str(error)
    return _useless(run_dir, f"{what} ({why})")


def _useless(run_dir: Path, what: str, mend: str = "") -> WrongInput:
    return WrongInput(what, where=f"run_dir {run_dir}", mend=mend or _way_out(run_dir))


def _way_out(run_dir: Path) -> str:
    """What to do about a directory of no use: a run that lies in it is to go on, not begin anew."""
    try:
        held = any(_is_there(run_dir / name) for name in _RUNS)
    except (OSError, ValueError):
        held = False
    return _GO_ON if held else _WAY_OUT


def _stat(folder: Path) -> os.stat_result | None:
    try:
        return folder.stat()
    except FileNotFoundError:
        if folder.is_symlink():
            raise NotADirectoryError from None
        return None


def _is_folder(folder: Path) -> bool:
    """Whether it is there; what is there and no folder is an error."""
    status = _stat(folder)
    if status is not None and not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError
    return status is not None


def _look_above(run_dir: Path) -> None:
    """Whether a directory that is missing can be made."""
    there = run_dir.parent
    while not _is_folder(there):
        there = there.parent
    longest = max(len(os.fsencode(part)) for part in run_dir.relative_to(there).parts)
    if longest > os.pathconf(there, "PC_NAME_MAX"):
        raise _useless(run_dir, "cannot be made (File name too long)")
    if why := _unwritable(there):
        raise _useless(run_dir, f"cannot be made, since {there} {why}")


def _look_inside(run_dir: Path, status: os.stat_result) -> tuple[str, ...]:
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError
    link = run_dir.lstat()
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, os.geteuid()):
        what = f"is a link that somebody else made (user id {link.st_uid})"
        raise _useless(run_dir, what, "name the directory itself, or use --run-dir")
    if why := _unwritable(run_dir):
        raise _useless(run_dir, why)
    for name in files.WORKED_WITH:
        files.claim(run_dir / name)
    _claim_folder(run_dir / files.WORKSHOP, "planning needs that name")
    _claim_folder(run_dir / files.SHARDS, "shards are kept under that name")
    _refuse_strangers(run_dir)
    return _warnings(run_dir, status)


_BEFORE_A_RUN: Final = (files.LOCK, files.LOG, files.WORKSHOP, files.SHARDS)
"""What planning leaves that is killed; whoever is killed next may have just emptied the lock."""


def _refuse_strangers(run_dir: Path) -> None:
    """Refuse a directory that is neither empty nor holds a run."""
    note = _lock_note(run_dir / files.LOCK)
    if note or any(os.path.lexists(run_dir / name) for name in _RUNS):
        return
    with files.scanned(str(run_dir)) as entries:
        names = (entry.name for entry in entries if not _is_tolerated(entry.name))
        strangers = (name for name in names if note is None or name not in _BEFORE_A_RUN)
        named = sorted(islice(strangers, _NAMED))
    if named:
        raise _useless(
            run_dir,
            f"holds {', '.join(named)} and no run of bulkdel",
            "name a directory that is new or empty with run_dir or --run-dir",
        )


def _lock_note(lock: Path) -> bytes | None:
    """The last holder's note, empty if it was killed before; None without a lock file of ours."""
    try:
        with files.open_to_read(lock) as file:
            note = file.read(_NOTE_MOST)
    except (OSError, WrongInput):
        return None
    return note if not note or note.startswith(b'{"pid":') else None


def _is_tolerated(name: str) -> bool:
    return name in _TOLERATED or name.startswith(_TOLERATED_STARTS)


def _claim_folder(folder: Path, why: str) -> None:
    """Planning empties it, so it must be ours and no link to elsewhere."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode) or not files.is_ours(status, folder.parent):
        raise WrongInput(
            f"{folder} is no directory of this user's own, and {why}",
            mend="remove it, or use --run-dir",
        )


def _warnings(run_dir: Path, status: os.stat_result) -> tuple[str, ...]:
    if status.st_uid != os.geteuid():
        whose = f"belongs to somebody else (user id {status.st_uid})"
    elif status.st_mode & 0o022:
        whose = "can be written by others"
    else:
        return ()
    words = "and is not closed to others: who can write there can end the run, or remove its files"
    return (f"{run_dir} {whose} {words}",)


def _unwritable(folder: Path) -> str:
    if files.may(folder, os.R_OK | os.W_OK | os.X_OK):
        return ""
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    return f"cannot be written ({'Read-only file system' if read_only else 'Permission denied'})"
