"""A network that swallows everything for a while, as the server sees what comes out of it.

Two network namespaces with a cable between them. Swallowing is a wrong hardware address at either
end: what is sent is thrown away on the other side, and nobody is told.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[2]
QPS = 50
ROWS = 400
PORT = 9000
IP = shutil.which("ip")
ENDS = ("10.213.7.1", "10.213.7.2")


def ip(*words: str) -> str:
    """What the command of that name prints."""
    assert IP is not None
    done = subprocess.run(  # noqa: S603  # our own words
        [IP, *words], check=True, capture_output=True, timeout=20, text=True
    )
    return done.stdout


@dataclass(frozen=True)
class Cable:
    """Two namespaces and what connects them."""

    names: tuple[str, str]
    addresses: tuple[str, str]  #: of hardware

    def swallow(self) -> None:
        """Throw away what comes, on both sides."""
        self._know(("02:00:00:00:00:99", "02:00:00:00:00:99"))

    def let_through(self) -> None:
        """As before."""
        self._know((self.addresses[1], self.addresses[0]))

    def _know(self, others: tuple[str, str]) -> None:
        for name, peer, address in zip(self.names, reversed(ENDS), others, strict=True):
            words = ["neigh", "replace", peer, "lladdr", address, "dev", "cable"]
            ip("-n", name, *words, "nud", "permanent")


@contextmanager
def cable() -> Iterator[Cable]:
    """Laid between two new namespaces; skips where that is not allowed."""
    if IP is None or os.geteuid() != 0:
        pytest.skip("network namespaces need `ip` and root")
    names = (f"bulkdel-{os.getpid()}-a", f"bulkdel-{os.getpid()}-b")
    try:
        try:
            for name in names:
                ip("netns", "add", name)
            ip(
                "-n",
                names[0],
                "link",
                "add",
                "cable",
                "type",
                "veth",
                "peer",
                "cable",
                "netns",
                names[1],
            )
            for name, end in zip(names, ENDS, strict=True):
                ip("-n", name, "addr", "add", f"{end}/24", "dev", "cable")
                ip("-n", name, "link", "set", "cable", "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr!r}")
        laid = Cable(names, (_hardware(names[0]), _hardware(names[1])))
        laid.let_through()
        yield laid
    finally:
        for name in names:
            with suppress(subprocess.CalledProcessError):
                ip("netns", "del", name)


def _hardware(name: str) -> str:
    told = orjson.loads(ip("-n", name, "-j", "link", "show", "cable"))
    return str(told[0]["address"])


def inside(name: str, *words: str) -> subprocess.Popen[str]:
    """A Python process in a namespace."""
    assert IP is not None
    return subprocess.Popen(  # noqa: S603  # our own words
        [IP, "netns", "exec", name, sys.executable, "-m", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def a_job(folder: Path) -> Path:
    """Two calls for each account, one after the other."""
    rows = [f"from{n // 2},to{n}\n" for n in range(ROWS)]
    (folder / "pairs.csv").write_text("From_Account,To_Account\n" + "".join(rows))
    (folder / "key").write_text("0123456789abcdef")
    path = folder / "job.toml"
    path.write_text(
        'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n'
        f'[targets.tencent]\nprovider = "tencent"\napp_id = 1\nsecret_file = "key"\nqps = {QPS}\n'
        'batch_size = 1\nendpoint = "http://127.0.0.1:9"\n[retry]\ntimeout_s = 4\nmax_delay_s = 5\n'
    )
    return path


@pytest.mark.timeout(120)
@pytest.mark.parametrize("swallows_s", [1.5, 3.0, 9.0])
def test_what_a_network_swallowed_never_comes_late(tmp_path: Path, swallows_s: float) -> None:
    """No pair twice, no account twice at once, no second above the rate, as the server sees it.

    Whether what was swallowed is given up, or delivered after all. A pair whose answer alone was
    swallowed is called again, of course.
    """
    job = a_job(tmp_path)
    with cable() as laid:
        server = inside(laid.names[0], "tests.support.far_server", ENDS[0], str(PORT))
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        client = inside(
            laid.names[1], "tests.support.far_client", str(job), f"http://{ENDS[0]}:{PORT}"
        )
        try:
            assert server.stdout.readline() == "called\n"
            time.sleep(2)
            laid.swallow()
            swallowed_at = time.monotonic()
            time.sleep(swallows_s)
            let_through_at = time.monotonic()
            laid.let_through()
            _, said = client.communicate(timeout=90)
            assert client.returncode == 0, said
        finally:
            client.kill()
            told, _ = server.communicate(timeout=20)
    calls = [(who, ids, came, gone or came) for who, ids, came, gone in orjson.loads(told)]
    assert {ids[0] for _, ids, *_ in calls} == {f"to{n}" for n in range(ROWS)}
    came_at = defaultdict(list)
    spans = defaultdict(list)
    for who, ids, came, gone in calls:
        came_at[ids[0]].append(came)
        spans[who].append((came, gone))
    # A busy server tells of what had arrived a little later; what was swallowed comes behind this.
    late = [one for one, times in came_at.items() if len(times) > 1 and times[0] > let_through_at]
    assert late == []
    overlaps = [
        who
        for who, some in spans.items()
        for (_, gone), (came, _) in zip(sorted(some), sorted(some)[1:], strict=False)
        if came < gone
    ]
    assert overlaps == []
    times = sorted(came for *_, came, _ in calls)
    before = fullest_second([came for came in times if came < swallowed_at])
    # On a busy machine calls arrive closer together than they left, swallowed or not.
    assert fullest_second(times) <= 1.04 * max(QPS, before) + 4


def fullest_second(times: list[float]) -> int:
    """How many of these moments, in their order, lie in one second at most."""
    return max(bisect_left(times, begin + 1) - at for at, begin in enumerate(times))
