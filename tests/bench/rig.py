"""What the measurements share: inputs, the server's process, and a process's CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]
SECRET = "BENCH_SECRET"


@dataclass(slots=True)
class Server:
    """The server of `server.py`; `seen` is what it says when it has ended."""

    url: str
    seen: dict[str, Any] = field(default_factory=dict)


@contextmanager
def serving(
    latency_ms: tuple[float, float], limit: int | None = None, *, pages: int = 1
) -> Iterator[Server]:
    """The server in a process of its own; its friend lists have so many pages."""
    command = [sys.executable, "-m", "tests.bench.server", "--latency-ms", *map(str, latency_ms)]
    command += ["--pages", str(pages)]
    if limit is not None:
        command += ["--limit", str(limit)]
    with subprocess.Popen(  # noqa: S603  # our own arguments
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = Server(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        try:
            yield server
        finally:
            process.stdin.close()
            server.seen = json.loads(process.stdout.read())


def write_input(folder: Path, calls: int, ids: int) -> None:
    """`pairs.csv` for bulkdel and `batches.jsonl` for loops: `calls` accounts with `ids` each."""
    with (folder / "pairs.csv").open("wb") as rows, (folder / "batches.jsonl").open("wb") as out:
        rows.write(b"From_Account,To_Account\n")
        for call in range(calls):
            account = f"user_{call:07d}"
            others = [f"friend_{call * 7 % 9973:04d}_{number:04d}" for number in range(ids)]
            rows.write("".join(f"{account},{other}\n" for other in others).encode())
            out.write(orjson.dumps([account, others]) + b"\n")


def write_job(path: Path, url: str, *, qps: float, in_flight: int, batch_size: int = 1000) -> None:
    """A job over the input beside it."""
    path.write_text(
        f"""\
operation = "delete_friends"
mode = "two_way"
[input]
files = ["pairs.csv"]
[targets.tencent]
provider = "tencent"
app_id = 1400000000
admin = "administrator"
secret_env = "{SECRET}"
endpoint = "{url}"
qps = {qps:g}
max_in_flight = {in_flight}
batch_size = {batch_size}
""",
        encoding="utf-8",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a process took, in seconds."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def spend(command: Sequence[str], *, allowed: tuple[int, ...] = (0,)) -> Spent:
    """Run a command and say what it took; fails with its output where it does."""
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603  # our own arguments
        command,
        cwd=ROOT,
        env=os.environ | {SECRET: "not-a-secret"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        raise RuntimeError(f"{command}: {process.returncode}: {said.decode()[-2000:]}")
    return Spent(
        cpu_s=used.ru_utime + used.ru_stime,
        wall_s=time.monotonic() - begun,
        peak_mb=used.ru_maxrss / 1024,
    )


def load() -> list[float]:
    """The load averages of the machine."""
    return [round(one, 2) for one in os.getloadavg()]
