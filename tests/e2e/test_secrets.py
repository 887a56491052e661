"""No secret, UserSig or signature is written anywhere, whatever goes wrong and however it is told.

Every byte is searched: the run directory's files, standard output, standard error with --json-logs,
at the highest log level of every library.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable

import pytest

from tests.e2e.hostile import BAD_ANSWERS, Hostile, json_echo
from tests.support.judge import Judge
from tests.support.process import KEY, Done, Place, csv_text, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SECRET = "s3kr1t-Zq9-never-to-be-seen-0451"  # of ZEGO's length, 32 bytes
PAIRS = [("alice", "bob"), ("alice", "carol"), ("dave", "bob")]
TELLING = 24
"""A signature is given away by so many of its first characters already."""

LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
{patch}
from bulkdel.cli import app
sys.argv[0] = "bulkdel"
app.main()
"""
"""The command with everything logged that any library has to say."""

RAISES = """
import {error_from}
from bulkdel.send.transport import Transport
async def raises(self, session, call):
    assert call.query
    raise {error}(f"{{self._address}}{{call.path}}?{{call.query}} and {{call!r}}")
Transport._exchange = raises
"""
RAISES_INSIDE = """
from bulkdel.send import call
async def raises(self, attempt):
    raise RuntimeError(f"{self._app!r} {self._signer.credentials!r} {self._signer!r} {self!r}")
call.Caller._exchange = raises
"""
RETRY = """
[retry]
base_delay_s = 0.001
max_delay_s = 0.01
timeout_s = 3.1
max_attempts = 40
outage_limit = "{outage}"
"""


def loud(place: Place, patch: str = "") -> Done:
    """A run that says all it can."""
    place = Place(
        place.folder,
        secret=SECRET,
        program=("-c", LOUD.format(patch=patch)),
        more={"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"},
    )
    process = place.start("run", "job.toml", "--json-logs")
    out, err = process.communicate(timeout=150)
    return Done(code=process.wait(), out=out, err=err)


def hides(place: Place, done: Done, signatures: Iterable[str]) -> None:
    """That neither the secret nor a signature stands in anything that was written."""
    written = {"stdout": done.out.encode(), "stderr": done.err.encode()}
    for path in place.folder.rglob("*"):
        if path.is_file():
            written[path.name] = path.read_bytes()
    assert {"run.log", "journal.db", "plan.parquet"} <= written.keys()
    for name, content in written.items():
        assert SECRET.encode() not in content, name
        for signature in signatures:
            assert signature[:TELLING].encode() not in content, name


def test_bad_answers_give_no_secret_away(place: Place) -> None:
    """Replies that are cut, broken, too large, or that echo the address wherever they can."""
    place.write("pairs.csv", csv_text(PAIRS[:1]))
    refusals = {"tencent": json_echo(70003), "zego": json_echo(100000003)}
    with (
        Hostile((*BAD_ANSWERS, refusals["tencent"])) as tencent,
        Hostile((*BAD_ANSWERS, refusals["zego"])) as zego,
    ):
        text = toml(f"http://127.0.0.1:{tencent.port}", zego="qps = 50")
        text = text.replace(
            f'"{KEY}"\nendpoint = "http://127.0.0.1:{tencent.port}"\nqps',
            f'"{KEY}"\nendpoint = "http://127.0.0.1:{zego.port}"\nqps',
        )
        place.write("job.toml", text + RETRY.format(outage="30s"))
        done = loud(place)
        for server in (tencent, zego):
            assert len(server.requests) == len(BAD_ANSWERS) + 1
            assert not [head for head in server.requests if b"elsewhere" in head]
            assert min(map(len, server.signatures)) >= 32
        assert done.code == 77
        hides(place, done, tencent.signatures | zego.signatures)


@pytest.mark.parametrize("tls", [False, True])
def test_a_failed_connection_gives_no_secret_away(place: Place, tls: bool) -> None:
    """Refused, no TLS, or a certificate that nobody vouches for: nothing is sent or written."""
    place.write("pairs.csv", csv_text(PAIRS))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Hostile(BAD_ANSWERS[:1], tls=tls) as hostile:
        text = toml(f"https://localhost:{hostile.port}", zego="")
        text = text.replace(
            f'1234567890\nsecret_env = "{KEY}"\nendpoint = "https://localhost:{hostile.port}"',
            f'1234567890\nsecret_env = "{KEY}"\nendpoint = "http://127.0.0.1:{port}"',
        )
        place.write("job.toml", text + RETRY.format(outage="1s"))
        done = loud(place)
        assert done.code == 75, done.err
        assert hostile.requests == []
    assert ("certificate was refused" in done.out) is tls
    told = place.status()
    assert [target["calls"] for target in told["targets"].values()] == [0, 0]
    assert [target["lost_answers"] for target in told["targets"].values()] == [0, 0]
    hides(place, done, ())


@pytest.mark.parametrize(
    "patch",
    [
        RAISES.format(error_from="asyncio", error="RuntimeError"),
        RAISES.format(error_from="asyncio", error="ValueError"),
        RAISES.format(error_from="aiohttp", error="aiohttp.InvalidURL"),
        RAISES_INSIDE,
    ],
    ids=["unexpected", "caught", "aiohttp's own", "inside the lane"],
)
def test_exceptions_give_no_secret_away(place: Place, patch: str) -> None:
    """Exceptions that carry the address, or print what is around them, are told without it."""
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": PAIRS, "zego": PAIRS}, secret=SECRET) as judge:
        retry = RETRY.format(outage="1s").replace("= 40", "= 1")
        place.write("job.toml", toml(judge.address, zego="") + retry)
        done = loud(place, patch)
        assert done.code == 75, done.err
        assert judge.calls == 0
    hides(place, done, ())
    written = done.err + (place.folder / "runs/job/run.log").read_text()
    assert not re.search(r"usersig=(?!\*\*\*)|Signature=(?!\*\*\*)|eJ[\w*-]{40}", written)
