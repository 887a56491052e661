"""The files of a run: their names, and the doors through which they are opened and replaced.

Whoever can write in a run directory can put a link, a FIFO or a file of their own where a file of
the run is expected. So a file that is worked with must be a regular file of this user's with one
name, and no link is followed to it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from bulkdel.errors import NEW_RUN, WrongInput

LOCK: Final = "lock"
JOURNAL: Final = "journal.db"
LEDGER: Final = "ledger.jsonl"
LOG: Final = "run.log"
LOG_KEY: Final = "log.key"
"""The key of the pseudonyms in logs and on screens."""
PLAN: Final = "plan.parquet"
REJECTS: Final = "rejects.jsonl"
STDIN_COPY: Final = "stdin.data"
RATES: Final = "rates.json"
STATUS: Final = "status.json"
SOCKET: Final = "control.sock"
PAGE: Final = "report.html"
FIGURES: Final = "report.json"
WORKSHOP: Final = ".planning"
BACKUP: Final = "backup"
VERIFICATION: Final = "verification"
UNDO: Final = "undo"
CANARY: Final = "canary"
FRIENDS: Final = "friends.jsonl.zst"
BACKUP_OTHERS: Final = f"{BACKUP}/others"
"""Of a backup for a run that clears lists both ways: the lists of those who are on them."""
BACKUP_NOTE: Final = "backup.json"
CANARY_NOTE: Final = "canary.json"
AGREED: Final = "agreed.json"
CUT: Final = "shards.json"
SHARDS: Final = "shards"
SEALED: Final = "sealed"
SEALING: Final = ".sealing"
"""What is to be sealed/ once it is whole and was checked."""
SEALED_KEY: Final = "sealed.key"
STATEMENT: Final = "statement.json"
SIGNATURE: Final = "statement.sig"
SEALED_VERIFICATION: Final = "verification.jsonl"
INDEX_SUFFIX: Final = ".index"
REHEARSAL: Final = ("rehearsal-", ".json", ".left")
"""How the name of one begins, and its two ends."""

JOURNAL_FILES: Final = (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm", f"{JOURNAL}-journal")
"""What SQLite opens by name."""
WORKED_WITH: Final = (LOCK, *JOURNAL_FILES, LEDGER, LOG, PLAN, REJECTS, STDIN_COPY, RATES, CUT)
"""The files that a working process opens. The report is only ever replaced."""

_GUARDED: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_UNSYNCED: Final = frozenset(
    {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM}
)
"""What file systems answer on which a folder cannot be synced, or not be opened to that end."""


def open_for_work(path: Path, flags: int) -> int:
    """A descriptor of a file that this process works with; O_CREAT makes it 0600.

    Raises:
        WrongInput: it is no regular file of this user's with one name; nothing was opened.
        OSError: it cannot be opened, or is not there.
    """
    claim(path)  # before: opening a device or a FIFO may do something
    descriptor = os.open(path, flags | _GUARDED, 0o600)
    try:
        _refuse_strange(path, os.fstat(descriptor))  # after: this is what was opened
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def claim(path: Path) -> None:
    """Return if the file may be worked with, or is not there.

    Raises:
        WrongInput: it is no regular file of this user's with one name.
        OSError: it cannot be looked at.
    """
    with suppress(FileNotFoundError):
        _refuse_strange(path, path.lstat())


def open_to_read(path: Path) -> BufferedReader:
    """The file, whoever owns it, for commands that only read.

    Raises:
        WrongInput: this user may not read it, or it is no regular file.
        OSError: it cannot be opened, or is not there.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except PermissionError as error:
        raise unreadable(path) from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            _refuse_to_read(path, path.stat())
        raise
    try:
        _refuse_to_read(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def is_there(path: Path) -> bool:
    """Whether the file is there, and then that it can be read.

    Never to be asked of a file that SQLite has open: closing it here lets go of SQLite's locks.

    Raises:
        WrongInput: this user may not read it, or it is no regular file.
        OSError: it cannot be opened.
    """
    try:
        open_to_read(path).close()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def close(descriptor: int) -> None:
    """Let go of a file of which nothing is lost if that fails: what matters in it is synced."""
    with suppress(OSError):
        os.close(descriptor)


def read_at(descriptor: int, length: int, offset: int) -> bytes:
    """`length` bytes from `offset` on, fewer only where the file ends: the system may give less."""
    pieces = []
    while length and (piece := os.pread(descriptor, length, offset)):
        pieces.append(piece)
        length -= len(piece)
        offset += len(piece)
    return b"".join(pieces)


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data` from `offset` on: the system may take less at a time."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A new file that takes the name `path` at the end of a with block, or vanishes.

    It is made 0600 under another name in the same folder. Whoever reads `path` finds what was there
    before or all of the new content, also after a power cut where it is to be `durable`; what stood
    there is replaced, a link too, and never followed.

    Raises:
        OSError: it cannot be written; what was there is untouched.
    """
    made = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    made.unlink(missing_ok=True)  # of a killed process that had this number
    descriptor = os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL | _GUARDED, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            if durable:
                os.fsync(out.fileno())
        made.replace(path)
    except BaseException:
        with suppress(OSError):
            made.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def replace(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Give the file this content; see `replacing`."""
    with replacing(path, durable=durable) as out:
        out.write(content)


def publish(made: Path, path: Path) -> None:
    """Give a finished file of ours the name `path`, 0600, durably.

    Raises:
        OSError: it cannot be done; what was there is untouched.
    """
    descriptor = os.open(made, os.O_RDONLY | _GUARDED)
    try:
        os.fchmod(descriptor, 0o600)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    made.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where its file system can do that.

    Raises:
        OSError: it failed.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            close(descriptor)
    except OSError as error:
        if error.errno not in _UNSYNCED:
            raise


def scanned(folder: str) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
    """What lies in a folder, as os.scandir, which does not ask again where it was interrupted.

    Raises:
        OSError: it cannot be listed.
    """
    while True:
        try:
            return os.scandir(folder)
        except InterruptedError:
            continue


def unreadable(path: Path) -> WrongInput:
    """The sentence for a user who may not read `path`."""
    return WrongInput(
        f"{path} is readable by its owner only; run this as that user, or have it opened to you"
    )


def reason(error: OSError) -> str:
    """What the system said, in its own words."""
    return error.strerror or str(error) or type(error).__name__


def may(path: Path, access: int) -> bool:
    """Whether this user may do that (os.R_OK, os.W_OK, os.X_OK, or several) with what is there.

    Raises:
        OSError: what is there cannot be looked at; Python's own answer would be no.
    """
    if os.access(path, access, effective_ids=os.access in os.supports_effective_ids):
        return True
    path.stat()
    return False


def is_ours(status: os.stat_result, folder: Path) -> bool:
    """Whether a file found in `folder` belongs to this user.

    Some mounts (CIFS, vfat) give all files to one user, whoever makes them: there a file is ours
    if a file that we make belongs to the same.
    """
    return status.st_uid == os.geteuid() or status.st_uid == _given_to(folder)


def _given_to(folder: Path) -> int | None:
    """The user to whom this file system gives what we make in `folder`; None if it cannot be."""
    trial = folder / f".owner.{os.getpid()}.tmp"
    try:
        descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _GUARDED, 0o600)
        try:
            return os.fstat(descriptor).st_uid
        finally:
            os.close(descriptor)
            trial.unlink()
    except OSError:
        return None


def _refuse_strange(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = f"is {_kind(status)}"
    elif not is_ours(status, path.parent):
        what = f"belongs to somebody else (user id {status.st_uid})"
    elif status.st_nlink > 1:
        what = "has a second name (a hard link)"
    else:
        return
    raise WrongInput(
        f"{path} {what}: it is not opened, since a file of the run must be a file of this user's "
        "own",
        mend=f"put it right, or {NEW_RUN}",
    )


def _refuse_to_read(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise WrongInput(f"{path} is {_kind(status)}, and no file of a run: it is not read")


def _kind(status: os.stat_result) -> str:
    kinds = {
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFDIR: "a directory",
        stat.S_IFSOCK: "a socket",
        stat.S_IFREG: "a file",
    }
    return kinds.get(stat.S_IFMT(status.st_mode), "a device")
