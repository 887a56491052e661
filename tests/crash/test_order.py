"""The order of writing, syncing and sending as the kernel sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import KEY, Place, csv_text, environment, toml

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

PAIRS = [(f"a{n}", f"b{n}") for n in range(20)]
FILES = ("journal.db-wal", "ledger.jsonl")
TRACE = ("strace", "-f", "-yy", "-e", "trace=pwrite64,fsync,fdatasync,sendto,write,writev,sendmsg")

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


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_nothing_leaves_before_it_is_synced(tmp_path: Path) -> None:
    """With one call at a time, each leaves when journal and ledger hold nothing unsynced."""
    place = Place(tmp_path)
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS}) as judge:
        place.write("job.toml", toml(judge.address, tencent="max_in_flight = 1"))
        done = subprocess.run(  # noqa: S603  # our own arguments
            [*TRACE, "-o", "trace", sys.executable, "-m", "bulkdel", "run", "job.toml"],
            cwd=tmp_path,
            env=environment(**{KEY: place.secret}),
            capture_output=True,
            check=False,
        )
        if b"ptrace" in done.stderr:
            pytest.skip("may not trace")
        assert done.returncode == 0, done.stderr
        assert judge.calls == len(PAIRS)
    unsynced: set[str] = set()
    written: set[str] = set()
    sent = 0
    for call, what, rest in calls_of((tmp_path / "trace").read_text(errors="replace")):
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
