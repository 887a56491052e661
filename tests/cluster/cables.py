"""Machines of their own on this one: a network namespace each, with two cables to where we are.

A machine has no loopback of its own: one cable leads to the provider (127.0.0.2 of ours), the
other to the store (127.0.0.1), and each can be made to swallow everything: by a wrong hardware
address at either end, so that what is sent is thrown away on the other side and nobody is told.
That both are loopback addresses spares the job an exception: plain http is for this machine alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

PROVIDER: Final = "127.0.0.2"
STORE: Final = "127.0.0.1"
_NOWHERE: Final = "02:00:00:00:00:99"
_IP: Final = shutil.which("ip") or ""


@dataclass(frozen=True, slots=True)
class Cable:
    """From a machine to one of our addresses.

    Attributes:
        machine: its namespace. there, here: its ends' names.
        leads_to: our address. from_: the machine's address.
    """

    machine: str
    there: str
    here: str
    leads_to: str
    from_: str

    def swallow(self) -> None:
        """Throw away what comes, on both sides."""
        self._know(_NOWHERE, _NOWHERE)

    def let_through(self) -> None:
        """As before."""
        there = ip("netns", "exec", self.machine, "cat", f"/sys/class/net/{self.there}/address")
        here = Path(f"/sys/class/net/{self.here}/address").read_text(encoding="ascii")
        self._know(there.strip(), here.strip())

    def _know(self, there: str, here: str) -> None:
        ip("neigh", "replace", self.from_, "lladdr", there, "dev", self.here, "nud", "permanent")
        words = ["neigh", "replace", self.leads_to, "lladdr", here, "dev", self.there]
        ip("-n", self.machine, *words, "nud", "permanent")


@dataclass(frozen=True, slots=True)
class Machine:
    """A namespace; `address` is where its calls seem to come from."""

    name: str
    address: str
    provider: Cable
    store: Cable

    @property
    def prefix(self) -> Sequence[str]:
        """What a command begins with that runs there."""
        return (_IP, "netns", "exec", self.name)


def ip(*words: str) -> str:
    """What the command of that name prints."""
    done = subprocess.run(  # noqa: S603  # our own words
        [_IP, *words], check=True, capture_output=True, timeout=20, text=True
    )
    return done.stdout


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """So many; the test is skipped where that is not allowed."""
    if not _IP or os.geteuid() != 0:
        pytest.skip("network namespaces need `ip` and root")
    with ExitStack() as stack:
        try:
            yield [stack.enter_context(_machine(at)) for at in range(count)]
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr!r}")


@contextmanager
def _machine(at: int) -> Iterator[Machine]:
    name = f"bd{os.getpid()}-{at}"
    block = os.getpid() * 4 % 250
    made = []
    ip("netns", "add", name)
    try:
        for kind, (there, leads_to) in enumerate((("provider", PROVIDER), ("store", STORE))):
            cable = Cable(
                machine=name,
                there=there,
                here=f"bd{os.getpid()}{'ps'[kind]}{at}",
                leads_to=leads_to,
                from_=f"10.{200 + at}.{block + kind}.2",
            )
            _lay(cable)
            made.append(cable)
        yield Machine(name, made[0].from_, *made)
    finally:
        with suppress(subprocess.CalledProcessError):
            ip("netns", "del", name)


def _lay(cable: Cable) -> None:
    name, there, here = cable.machine, cable.there, cable.here
    ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
    ip("addr", "add", f"{cable.from_[:-1]}1/30", "dev", here)
    ip("link", "set", here, "up")
    ip("-n", name, "addr", "add", f"{cable.from_}/30", "dev", there)
    ip("-n", name, "link", "set", there, "up")
    Path(f"/proc/sys/net/ipv4/conf/{here}/route_localnet").write_text("1", encoding="ascii")
    setting = f"echo 1 > /proc/sys/net/ipv4/conf/{there}/route_localnet"
    ip("netns", "exec", name, "sh", "-c", setting)
    ip("-n", name, "route", "add", f"{cable.leads_to}/32", "dev", there, "src", cable.from_)
    cable.let_through()
