"""`check` against the emulated providers and against servers made by hand."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
import trustme

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faults import Fault
from bulkdel.emulator.server import EmulatorServer
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.job.job import ProxySource
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.lock import hold
from bulkdel.plan.make import make_plan
from bulkdel.plan.sample import sample_of
from bulkdel.plan.values import Lookalike
from bulkdel.providers import PROVIDERS
from bulkdel.report.checks import Check, Grade, exit_code
from bulkdel.runs import check as module
from bulkdel.runs import check_machine
from bulkdel.runs.check import preflight
from bulkdel.runs.check_machine import look_at_job
from bulkdel.runs.check_network import findings_of, proxies_in
from bulkdel.send.probe import Probe, ProbeStep
from tests.support import build
from tests.support.connect_proxy import Authority, ConnectProxy, in_thread, says

APP = 1400000000
KEY = "TEST_SECRET_KEY"
JOB = """
operation = "{operation}"
mode = "two_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
{more}
[targets.it]
provider = "{provider}"
app_id = {app_id}
secret_env = "TEST_SECRET_KEY"
endpoint = "{address}"
[retry]
timeout_s = 4
"""

both = pytest.mark.parametrize("provider", ["tencent", "zego"])


class Served:
    """A server in a thread of its own, and what it was asked."""

    def __init__(self, *emulated: Emulated, context: ssl.SSLContext | None = None) -> None:
        self._emulated = emulated
        self._context = context
        self._up = Event()
        self.address = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._down: asyncio.Event | None = None

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._down = asyncio.Event()
        if self._context is None:
            async with EmulatorServer(*self._emulated) as server:
                self.address = server.address
                self._up.set()
                await self._down.wait()
                await asyncio.sleep(0)  # what was accepted last gets its handler
            await asyncio.sleep(0)  # and what was dropped is closed
            return
        raw = await asyncio.start_server(_hang_up, "127.0.0.1", 0, ssl=self._context)
        self.address = f"https://localhost:{raw.sockets[0].getsockname()[1]}"
        self._up.set()
        await self._down.wait()
        raw.close()
        await raw.wait_closed()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Its address."""
        thread = Thread(target=lambda: asyncio.run(self._serve()))
        thread.start()
        assert self._up.wait(10)
        try:
            yield self.address
        finally:
            assert self._loop
            assert self._down
            self._loop.call_soon_threadsafe(self._down.set)
            thread.join(10)


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, DEMO_SECRET)
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\nb,c\n")


def found(
    folder: Path,
    address: str,
    provider: str = "tencent",
    *,
    operation: str = "delete_friends",
    app_id: int = APP,
    more: str = "",
    offline: bool = False,
    skew_s: float = 0.0,
) -> dict[str, Check]:
    """The findings by their names; the last one of each."""
    file = folder / "job.toml"
    text = JOB.format(
        operation=operation, provider=provider, app_id=app_id, address=address, more=more
    )
    file.write_text(text)
    sections = preflight(load_job(file), offline=offline, now_s=lambda: time.time() + skew_s)
    assert not any(DEMO_SECRET in str(section) for section in sections)
    crosses = [one for section in sections for one in section.checks if one.grade is Grade.CROSSED]
    assert exit_code(sections) == (1 if crosses else 0)
    assert all(one.mend for one in crosses)
    return {one.name: one for section in sections for one in section.checks}


def emulated(provider: str, *, app_id: int = APP, fault: Fault | None = None) -> Emulated:
    """An app that knows who is friends with whom."""
    one = Emulated(provider, app=EmulatedApp(app_id=app_id), log=None)
    if fault is not None:
        one.fault = fault
    one.world.befriend([("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")])
    return one


@both
def test_all_is_well(tmp_path: Path, provider: str) -> None:
    """A right job has no cross, costs one call, and changes nothing anywhere."""
    app = emulated(provider)
    with Served(app).running() as address:
        seen = found(tmp_path, address, provider)

    assert {name: one.grade for name, one in seen.items() if one.grade is not Grade.GOOD} == {
        "TLS": Grade.SKIPPED
    }
    assert "2 rows; the first: a -> a" in seen["input"].words
    assert app.stats.received == 1
    assert app.world.has("a", "b")
    assert app.world.has("b", "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.toml", "pairs.csv"]


@both
def test_whole_lists_are_asked_about_too(tmp_path: Path, provider: str) -> None:
    """For delete_all_friends the call asks about a pair as well, and clears nothing."""
    app = emulated(provider)
    (tmp_path / "pairs.csv").write_text("From_Account\na\n")
    with Served(app).running() as address:
        seen = found(tmp_path, address, provider, operation="delete_all_friends")

    assert seen["credentials"].grade is Grade.GOOD
    assert app.world.has("a", "b")


@both
def test_wrong_key(tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of another app is refused, and it is said whose key is wanted."""
    monkeypatch.setenv(KEY, "f" * 32)
    with Served(emulated(provider)).running() as address:
        seen = found(tmp_path, address, provider)

    assert seen["credentials"].grade is Grade.CROSSED
    code = {"tencent": "code 70003", "zego": "code 100000005"}[provider]
    assert code in seen["credentials"].words or "code 70009" in seen["credentials"].words
    assert "app_id" in seen["credentials"].mend
    assert "f" * 32 not in str(seen)


@both
def test_wrong_app(tmp_path: Path, provider: str) -> None:
    """An app that the address does not know is a cross that names app_id (and the region)."""
    with Served(emulated(provider)).running() as address:
        seen = found(tmp_path, address, provider, app_id=1400000001)

    assert seen["credentials"].grade is Grade.CROSSED
    code = {"tencent": "code 70020", "zego": "code 100000011"}[provider]
    assert code in seen["credentials"].words
    assert "app_id" in seen["credentials"].mend
    assert ("region" in seen["credentials"].mend) == (provider == "tencent")


@both
def test_unknown_accounts_are_no_cross(tmp_path: Path, provider: str) -> None:
    """An app that lets the call in but knows none of the accounts has accepted the credentials."""
    app = emulated(provider)
    app.world.existing = set()
    with Served(app).running() as address:
        seen = found(tmp_path, address, provider)

    assert seen["credentials"].grade is Grade.GOOD


@pytest.mark.parametrize(
    ("provider", "skew_s", "grade"),
    [
        ("zego", 45, Grade.GOOD),
        ("zego", -200, Grade.WARNING),
        ("zego", 200, Grade.WARNING),
        ("zego", 720, Grade.CROSSED),
        ("zego", -720, Grade.CROSSED),
        ("tencent", 720, Grade.WARNING),
    ],
)
def test_clocks(tmp_path: Path, provider: str, skew_s: float, grade: Grade) -> None:
    """ZEGO allows ten minutes: more is a cross, over a minute and a half a warning."""
    with Served(emulated(provider)).running() as address:
        seen = found(tmp_path, address, provider, skew_s=skew_s)

    assert seen["clock"].grade is grade
    if grade is not Grade.GOOD:
        assert ("ahead of" if skew_s > 0 else "behind") in seen["clock"].words
    if grade is Grade.CROSSED:
        assert "code 100000004" in seen["credentials"].words


def test_closed_port(tmp_path: Path) -> None:
    """Nobody listens: one cross for the address, and nothing behind it is looked at."""
    with Served(emulated("tencent")).running() as address:
        pass
    seen = found(tmp_path, address)

    assert seen["address"].grade is Grade.CROSSED
    assert "Connection refused" in seen["address"].words
    assert "TLS" not in seen
    assert "credentials" not in seen


def test_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    """A certificate of an unknown authority is a cross at TLS, and no call leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Served(context=context).running() as address:
        seen = found(tmp_path, address)

    assert seen["address"].grade is Grade.GOOD
    assert seen["TLS"].grade is Grade.CROSSED
    assert "not trusted" in seen["TLS"].words
    assert "credentials" not in seen


def test_certificate_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted certificate is a tick that says until when; one about to expire is a warning."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with Served(context=context).running() as address:
        seen = found(tmp_path, address)

    assert seen["TLS"].grade is Grade.GOOD
    assert "good until" in seen["TLS"].words
    assert seen["credentials"].grade is Grade.CROSSED  # that server hangs up


LOGIN = "PROXY_LOGIN"
WANTS = b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\n\r\n"


def found_through(
    folder: Path, monkeypatch: pytest.MonkeyPatch, proxy: ConnectProxy, *keys: str
) -> dict[str, Check]:
    """What is found of a server with TLS that hangs up, through a proxy."""
    monkeypatch.setenv(LOGIN, "me:pa55word")
    authority = Authority()
    authority.pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    with (
        Served(context=authority.server).running() as address,
        in_thread(proxy.running()) as at,
    ):
        seen = found(folder, "\n".join((f'{address}"', f'proxy = "{at}"', *keys))[:-1])
    assert not any("pa55" in repr(one) for one in seen.values())
    return seen


def test_through_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy, TLS and call, all by the same way; what a proxy may do later is said."""
    proxy = ConnectProxy()
    seen = found_through(tmp_path, monkeypatch, proxy, f'proxy_env = "{LOGIN}"')

    assert seen["proxy"].grade is Grade.GOOD
    assert f"{proxy.address} (127.0.0.1) connects to localhost:" in seen["proxy"].words
    assert "may still arrive" in seen["proxy"].words
    assert seen["TLS"].grade is Grade.GOOD
    assert seen["credentials"].grade is Grade.CROSSED  # that server hangs up
    assert "address" not in seen
    assert len(proxy.heads) == 2
    assert all(b"\r\nProxy-Authorization: Basic " in head for head in proxy.heads)


@pytest.mark.parametrize(
    ("fault", "keys", "said"),
    [
        (WANTS, (), ("wants a login (407)", "write targets.it.proxy_env with the name of")),
        (
            WANTS,
            (f'proxy_env = "{LOGIN}"',),
            ("refused the login", f"user:password into {LOGIN}"),
        ),
        (
            b"HTTP/1.1 403 X\r\n\r\n",
            (),
            ("CONNECT with 403", "does it allow CONNECT to localhost:"),
        ),
        (b"what?", (), ("not HTTP", "is that an HTTP proxy")),
    ],
)
def test_a_proxy_that_does_not_connect(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: bytes,
    keys: tuple[str, ...],
    said: tuple[str, str],
) -> None:
    """A cross for the proxy with what to do, and nothing behind it is looked at."""
    proxy = ConnectProxy(says(fault))
    seen = found_through(tmp_path, monkeypatch, proxy, *keys)

    assert seen["proxy"].grade is Grade.CROSSED
    assert proxy.address in seen["proxy"].words
    assert said[0] in seen["proxy"].words
    assert said[1] in seen["proxy"].mend
    assert not {"address", "TLS", "credentials"} & {*seen}
    assert len(proxy.heads) == 1


def test_a_login_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, and the proxy is asked for nothing."""
    monkeypatch.delenv("NOT_SET", raising=False)
    proxy = ConnectProxy()
    seen = found_through(tmp_path, monkeypatch, proxy, 'proxy_env = "NOT_SET"')

    assert seen["proxy"].grade is Grade.CROSSED
    assert "NOT_SET is not set" in seen["proxy"].words
    assert "user:password" in seen["proxy"].mend
    assert proxy.heads == []


def test_a_proxy_where_nobody_listens(tmp_path: Path) -> None:
    """Its address is crossed, with the key to look at."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        proxy = f"http://127.0.0.1:{gone.getsockname()[1]}"
    seen = found(tmp_path, f'https://localhost:1"\nproxy = "{proxy}')

    assert seen["proxy"].grade is Grade.CROSSED
    assert f"{proxy} (127.0.0.1): cannot connect: Connection refused" in seen["proxy"].words
    assert "is targets.it.proxy right" in seen["proxy"].mend


def test_no_tls_where_it_is_wanted(tmp_path: Path) -> None:
    """TLS to a port that speaks plain http is a cross at TLS."""
    with Served(emulated("tencent")).running() as address:
        seen = found(tmp_path, address.replace("http:", "https:"))

    assert seen["TLS"].grade is Grade.CROSSED


@both
def test_no_secret(tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a secret the address is looked at, and no call is made."""
    monkeypatch.delenv(KEY)
    app = emulated(provider)
    with Served(app).running() as address:
        seen = found(tmp_path, address, provider)

    assert seen["secret"].grade is Grade.CROSSED
    assert seen["secret"].mend.startswith(f"export {KEY}=")
    assert seen["address"].grade is Grade.GOOD
    assert seen["credentials"].grade is Grade.SKIPPED
    assert app.stats.received == 0


def test_offline(tmp_path: Path) -> None:
    """--offline asks nobody."""
    app = emulated("tencent")
    with Served(app).running() as address:
        seen = found(tmp_path, address, offline=True)

    assert seen["network"].grade is Grade.SKIPPED
    assert app.stats.received == 0


def test_a_run_under_way_keeps_its_rate(tmp_path: Path) -> None:
    """While a process works on the run, no call is added to those that fill its rate."""
    app = emulated("tencent")
    with Served(app).running() as address, hold(tmp_path / "run"):
        seen = found(tmp_path, address)

    assert seen["address"].grade is Grade.GOOD
    assert seen["credentials"].grade is Grade.SKIPPED
    assert app.stats.received == 0


def test_no_reply_that_can_be_read(tmp_path: Path) -> None:
    """A server that is no provider leaves it open whether the app is let in: a cross."""
    app = Emulated("zego", app=EmulatedApp(app_id=APP))
    with Served(app).running() as address:
        seen = found(tmp_path, address, "tencent")

    assert seen["credentials"].grade is Grade.CROSSED
    assert "code 404" in seen["credentials"].words


@pytest.mark.parametrize(
    ("content", "more", "grade", "told"),
    [
        ("From_Account,To\na,b\n", "", Grade.CROSSED, "there is no column 'To_Account'"),
        ("From_Account,To_Account\n", "", Grade.WARNING, "no rows"),
        ("", "", Grade.CROSSED, "is empty"),
        ("From_Account,To_Account\na,a\n,b\n", "", Grade.CROSSED, "line 2: from_equals_to"),
        ("From_Account,To_Account\na,b\n,b\n", "", Grade.WARNING, "2 rows; the first: a -> a"),
        ('{"x":"a","y":["b","c"]}\n', 'format="jsonl"', Grade.CROSSED, "missing: From_Account"),
        (
            '{"x":"a","y":["b","c"]}\n',
            'format="jsonl"\nfrom_field="x"\nto_field="y"',
            Grade.GOOD,
            "2 rows; the first: a -> a",
        ),
    ],
)
def test_inputs(tmp_path: Path, content: str, more: str, grade: Grade, told: str) -> None:
    """An input is judged by its first rows, by the rules that the plan has."""
    (tmp_path / "pairs.csv").write_text(content)
    seen = found(tmp_path, "http://127.0.0.1:1", more=more, offline=True)

    assert seen["input"].grade is grade
    assert told in seen["input"].words


def test_large_inputs_are_estimated(tmp_path: Path) -> None:
    """Only the head of a large file is read; the number of its rows is about right."""
    rows = 100_000
    lines = "".join(f"account-{at:06},friend-{at:06}\n" for at in range(rows))
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\n" + lines)
    seen = found(tmp_path, "http://127.0.0.1:1", offline=True)

    about = int(seen["input"].words.partition("about ")[2].partition(" ")[0].replace(",", ""))
    assert 0.98 * rows < about < 1.02 * rows


def test_many_inputs(tmp_path: Path) -> None:
    """Of many files a cross is shown first, few are listed, and a bounded number is looked at."""
    (tmp_path / "pairs.csv").unlink()
    for number in range(300):
        header = "To" if number == 150 else "To_Account"
        (tmp_path / f"{number:03}-pairs.csv").write_text(f"From_Account,{header}\na,b\n")
    file = tmp_path / "job.toml"
    text = JOB.format(
        operation="delete_friends", provider="zego", app_id=1, address="http://[::1]:1", more=""
    )
    file.write_text(text.replace("pairs.csv", "*-pairs.csv"))
    here = preflight(load_job(file), offline=True)[0].checks
    inputs = [one for one in here if one.name == "input"]
    assert [one.grade for one in inputs].index(Grade.CROSSED) == 0
    assert "150-pairs.csv" in inputs[0].words
    assert len(inputs) == 21
    assert inputs[-1].words == "and 280 files more; the first 200 looked at"


def test_input_that_is_not_there(tmp_path: Path) -> None:
    """A missing input is a cross, not the end of the check."""
    (tmp_path / "pairs.csv").unlink()
    seen = found(tmp_path, "http://127.0.0.1:1", offline=True)

    assert seen["input"].grade is Grade.CROSSED
    assert seen["secret"].grade is Grade.GOOD


def test_a_run_directory_that_cannot_be(tmp_path: Path) -> None:
    """A file in the place of the run directory is a cross."""
    (tmp_path / "run").write_text("")
    seen = found(tmp_path, "http://127.0.0.1:1", offline=True)

    assert seen["run directory"].grade is Grade.CROSSED


def test_accounts_to_ask_about_exist_nowhere() -> None:
    """Where the input names no pair, the made-up one is two different valid ids."""
    first, other = module.NOBODY
    assert first != other
    assert all(len(one) <= 32 and one.isascii() for one in module.NOBODY)


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (step, names)
        for step in ProbeStep
        for names in [("HTTPS_PROXY",), ("all_proxy", "http_proxy")]
    ],
)
def test_a_proxy_that_is_not_used_is_named(
    tmp_path: Path, step: ProbeStep, names: tuple[str, ...]
) -> None:
    """Beside what failed, and where nothing did; never what the variable holds."""
    environment = dict.fromkeys(names, "http://user:hunter2@proxy.invalid:3128")
    environment |= {"NO_PROXY": "x", "HTTP_PROXY": "", "PATH": "/"}
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    path = tmp_path / "job.toml"
    path.write_text(
        JOB.format(
            operation="delete_friends", provider="zego", app_id=1, more="", address="x"
        ).replace('endpoint = "x"', 'region = "global"')
    )
    target = load_job(path).targets[0]
    seen = Probe(step=step, trouble="no", host="zim-api.zego.im", ip="192.0.2.1")
    found = list(
        findings_of(
            target,
            PROVIDERS["zego"],
            seen,
            0.0,
            unasked="" if step is ProbeStep.CALL else "not now",
            proxies=proxies_in(environment),
        )
    )
    crosses = [one for one in found if one.grade is Grade.CROSSED and one.name != "credentials"]
    assert all(f"{', '.join(names)} " in one.words for one in crosses)
    assert len(crosses) == (step in (ProbeStep.RESOLVE, ProbeStep.CONNECT, ProbeStep.TLS))
    assert [one.grade for one in found if one.name == "proxy"] == [Grade.SKIPPED]
    assert "hunter2" not in repr(found)
    nobody = findings_of(target, PROVIDERS["zego"], seen, 0.0, unasked="not now")
    assert "proxy" not in [one.name for one in nobody]


@pytest.mark.parametrize("step", ProbeStep)
def test_a_variable_is_named_beside_a_proxy_of_the_job(step: ProbeStep) -> None:
    """Where both are, it is said which one counts, at whichever step the probe stopped."""
    proxy = ProxySource(address="http://proxy.corp:3128")
    target = build.target("zego", proxy=proxy)
    trouble = "" if step is ProbeStep.DONE else "no"
    seen = Probe(step=step, trouble=trouble, host="zim-api.zego.im", ip="192.0.2.1")
    found = {
        one.name: one
        for one in findings_of(
            target, PROVIDERS["zego"], seen, 0.0, unasked="", proxies=("HTTPS_PROXY",)
        )
    }
    stopped = step in (ProbeStep.RESOLVE, ProbeStep.CONNECT, ProbeStep.TUNNEL)
    assert found["proxy"].grade is (Grade.CROSSED if stopped else Grade.GOOD)
    assert "http://proxy.corp:3128" in found["proxy"].words
    assert found["variables"].words == (
        "HTTPS_PROXY is set, and bulkdel does not use it: calls go through the job file's own proxy"
    )
    assert ("TLS" in found) is not stopped
    assert "address" not in found


def test_a_protect_file_that_is_not_understood(tmp_path: Path) -> None:
    """A list that would protect nobody is crossed, naming the file and the line."""
    (tmp_path / "staff.txt").write_text('"boss"\n')
    more = '[guards]\nprotect_files = ["staff.txt"]'
    guards = found(tmp_path, "emulator", more=more, offline=True)["guards"]
    assert guards.grade is Grade.CROSSED
    assert "staff.txt: line 1" in guards.words


def test_guards_that_guard_nobody_of_the_plan(tmp_path: Path) -> None:
    """Where there is a plan and a guard holds nothing of it back, check says so."""
    more = '[guards]\nprotect = ["boss"]\nmax_failure_ratio = 0.5'
    assert found(tmp_path, "emulator", more=more, offline=True)["guards"].grade is Grade.GOOD
    job = load_job(tmp_path / "job.toml")
    make_plan(job)
    warned = [one.words for one in look_at_job(job) if one.grade is Grade.WARNING]
    assert len(warned) == 2
    assert warned[0].startswith("guards.protect: no protected account stands in any row")
    assert warned[1].startswith("guards.max_failure_ratio never stops this run")


def test_odd_ids_are_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids that an export may have changed in the heads of the files are counted and shown."""
    odd = (Lookalike(kind="blank", ids=2, example="a "),)
    monkeypatch.setattr(
        check_machine,
        "sample_of",
        lambda job, source: replace(sample_of(job, source), lookalikes=odd),
    )
    ids = found(tmp_path, "emulator", offline=True)["ids"]
    assert ids.grade is Grade.WARNING
    assert ids.words.startswith("2 ids in the rows looked at begin or end with a blank")
