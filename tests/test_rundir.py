"""The run directory is made private, or taken as it is; nothing of anybody is changed in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkdel import files, rundir
from bulkdel.errors import WrongInput

BOTH = pytest.mark.parametrize("door", [rundir.look, rundir.prepare])
Door = Callable[[Path], tuple[str, ...]]


def mode(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_missing_is_made_private(tmp_path: Path, umask: int) -> None:
    """The directory and every parent that was not there are 0700, whatever the umask."""
    before = os.umask(umask)
    try:
        assert rundir.prepare(tmp_path / "a" / "b" / "run") == ()
    finally:
        os.umask(before)
    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/run")] == [0o700] * 3


@pytest.mark.parametrize("bits", [0o700, 0o750, 0o755, 0o2770, 0o1777])
def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path, bits: int) -> None:
    """It is taken as it is; that others can write in it is said, once."""
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    run_dir.chmod(bits)
    for door in (rundir.look, rundir.prepare):
        warnings = door(run_dir)
        assert len(warnings) == bool(bits & 0o022)
        assert all("can be written by others" in words for words in warnings)
    assert mode(run_dir) == bits


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_volume_of_somebody_else_is_taken(tmp_path: Path) -> None:
    """A directory that belongs to somebody else, and that we can write, is taken with a warning."""
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    os.chown(run_dir, 12345, 12345)
    (words,) = rundir.prepare(run_dir)
    assert "belongs to somebody else (user id 12345)" in words
    assert run_dir.stat().st_uid == 12345


@BOTH
@pytest.mark.parametrize("names", [["out.txt"], ["run.log"], ["report.html", "a"], ["lock"]])
def test_a_directory_of_something_else_is_refused(
    tmp_path: Path, door: Door, names: list[str]
) -> None:
    """Neither empty nor a run: named with what it holds, and nothing is put into it.

    A name that we would use is no proof: only a plan, a journal, a ledger or our lock are.
    """
    for name in names:
        (tmp_path / name).write_bytes(b"somebody's")
    with pytest.raises(WrongInput, match=f"holds .*{names[0]}.* and no run of bulkdel"):
        door(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


@BOTH
@pytest.mark.parametrize("name", ["lost+found", ".snapshot", "..data", "..2026_11_21", ".gitkeep"])
def test_an_empty_volume_is_empty(tmp_path: Path, door: Door, name: str) -> None:
    """What file systems and Kubernetes put into a volume does not count."""
    (tmp_path / name).mkdir()
    assert door(tmp_path) == ()


@BOTH
@pytest.mark.parametrize("name", [files.PLAN, files.JOURNAL, files.LEDGER, files.LOCK])
def test_a_run_may_have_neighbours(tmp_path: Path, door: Door, name: str) -> None:
    """Where a run is, a person's own files beside it are no reason to refuse it."""
    (tmp_path / name).write_bytes(b'{"pid":7,"started_ms":1}\n')
    (tmp_path / "notes.txt").write_bytes(b"mine")
    assert door(tmp_path) == ()


@BOTH
def test_what_a_killed_start_leaves_is_no_obstacle(tmp_path: Path, door: Door) -> None:
    """The lock file is empty for an instant."""
    (tmp_path / files.LOCK).write_bytes(b"")
    assert door(tmp_path) == ()
    (tmp_path / "other").write_bytes(b"")
    with pytest.raises(WrongInput, match="holds other and no run"):
        door(tmp_path)


@BOTH
def test_what_a_killed_planning_leaves_is_no_obstacle(tmp_path: Path, door: Door) -> None:
    """Also where the next one was killed as it emptied the lock; without a lock it is strange."""
    for name in (files.WORKSHOP, files.SHARDS):
        (tmp_path / name).mkdir()
    (tmp_path / files.LOG).write_bytes(b"{}")
    with pytest.raises(WrongInput):
        door(tmp_path)
    (tmp_path / files.LOCK).touch()
    door(tmp_path)


@BOTH
def test_what_cannot_be_a_directory_is_named(tmp_path: Path, door: Door) -> None:
    """A file, a name that is too long, a link to nothing or to itself: each with its reason."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "nothing").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name, why in (
        ("file", "is not a directory"),
        ("file/run", "is not a directory"),
        ("x" * 300, "File name too long"),
        ("new/" + "x" * 300, "File name too long"),
        ("nothing", "is not a directory"),
        ("loop", "symbolic links"),
        ("a\0b", "null byte"),
    ):
        with pytest.raises(WrongInput, match=why) as refused:
            door(tmp_path / name)
        assert str(refused.value).startswith(f"run_dir {tmp_path}")
        assert "--run-dir" in str(refused.value)


@pytest.mark.parametrize("name", [files.WORKSHOP, files.SHARDS])
def test_planning_empties_no_directory_of_others(tmp_path: Path, name: str) -> None:
    """A link where planning works is refused: what it leads to would be emptied."""
    (tmp_path / "elsewhere").mkdir()
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WrongInput, match=rf"{name} is no directory of this user's own"):
        rundir.look(run_dir)
