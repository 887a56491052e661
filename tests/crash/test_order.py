"""The order of writing, syncing and sending: as the process sees it, and as the kernel does.

The process sees it on every machine: what it writes and syncs itself, and that SQLite has committed
with every commit synced. The kernel is asked as well where there is a program that can ask it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import KEY, Place, csv_text, environment, toml

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

PAIRS = [(f"a{n}", f"b{n}") for n in range(20)]
FILES = ("journal.db-wal", "ledger.jsonl")
TRACE = ("strace", "-f", "-yy", "-e", "trace=pwrite64,fsync,fdatasync,sendto,write,writev,sendmsg")

TELLS = """
import os, socket, sqlite3, sys
def tell(*words):
    with open("told", "a") as told:
        told.write(" ".join(words) + "\\n")
def named(descriptor):
    here = os.fstat(descriptor)
    try:
        ledger = os.stat("runs/job/ledger.jsonl")
    except FileNotFoundError:
        return "-"
    return "ledger.jsonl" if os.path.samestat(here, ledger) else "-"
def telling(call, name):
    def done(descriptor, *more):
        if call != "fsync":
            tell(call, named(descriptor), "-")
        made = name(descriptor, *more)
        if call == "fsync":
            tell(call, named(descriptor), "-")
        return made
    return done
os.pwrite, os.fsync = telling("pwrite64", os.pwrite), telling("fsync", os.fsync)
class Telling(sqlite3.Connection):
    dirty = False
    def after(self, sql):
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            tell("pwrite64", "journal.db-wal", "-")
            self.dirty = True
        if self.dirty and not self.in_transaction:
            synchronous, = super().execute("PRAGMA synchronous").fetchone()
            mode, = super().execute("PRAGMA journal_mode").fetchone()
            if (synchronous, mode) == (2, "wal"):
                tell("fsync", "journal.db-wal", "-")
                self.dirty = False
    def execute(self, sql, *more):
        made = super().execute(sql, *more)
        self.after(sql)
        return made
    def executemany(self, sql, rows):
        rows = list(rows)
        made = super().executemany(sql, rows)
        if rows:
            self.after(sql)
        return made
sqlite3.Connection = Telling
def leaving(send):
    def sent(self, data, *more):
        if b"friend_delete" in b"".join(data if isinstance(data, list) else [bytes(data)]):
            tell("sendto", "TCP", "friend_delete")
        return send(self, data, *more)
    return sent
for call in ("send", "sendall", "sendmsg"):
    setattr(socket.socket, call, leaving(getattr(socket.socket, call)))
from bulkdel.cli import app
sys.argv[0] = "bulkdel"
app.main()
"""

_BEGUN = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\(\d+<(?P<what>[^>]*)>(?P<rest>.*)")
_ENDED = re.compile(r"(?P<pid>\d+) +<\.\.\. (?P<call>\w+) resumed")


def calls_of(trace: str) -> Iterator[tuple[str, str, str]]:
    """(system call, file or socket, rest of the line): a sync when it is over, others at once."""
    syncing: dict[str, str] = {}
    for line in trace.splitlines():
        if begun := _BEGUN.match(line):
            if "sync" in begun["call"] and "unfinished" in begun["rest"]:
                syncing[begun["pid"]] = begun["what"]
            else:
                yield begun["call"], begun["what"], begun["rest"]
        elif (ended := _ENDED.match(line)) and "sync" in ended["call"]:
            yield ended["call"], syncing.pop(ended["pid"]), ""


def from_within(place: Place) -> Iterator[tuple[str, str, str]]:
    """A run of the job, and what it says of itself."""
    done = Place(place.folder, place.secret, ("-c", TELLS)).run("run", "job.toml")
    assert done.code == 0, done.err
    for line in (place.folder / "told").read_text().splitlines():
        call, what, rest = line.split(" ", 2)
        yield call, what, rest


def from_outside(place: Place) -> Iterator[tuple[str, str, str]]:
    """The same, as the kernel was asked to do it."""
    done = subprocess.run(  # noqa: S603  # our own arguments
        [*TRACE, "-o", "trace", sys.executable, "-m", "bulkdel", "run", "job.toml"],
        cwd=place.folder,
        env=environment(**{KEY: place.secret}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    yield from calls_of((place.folder / "trace").read_text(errors="replace"))


def _may_trace() -> bool:
    tracer = shutil.which("strace")
    if tracer is None:
        return False
    return subprocess.run([tracer, "-o", os.devnull, "true"], check=False).returncode == 0  # noqa: S603  # our own arguments


EYES = [from_within, from_outside] if _may_trace() else [from_within]


@pytest.mark.parametrize("eyes", EYES)
def test_nothing_leaves_before_it_is_synced(
    tmp_path: Path, eyes: Callable[[Place], Iterator[tuple[str, str, str]]]
) -> None:
    """With one call at a time, each leaves when journal and ledger hold nothing unsynced."""
    place = Place(tmp_path)
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}) as judge:
        place.write("job.toml", toml(judge.address, tencent="max_in_flight = 1"))
        seen = list(eyes(place))
        assert judge.calls == len(PAIRS)
    unsynced: set[str] = set()
    written: set[str] = set()
    sent = 0
    for call, what, rest in seen:
        name = Path(what).name
        if name in FILES and call == "pwrite64":
            unsynced.add(name)
            written.add(name)
        elif name in FILES and "sync" in call:
            unsynced.discard(name)
        elif "TCP" in what and "friend_delete" in rest:
            sent += 1
            assert not unsynced, f"call {sent} left while {unsynced} was not synced"
    assert sent == len(PAIRS)
    assert written == set(FILES)
