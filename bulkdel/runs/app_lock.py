"""One app, one sender: on one machine no two runs send to the same app at once.

A file for each app that is being sent to, in a directory of this user's, shared (flock) by all
processes of one run. Who is first writes the run into it, holding it alone, and shares it then; who
shares it looks whose it is. It can be written by nobody as long as anybody shares it, so all who
share it are of one run. The kernel lets go however a process ends; a file that is left behind means
nothing, and is removed by whoever passes by.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files
from bulkdel.errors import Busy, WrongInput
from bulkdel.job.job import Target
from bulkdel.plain import storable
from bulkdel.report.figures import plain

_PATIENCE_S: Final = 1.0
_PAUSE_S: Final = 0.02
_LEFT_FOR_S: Final = 86_400.0
_NOTE_MOST: Final = 8192


@contextmanager
def one_sender(
    targets: Sequence[Target], run_dir: Path, warn: Callable[[str], None]
) -> Iterator[None]:
    """Within it no other run of this machine's user sends to the apps of these targets.

    The emulator inside a process is no app. Where there is no place for such files, `warn` hears of
    it once, and nothing is kept out.

    Args:
        targets: that are sent to.
        run_dir: of the run, or of a shard of it: all shards of a run are one sender.
        warn: takes one sentence, without its end.

    Raises:
        Busy: another run sends to one of them; says which.
    """
    whole = run_dir.parent.parent if run_dir.parent.name == files.SHARDS else run_dir
    named = {_name(target): target for target in targets if target.address is not None}
    with ExitStack() as stack:
        try:
            folder = _folder()
            _sweep(folder)
            for name, target in sorted(named.items()):
                stack.enter_context(_held(folder / name, target, storable(str(whole.resolve()))))
        except Busy:
            raise
        except (OSError, WrongInput) as error:
            why = files.reason(error) if isinstance(error, OSError) else str(error)
            warn(f"nothing keeps another run from sending to the same app meanwhile: {why}")
        yield


def _name(target: Target) -> str:
    app = f"{target.provider} {target.address} {target.app_id}"
    return hashlib.sha256(app.encode()).hexdigest()[:32]


def _folder() -> Path:
    """The directory, by the user alone: whatever variables a shell or a timer sets, it is one."""
    user = os.geteuid()
    with suppress(OSError, WrongInput, KeyError):
        home = Path(pwd.getpwuid(user).pw_dir)
        if home.is_dir():
            return _ours(home / ".local" / "state" / "bulkdel")
    return _ours(Path(tempfile.gettempdir(), f"bulkdel-{user}"))


def _ours(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise WrongInput(f"{folder} is no directory that only this user can write")
    if not files.may(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written")
    return folder


def _sweep(folder: Path) -> None:
    """Remove what processes left that were killed, once it is old."""
    old = time.time() - _LEFT_FOR_S
    with files.scanned(str(folder)) as entries:
        for entry in entries:
            with suppress(OSError, WrongInput):
                if entry.stat(follow_symlinks=False).st_mtime < old:
                    path = folder / entry.name
                    _let_go(path, files.open_for_work(path, os.O_RDWR))


@contextmanager
def _held(path: Path, target: Target, run: str) -> Iterator[None]:
    descriptor = _shared(path, target, run)
    try:
        yield
    finally:
        _let_go(path, descriptor)


def _shared(path: Path, target: Target, run: str) -> int:
    """The file, shared with processes of `run` alone."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        descriptor = files.open_for_work(path, os.O_RDWR | os.O_CREAT)
        try:
            whose, pid = _try(path, descriptor, run)
        except BaseException:
            files.close(descriptor)
            raise
        if whose == run:
            return descriptor
        files.close(descriptor)
        if whose or time.monotonic() >= give_up:
            other = f"the run in {plain(whose)} (process {pid})" if whose else "another run"
            raise Busy(
                f"{other} sends to this app, and an app has one sender at a time, since its rate "
                "would not hold; nothing was sent",
                where=f"targets.{target.name}",
                mend="wait for it or stop it, then run the same command again",
            )
        time.sleep(_PAUSE_S)


def _try(path: Path, descriptor: int, run: str) -> tuple[str, int]:
    """Whose the file is, which is shared then, and its process; "" to be tried once more."""
    if _locked(descriptor, fcntl.LOCK_EX) and _is_named(path, descriptor):
        os.ftruncate(descriptor, 0)
        files.write_at(descriptor, orjson.dumps({"run": run, "pid": os.getpid()}), 0)
    if not _locked(descriptor, fcntl.LOCK_SH) or not _is_named(path, descriptor):
        return "", 0
    try:
        note = orjson.loads(files.read_at(descriptor, _NOTE_MOST, 0))
        return str(note["run"]), int(note["pid"])
    except (ValueError, KeyError, TypeError):
        return "", 0


def _let_go(path: Path, descriptor: int) -> None:
    """Close the file, and remove it if nobody has it any more."""
    with suppress(OSError):
        if _locked(descriptor, fcntl.LOCK_EX) and _is_named(path, descriptor):
            path.unlink()
    files.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_named(path: Path, descriptor: int) -> bool:
    """Whether whoever opens `path` opens this file: it may have been removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
