"""A whole run through a proxy: our own, which fails on demand, and a real one if there is one."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.connect_proxy import Authority, ConnectProxy, in_thread, says, tls_before
from tests.support.judge import Judge
from tests.support.process import Done, Place, csv_text, ledger, statuses, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

LOGIN = "me:pa55-word"
PAIRS = [(f"user{number}", f"friend{number}") for number in range(200)]
RETRY = "[retry]\nbase_delay_s = 0.01\nmax_delay_s = 0.1\n"
TINYPROXY = shutil.which("tinyproxy")


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Made once: keys take time."""
    return Authority()


@pytest.fixture
def trusting(place: Place, authority: Authority) -> Place:
    """Where processes trust it from their start, and know the login."""
    pem = place.folder / "ca.pem"
    authority.pem.write_to_path(str(pem))
    return Place(place.folder, more={"SSL_CERT_FILE": str(pem), "PROXY_LOGIN": LOGIN}, cold=True)


def run(place: Place, judge: Judge, authority: Authority, proxy: str) -> Done:
    """The job through the proxy; nothing that it wrote holds the login."""
    keys = f'proxy = "{proxy}"\nproxy_env = "PROXY_LOGIN"\nqps = 200\nmax_in_flight = 4'
    place.write("pairs.csv", csv_text(PAIRS))
    with in_thread(tls_before(judge.address, authority)) as address:
        place.write("job.toml", toml(address, tencent=keys, tail=RETRY))
        done = place.run("run", "job.toml")
    written = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]
    for text in (LOGIN, LOGIN.partition(":")[2], base64.b64encode(LOGIN.encode()).decode()):
        assert text not in done.out + done.err
        assert not any(text.encode() in content for content in written)
    return done


def test_a_proxy_that_cuts_tunnels(place: Place, trusting: Place, authority: Authority) -> None:
    """Each tunnel dies under a call, the run goes on through new ones, and every pair is gone."""
    proxy = ConnectProxy()
    proxy.most = 3000  # a handshake and two calls or so
    with (
        Judge({"tencent": PAIRS}) as judge,
        in_thread(proxy.running()) as address,
    ):
        done = run(trusting, judge, authority, address)
        assert done.code == 0, done.err
        assert judge.seen("tencent").left == frozenset()
    lines = ledger(trusting.folder / "runs/job")
    assert sorted((line["from_account"], line["to_account"]) for line in lines) == sorted(PAIRS)
    assert proxy.ends.count("cut") > 5
    assert all(b"\r\nProxy-Authorization: Basic " in head for head in proxy.heads)
    assert place.run("verify", "job.toml").code == 0


def test_a_proxy_that_refuses_the_login(
    place: Place, trusting: Place, authority: Authority
) -> None:
    """It is asked once, a person is asked for, and `status` says what for."""
    proxy = ConnectProxy(says(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\n\r\n"))
    with (
        Judge({"tencent": PAIRS}) as judge,
        in_thread(proxy.running()) as address,
    ):
        done = run(trusting, judge, authority, address)
        assert judge.seen("tencent").calls == 0
    assert done.code == 77
    assert len(proxy.heads) == 1
    words = f"the proxy {address} refused the login that proxy_env names (407)"
    assert words in " ".join(done.out.split()) + " ".join(done.err.split())
    assert words in str(place.status())


def test_a_login_that_is_not_there(place: Place) -> None:
    """The run does not begin, and the variable is named."""
    place.write("pairs.csv", csv_text(PAIRS))
    keys = 'proxy = "http://127.0.0.1:1"\nproxy_env = "NOT_SET"'
    place.write("job.toml", toml("https://localhost:1", tencent=keys))
    done = place.run("run", "job.toml")
    assert done.code == 2
    assert "targets.tencent.proxy_env: the environment variable NOT_SET is not set" in done.err


@contextmanager
def tinyproxy(folder: Path) -> Iterator[str]:
    """A real proxy that wants the login; its address."""
    assert TINYPROXY is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user, _, password = LOGIN.partition(":")
    folder.mkdir()
    (folder / "conf").write_text(
        f"Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nBasicAuth {user} {password}\n"
    )
    process = subprocess.Popen(  # noqa: S603  # a program of the system
        [TINYPROXY, "-d", "-c", str(folder / "conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


@pytest.mark.skipif(TINYPROXY is None, reason="tinyproxy is not installed")
def test_through_tinyproxy(trusting: Place, authority: Authority) -> None:
    """With the login every pair is deleted once; with a wrong one nothing leaves, exit 77."""
    with Judge({"tencent": PAIRS}) as judge, tinyproxy(trusting.folder / "tiny") as address:
        wrong = Place(trusting.folder, more={**trusting.more, "PROXY_LOGIN": "me:other"}, cold=True)
        keys = f'proxy = "{address}"\nproxy_env = "PROXY_LOGIN"\nqps = 200\nmax_in_flight = 50'
        trusting.write("pairs.csv", csv_text(PAIRS))
        with in_thread(tls_before(judge.address, authority)) as server:
            trusting.write("job.toml", toml(server, tencent=keys, tail=RETRY))
            assert wrong.run("run", "job.toml").code == 77
            assert judge.seen("tencent").calls == 0
            done = trusting.run("run", "job.toml")
        assert done.code == 0, done.err
        assert judge.seen("tencent").left == frozenset()
    assert statuses(trusting.folder / "runs/job", "tencent") == {"deleted": 200}
