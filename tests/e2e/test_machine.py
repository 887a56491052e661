"""What the machine answers: exit 2 before anything was sent, a convenience less, never a riddle."""

from __future__ import annotations

import os
import pty
import resource
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.others import COMMAND, needs_root, open_folder
from tests.support.planting import plant
from tests.support.process import Done, Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [("alice", "bob"), ("alice", "carol"), ("dave", "bob")]
QUIET = ("run", "job.toml", "--no-progress")


def prepared(place: Place) -> Path:
    """A job with three pairs at an emulator; its run directory."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml("emulator"))
    return place.folder / "runs/job"


def shell(place: Place, words: str, *arguments: str) -> Done:
    """The command through a shell, with redirections after it."""
    line = shlex.join([sys.executable, *place.program, *arguments])
    done = subprocess.run(  # noqa: S602  # our own words
        f"{line} {words}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=place.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=150,
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


CLOSED = [">&-", "2>&- --json-logs", ">&- 2>&- <&-", ">/dev/full 2>&1"]


@pytest.mark.parametrize("streams", CLOSED)
def test_a_stream_that_is_gone_stops_nothing(place: Place, streams: str) -> None:
    """Everything is settled and exit 0, again and again, and no file of the run holds a log line
    or a summary but run.log.
    """  # noqa: D205 - one rule
    run_dir = prepared(place)
    for _ in range(2):
        assert shell(place, streams, *QUIET).code == 0
    assert len(ledger(run_dir)) == len(PAIRS)
    for name in ("lock", "journal.db", "plan.parquet", "rejects.jsonl", "ledger.jsonl"):
        content = (run_dir / name).read_bytes()
        assert b"command.started" not in content
        assert b"Finished" not in content
    streams, expected = streams.replace(" --json-logs", ""), 2 if "full" in streams else 0
    for command in ("status", "export"):
        assert shell(place, streams, command, "job.toml").code == expected


def test_what_cannot_be_written_out_is_said(place: Place) -> None:
    """Results on a full disk are a sentence and exit 2, of every command."""
    for words in ("schema", "--help", "--version"):
        done = shell(place, ">/dev/full", words)
        assert done.code == 2
        assert done.complaint == "cannot write to standard output: No space left on device."


def test_a_terminal_that_hangs_up_stops_nothing(place: Place) -> None:
    """The display's terminal is gone in the middle: the run ends as it would have."""
    place.write("pairs.csv", csv_text([(f"from{n}", f"to{n}") for n in range(40)]))
    place.write("job.toml", toml("emulator", tencent=None, zego=""))
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, *place.program, "run", "job.toml"],
        cwd=place.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        os.close(theirs)
        while b"Ctrl-C" not in os.read(ours, 1 << 16):
            pass
        os.close(ours)
        assert process.wait(60) == 0
    assert len(ledger(place.folder / "runs/job")) == 40


def test_a_run_dir_that_cannot_be_made_is_named(place: Place) -> None:
    """A file, a long name, a link to itself: exit 2 with folder and reason, from every command."""
    prepared(place)
    place.write("file", "")
    (place.folder / "loop").symlink_to("loop")
    for name, why in (
        ("file", "is not a directory"),
        ("file/run", "is not a directory"),
        ("x" * 300, "cannot be made (File name too long)"),
        ("loop", "(Too many levels of symbolic links)"),
        ("loop/run", "Symlink loop"),
    ):
        done = place.run(*QUIET, "--run-dir", name)
        assert done.code == 2
        assert done.complaint.startswith(f"run_dir {place.folder / name}: ")
        assert why in done.complaint
        done = place.run("status", "job.toml", "--run-dir", name)
        assert done.code == 2
        assert "this should not have happened" not in done.err


def test_a_directory_of_something_else_is_left_alone(place: Place) -> None:
    """A folder with a person's files is refused by run, plan and check, and nothing is put in."""
    run_dir = prepared(place)
    run_dir.mkdir(parents=True, mode=0o755)
    (run_dir / "out.txt").write_text("mine")
    for command in (QUIET, ("plan", "job.toml")):
        done = place.run(*command)
        assert done.code == 2
        assert "holds out.txt and no run of bulkdel" in done.complaint
    assert "holds out.txt and no run" in place.run("check", "job.toml", "--offline").out
    assert [path.name for path in run_dir.iterdir()] == ["out.txt"]
    assert run_dir.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["link", "FIFO", "second name"])
def test_a_planted_file_is_refused_before_anything_is_sent(place: Place, kind: str) -> None:
    """In place of a file of the run: continuing is exit 2 and names it; nothing is written."""
    run_dir = prepared(place)
    assert place.run(*QUIET, "--limit", "1").code == 75
    victim = place.write("victim", "kept")
    lines = ledger(run_dir)
    for name in ("run.log", "ledger.jsonl", "journal.db-wal"):
        saved = run_dir.parent / "saved"
        if (run_dir / name).exists():
            (run_dir / name).rename(saved)
        plant(run_dir / name, kind, victim)
        done = place.run(*QUIET)
        assert done.code == 2
        assert done.complaint.startswith(f"{run_dir / name} ")
        (run_dir / name).unlink()
        if saved.exists():
            saved.rename(run_dir / name)
    assert victim.read_text() == "kept"
    assert ledger(run_dir) == lines
    assert place.run(*QUIET).code == 0


def test_parents_are_closed_to_others(place: Place) -> None:
    """What is made above the run directory is 0700 whatever the umask."""
    prepared(place)
    done = place.run(*QUIET, "--run-dir", "a/b/run", umask=0)
    assert done.code == 0
    assert [(place.folder / one).stat().st_mode & 0o777 for one in ("a", "a/b")] == [0o700] * 2


def test_without_a_socket_the_run_goes_on(place: Place) -> None:
    """What stands in the socket's place is left, one warning says what cannot be done, exit 0."""
    run_dir = prepared(place)
    run_dir.mkdir(parents=True)
    (run_dir / "lock").write_bytes(b'{"pid":1,"started_ms":1}\n')
    (run_dir / "control.sock").write_text("mine")
    done = place.run(*QUIET)
    assert done.code == 0
    told = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
    assert len(told) == 1
    assert told[0].startswith("Warning: pause, resume and rate cannot reach this run: ")
    assert (run_dir / "control.sock").read_text() == "mine"


NO_SOCKETS = """
import errno, os, socket, sys
class Refusing(socket.socket):
    def bind(self, address):
        if self.family == socket.AF_UNIX:
            raise OSError(errno.{code}, os.strerror(errno.{code}))
        super().bind(address)
socket.socket = Refusing
from bulkdel.cli.app import main
sys.argv[0] = "bulkdel"
main()
"""


@pytest.mark.parametrize("code", ["EPERM", "EADDRINUSE"])
def test_a_file_system_without_sockets_is_no_obstacle(place: Place, code: str) -> None:
    """Whatever it answers, the run is sent whole."""
    run_dir = prepared(place)
    done = place.run(*QUIET, program=("-c", NO_SOCKETS.format(code=code)))
    assert done.code == 0
    assert done.err.count("Warning: ") == 1
    assert "pause, resume and rate cannot reach this run: " in done.err
    assert len(ledger(run_dir)) == len(PAIRS)


def test_a_socket_that_a_killed_process_left_is_no_obstacle(place: Place) -> None:
    """A socket of ours is replaced without a word."""
    run_dir = prepared(place)
    assert place.run("plan", "job.toml").code == 0
    with socket.socket(socket.AF_UNIX) as left:
        here = Path.cwd()
        os.chdir(run_dir)
        try:
            left.bind("control.sock")
        finally:
            os.chdir(here)
    done = place.run(*QUIET)
    assert (done.code, "Warning" in done.err) == (0, False)
    assert not (run_dir / "control.sock").exists()


def test_odd_rates_are_ignored_with_a_word(place: Place) -> None:
    """A rate that could not have been set holds nothing up; one line says so."""
    run_dir = prepared(place)
    assert place.run("plan", "job.toml").code == 0
    (run_dir / "rates.json").write_bytes(b'{"tencent": 0}')
    done = place.run(*QUIET)
    assert done.code == 0
    (told,) = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
    assert "rates.json: what it says of tencent is ignored" in told


@pytest.mark.parametrize("most", [10, 13, 16])
def test_a_full_table_of_open_files_damages_nothing(place: Place, most: int) -> None:
    """Exit 2 before anything was sent, 75 later, never a damaged file; then it works."""
    run_dir = prepared(place)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}));"
    code = f"{limit} import sys; sys.argv[0] = 'bulkdel'; from bulkdel.cli.app import main; "
    warm = "import duckdb, numpy, aiohttp, bulkdel.library, bulkdel.plan.make, bulkdel.cli.run; "
    done = place.run(*QUIET, program=("-c", f"{warm}{code}main()"))
    assert done.code in (2, 75)
    assert "should not have happened" not in done.err
    assert "damaged" not in done.err
    assert done.code == 2 or (run_dir / "journal.db").exists()
    assert place.run(*QUIET).code == 0
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > most


@needs_root
def test_a_volume_of_roots_is_used_by_others() -> None:
    """A directory of root's that all may write: a warning, exit 0, its mode untouched."""
    with open_folder() as folder:
        place = Place(folder, program=COMMAND)
        prepared(place)
        (folder / "job.toml").write_text(toml("emulator", head='run_dir = "volume"'))
        (folder / "volume").mkdir()
        (folder / "volume").chmod(0o2777)
        assert "✗" not in place.run("check", "job.toml", "--offline").out
        done = place.run(*QUIET)
        assert done.code == 0
        assert done.err.count("Warning: ") == 1
        assert "belongs to somebody else (user id 0) and is not closed to others" in done.err
        assert (folder / "volume").stat().st_mode & 0o7777 == 0o2777
        assert len(ledger(folder / "volume")) == len(PAIRS)
        (folder / "closed").mkdir(mode=0o755)
        done = place.run(*QUIET, "--run-dir", "closed/run")
        assert done.code == 2
        assert "cannot be made (Permission denied)" in done.complaint
        done = place.run("plan", "job.toml", "--run-dir", "closed")
        assert done.code == 2
        assert "cannot be written (Permission denied)" in done.complaint


@needs_root
def test_whoever_may_read_a_run_looks_at_it() -> None:
    """Another user's status, verify, export and report to elsewhere, with nothing left behind."""
    with open_folder() as folder:
        ours, theirs = Place(folder), Place(folder, program=COMMAND)
        prepared(ours)
        (folder / "job.toml").write_text(toml("emulator", head='run_dir = "run"'))
        (folder / "elsewhere").mkdir()
        (folder / "elsewhere").chmod(0o777)
        assert ours.run(*QUIET, "--limit", "2").code == 75
        readers = [
            ("status", "job.toml"),
            ("verify", "job.toml"),
            ("export", "job.toml"),
            ("report", "job.toml", "--output", "elsewhere"),
        ]
        done = theirs.run("status", "job.toml")
        assert done.code == 2
        assert "is readable by its owner only" in done.complaint
        (folder / "run").chmod(0o755)
        for path in (folder / "run").iterdir():
            path.chmod(0o644)
        before = {path.name for path in (folder / "run").iterdir()}
        for command in readers:
            done = theirs.run(*command)
            assert (done.code, done.out == "") == (0, False), done.err
        assert {path.name for path in (folder / "run").iterdir()} == before
        assert (folder / "elsewhere" / "report.html").stat().st_size > 1000
        assert ours.run(*QUIET).code == 0
