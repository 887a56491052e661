"""Every file of a run goes through doors that open nothing strange and follow nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bulkdel import files, rundir
from bulkdel.errors import WrongInput
from tests.support.planting import KINDS, plant

SOMEBODY = 12345


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A directory that holds a run, as far as its lock tells."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    (folder / files.LOCK).write_bytes(b'{"pid":1,"started_ms":1}\n')
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", files.WORKED_WITH)
def test_nothing_strange_is_a_file_of_a_run(run_dir: Path, name: str, kind: str) -> None:
    """Whatever the file and whatever stands there: it is named, and neither opened nor changed."""
    victim = run_dir.parent / "victim"
    victim.write_bytes(b"kept")
    plant(run_dir / name, kind, victim)
    for door in (
        lambda: rundir.look(run_dir),
        lambda: rundir.prepare(run_dir),
        lambda: files.open_for_work(run_dir / name, os.O_RDWR | os.O_CREAT),
    ):
        with pytest.raises(WrongInput, match=f"run/{name} (is|has) a"):
            door()
    assert victim.read_bytes() == b"kept"
    assert {path.name for path in run_dir.parent.iterdir()} == {"run", "victim"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", files.WORKED_WITH)
def test_a_file_of_somebody_else_is_refused(run_dir: Path, name: str) -> None:
    """A regular file that another user owns is named, with whose it is."""
    (run_dir / name).write_bytes(b"")
    os.chown(run_dir / name, SOMEBODY, SOMEBODY)
    with pytest.raises(WrongInput, match=rf"{name} belongs to somebody else .*{SOMEBODY}"):
        rundir.look(run_dir)
    with pytest.raises(WrongInput, match="belongs to somebody else"):
        files.open_for_work(run_dir / name, os.O_RDWR)


def test_where_all_files_are_given_to_one_user(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a mount that gives what we make to another user, such files are ours."""
    (run_dir / files.PLAN).write_bytes(b"")
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY + 1)
    assert rundir.look(run_dir)  # that the directory is not ours alone is worth a warning
    os.close(files.open_for_work(run_dir / files.PLAN, os.O_RDWR))
    assert {path.name for path in run_dir.iterdir()} == {files.LOCK, files.PLAN}


def test_what_is_made_is_private(run_dir: Path) -> None:
    """A file that is made is 0600 whatever the umask; one that was there keeps its mode."""
    path = run_dir / files.LEDGER
    before = os.umask(0)
    try:
        os.close(files.open_for_work(path, os.O_RDWR | os.O_CREAT))
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o640)
        os.close(files.open_for_work(path, os.O_RDWR | os.O_CREAT))
        assert path.stat().st_mode & 0o777 == 0o640
        files.replace(path, b"new")
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_takes_files_only(run_dir: Path, kind: str) -> None:
    """Who only reads follows a link, and is not kept waiting by a FIFO."""
    victim = run_dir.parent / "victim"
    victim.write_bytes(b"kept")
    path = run_dir / files.REJECTS
    plant(path, kind, victim)
    if kind in ("link", "second name"):
        with files.open_to_read(path) as file:
            assert file.read() == b"kept"
        return
    if kind == "link to nothing":
        assert not files.is_there(path)
        return
    with pytest.raises(WrongInput, match=r"is a .* not read"):
        files.is_there(path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_replacing_follows_nothing(run_dir: Path, kind: str) -> None:
    """What stood there is replaced by a file of our own, and where it led is untouched."""
    victim = run_dir.parent / "victim"
    victim.write_bytes(b"kept")
    path = run_dir / files.PAGE
    plant(path, kind, victim)
    files.replace(path, b"new")
    assert victim.read_bytes() == b"kept"
    assert not path.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_nlink == 1


def test_replacing_is_whole_or_nothing(run_dir: Path) -> None:
    """A content that could not be written to its end is not there, nor is anything of it."""
    path = run_dir / files.RATES
    files.replace(path, b"old")

    def fails() -> None:
        with files.replacing(path) as out:
            out.write(b"half")
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011  # our own, without words
        fails()
    assert path.read_bytes() == b"old"
    assert {one.name for one in run_dir.iterdir()} == {files.LOCK, files.RATES}


def test_less_at_a_time_is_no_end(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads or writes a place of a file gets all of it, however little the system does."""
    pread, pwrite = os.pread, os.pwrite
    monkeypatch.setattr(os, "pread", lambda fd, size, at: pread(fd, min(size, 3), at))
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: pwrite(fd, data[:2], at))
    descriptor = files.open_for_work(run_dir / files.LEDGER, os.O_RDWR | os.O_CREAT)
    try:
        files.write_at(descriptor, b"0123456789", 1)
        assert files.read_at(descriptor, 7, 2) == b"1234567"
        assert files.read_at(descriptor, 100, 9) == b"89"
    finally:
        os.close(descriptor)
