"""The same calls from the shell: one curl a call, started by GNU parallel, or by xargs without it.

What a shell can do for the pace: `parallel --delay`, or for xargs a loop that waits between the
lines it gives out; bash's own `read -t` waits, since a `sleep` a line would cost a process more.
Neither looks at the answers, so what a provider throttles is not done.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

import orjson

from tests.bench import rig
from tests.bench.bare import QUERY

PARALLEL = "GNU parallel and curl"
XARGS = "xargs -P and curl"
MISSING = "GNU parallel is not on this machine"
AT_ONCE = 64
"""Processes at a time: more than two cores keep busy, and than any latency here needs."""


@cache
def tool() -> str:
    """What starts the curls on this machine; another program than GNU's has that name, too."""
    if shutil.which("parallel"):
        told = subprocess.run(["parallel", "--version"], capture_output=True, check=False)  # noqa: S607  # whichever is there
        if told.stdout.startswith(b"GNU parallel"):
            return PARALLEL
    return XARGS


def write_bodies(folder: Path) -> int:
    """A file for the body of every call of `batches.jsonl`, and their names in `names`."""
    (folder / "bodies").mkdir()
    (folder / "answers").mkdir()
    names = []
    with (folder / "batches.jsonl").open("rb") as batches:
        for number, line in enumerate(batches):
            account, others = orjson.loads(line)
            body = {"From_Account": account, "To_Account": others}
            names.append(f"{number:07d}")
            (folder / "bodies" / names[-1]).write_bytes(
                orjson.dumps(body | {"DeleteType": "Delete_Type_Both"})
            )
    (folder / "names").write_text("".join(f"{name}\n" for name in names), encoding="ascii")
    return len(names)


def command(folder: Path, url: str, qps: float) -> list[str]:
    """A shell that makes all calls of `write_bodies`, at most `qps` a second as far as it can."""
    where = shlex.quote(f"{url}/v4/sns/friend_delete?{QUERY}&random=1")
    at = shlex.quote(str(folder))
    curl = f"curl -sS -o {at}/answers/{{}} --data-binary @{at}/bodies/{{}} {where}"
    if tool() == PARALLEL:
        told = f"parallel --delay {1 / qps:g} -j {AT_ONCE} {shlex.quote(curl)} < {at}/names"
    else:
        wait = f"read -rt {1 / qps:g} -u 9"
        paced = f"exec 9<> <(:); while read -r name; do echo $name; {wait}; done < {at}/names"
        told = f"set -o pipefail; {{ {paced}; true; }} | xargs -P {AT_ONCE} -I {{}} {curl}"
    return ["bash", "-c", told]


def run(folder: Path, url: str, qps: float) -> rig.Spent:
    """Make all calls; every one was answered."""
    calls = write_bodies(folder)
    spent = rig.spend(command(folder, url, qps))
    assert sum(1 for _ in (folder / "answers").iterdir()) == calls
    return spent
