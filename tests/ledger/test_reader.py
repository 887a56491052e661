"""A run is read by whoever may read its files, and nothing is left where they are."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkdel.errors import WrongInput
from bulkdel.ledger.history import snapshot
from bulkdel.ledger.journal import Journal
from tests.support.ledger import crashed, deleted, intent, open_journal, tick
from tests.support.others import BECOMES_SOMEBODY, needs_root, open_folder

_READS = f"""
import sys
from pathlib import Path
from bulkdel.errors import BulkdelError
from bulkdel.ledger.history import snapshot
{BECOMES_SOMEBODY}
try:
    print(snapshot(Path(sys.argv[1])).counters["tencent"].deleted)
except BulkdelError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody can reach."""
    with open_folder() as found:
        yield found


def seen(run_dir: Path) -> str:
    """What another user sees of a run: pairs deleted, or what is said."""
    before = files(run_dir)
    told = subprocess.check_output(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", _READS, str(run_dir)], text=True, cwd=Path(__file__).parents[2]
    )
    assert files(run_dir) == before
    return told.strip()


def files(run_dir: Path) -> dict[str, tuple[int, int]]:
    """Names, sizes and modes."""
    found = {path.name: path.stat() for path in run_dir.iterdir()}
    return {name: (one.st_size, stat.S_IMODE(one.st_mode)) for name, one in found.items()}


def opened(run_dir: Path) -> Path:
    """Everybody may read it."""
    run_dir.chmod(0o755)
    for path in run_dir.iterdir():
        path.chmod(0o644)
    return run_dir


def begun(run_dir: Path, *, to: int = 3) -> Journal:
    """An open journal of so many settled entries."""
    run_dir.mkdir()
    journal = open_journal(run_dir)
    for ordinal in range(to):
        tick(journal, intent(ordinal))
        tick(journal, deleted(ordinal))
    return journal


@needs_root
def test_a_run_that_was_left_is_read_by_another_user(folder: Path) -> None:
    """Without -wal and -shm, which SQLite would have to make."""
    begun(folder / "run").close()
    assert seen(opened(folder / "run")) == "6"


@needs_root
def test_a_killed_run_is_read_by_another_user(folder: Path) -> None:
    """With a -wal that holds everything, and with or without the -shm that goes with it."""
    with begun(folder / "run"):
        copy = opened(crashed(folder / "run", folder / "copy"))
        assert (copy / "journal.db-wal").stat().st_size > 0
        assert seen(copy) == "6"
        (copy / "journal.db-shm").write_bytes((folder / "run" / "journal.db-shm").read_bytes())
        assert seen(opened(copy)) == "6"


@needs_root
def test_a_run_at_work_is_read_by_another_user(folder: Path) -> None:
    """Tick by tick, also after what was written was moved from the -wal into the file."""
    with begun(folder / "run", to=2) as journal:
        opened(folder / "run")
        assert seen(folder / "run") == "3"
        tick(journal, intent(2))
        tick(journal, deleted(2))
        assert seen(folder / "run") == "6"
        journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert seen(folder / "run") == "6"


@needs_root
@pytest.mark.parametrize("closed", ["journal.db", "journal.db-wal"])
def test_what_is_closed_to_others_is_called_so(folder: Path, closed: str) -> None:
    """It is neither damaged nor a matter of space."""
    with begun(folder / "run"):
        copy = opened(crashed(folder / "run", folder / "copy"))
        (copy / closed).chmod(0o600)
        assert seen(copy).startswith(f"WrongInput {copy / closed} is readable by its owner only")
    (folder / "run").chmod(0o700)
    assert "is readable by its owner only" in seen(folder / "run")


def test_who_owns_it_reads_it_where_nothing_can_be_written(folder: Path) -> None:
    """In a directory without the right to write, as on a read-only mount."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    begun(folder / "run").close()
    (folder / "run").chmod(0o500)
    try:
        found = snapshot(folder / "run")
        assert found is not None
        assert found.counters["tencent"].deleted == 6
    finally:
        (folder / "run").chmod(0o700)


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    """A FIFO in place of what SQLite opens is named."""
    begun(tmp_path / "run").close()
    path = tmp_path / "run" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(WrongInput, match=f"{name} is no file"):
        snapshot(tmp_path / "run")
