"""[notify]: told with the right words, bounded, without secrets, and never to the run's harm."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import orjson
import pytest
import structlog

from bulkdel.job.job import Event, Job, Notify, ProxySource
from bulkdel.runs.notify import Notifier, event_of
from tests.support import front

TOLD = {"exit_code": 75, "job": "purge", "text": "purge: stopped"}
KEEP = "import pathlib,sys; pathlib.Path('got').write_bytes(sys.stdin.buffer.read())"


def job(folder: Path, **keys: Any) -> Job:
    """A job in `folder` with this [notify]."""
    made = front.job(front.tencent(), run_dir=folder / "run")
    return replace(made, source=folder / "purge.toml", notify=Notify.model_construct(**keys))


def python(code: str) -> tuple[str, ...]:
    """A command that runs `code`."""
    return (sys.executable, "-c", code)


def tell(of: Job, event: Event = Event.STOP, *, within_s: float = 10.0) -> list[dict[str, Any]]:
    """Tell, wait, and answer what the log was told."""
    with structlog.testing.capture_logs() as logs:
        notifier = Notifier(of, within_s=within_s)
        notifier.tell(event, lambda: TOLD)
        notifier.close()
    return [dict(one) for one in logs]


class Hook(BaseHTTPRequestHandler):
    """Remembers what it was sent."""

    bodies: list[tuple[str, bytes]]
    status = 200

    def do_POST(self) -> None:
        """Answer as told."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append((self.path, body))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hook(status: int = 200) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A hook's address, and what it got."""
    bodies: list[tuple[str, bytes]] = []
    kind = type("ThisHook", (Hook,), {"bodies": bodies, "status": status})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/x/T0P?y=S3CRET", bodies
        server.shutdown()


@pytest.mark.parametrize(
    ("code", "event"),
    [
        (0, Event.FINISH),
        (1, Event.FINISH),
        (2, None),
        (3, Event.GUARD),
        (75, Event.STOP),
        (77, Event.CREDENTIALS),
    ],
)
def test_events(code: int, event: Event | None) -> None:
    """Every exit code of run has its event, but for a wrong command."""
    assert event_of(code) is event


def test_a_command_gets_json(tmp_path: Path) -> None:
    """One JSON object on standard input, in the job file's directory."""
    logs = tell(job(tmp_path, command=python(KEEP)))
    assert orjson.loads((tmp_path / "got").read_bytes()) == {"version": 1, "event": "stop", **TOLD}
    assert [(one["event"], one["of"], one["by"]) for one in logs] == [
        ("notify.told", "stop", "command")
    ]


def test_a_command_gets_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that the targets' secrets are in are taken out of its environment."""
    monkeypatch.setenv("TENCENT_SECRET_KEY", "hunter2")
    monkeypatch.setenv("HOOK_TOKEN", "kept")
    code = "import os,pathlib; pathlib.Path('env').write_text(repr(dict(os.environ)))"
    tell(job(tmp_path, command=python(code)))
    got = (tmp_path / "env").read_text()
    assert "hunter2" not in got
    assert "kept" in got


def test_a_command_that_fails(tmp_path: Path) -> None:
    """Its exit code and its last words are in the log, bounded."""
    code = "import sys; sys.stderr.write('x' * 100000 + ' no mail'); sys.exit(4)"
    (log,) = tell(job(tmp_path, command=python(code)))
    assert log["log_level"] == "warning"
    assert log["reason"].startswith("exit 4: ")
    assert log["reason"].endswith("no mail")
    assert len(log["reason"]) < 500


def test_a_command_that_tells_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a target is signed with, or a proxy is told, is not logged, nor a piece of it."""
    secret, proxy = "0f1e2d3c4b5a69788796", "http://me:pa55word@proxy.example:3128"
    monkeypatch.setenv("TENCENT_SECRET_KEY", secret)
    monkeypatch.setenv("https_proxy", proxy)
    for said in (secret, secret[4:], proxy, "y" * 387 + secret, secret + "y" * 391):
        code = f"import sys; sys.stderr.write('no: {said}'); sys.exit(1)"
        (log,) = tell(job(tmp_path, command=python(code)))
        assert log["reason"].startswith("exit 1: ")
        assert "***" in log["reason"] or said.startswith(secret + "yyy")
        assert not any(secret[at : at + 8] in log["reason"] for at in range(len(secret) - 8))
        assert "pa55" not in log["reason"]


def test_a_command_is_not_given_what_a_proxy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in its environment nor, where it knows it, from its words into the log."""
    monkeypatch.setenv("PROXY_LOGIN", "me:pa55word")
    proxy = ProxySource(address="http://proxy.corp:3128", env="PROXY_LOGIN")
    code = (
        "import os, sys; told = os.environ.get('PROXY_LOGIN', 'none')\n"
        "sys.stderr.write(f'{told}, me:pa55word, bWU6cGE1NXdvcmQ='); sys.exit(1)"
    )
    made = job(tmp_path, command=python(code))
    made = replace(made, targets=tuple(replace(one, proxy=proxy) for one in made.targets))
    (log,) = tell(made)
    assert log["reason"] == "exit 1: none, ***, ***"


def test_a_command_gets_no_descriptor_of_ours(tmp_path: Path) -> None:
    """Of what is open here it has its three streams, whatever is marked as to be inherited."""
    with (tmp_path / "ours").open("wb") as ours:
        os.set_inheritable(ours.fileno(), True)
        code = (
            "import os, pathlib\nfds = []\n"
            "for fd in range(3, 200):\n"
            "    try: os.fstat(fd); fds.append(fd)\n"
            "    except OSError: pass\n"
            "pathlib.Path('fds').write_text(repr(fds))"
        )
        tell(job(tmp_path, command=python(code)))
    assert (tmp_path / "fds").read_text() == "[]"


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """One warning."""
    (log,) = tell(job(tmp_path, command=("./nothing-here",)))
    assert log["reason"] == "it cannot be started: No such file or directory"


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os,time; os.close(2); time.sleep(60)",
        (
            "import subprocess,sys,time; subprocess.Popen([sys.executable,'-c',"
            "'import time; time.sleep(60)']); time.sleep(60)"
        ),
    ],
)
def test_a_command_that_hangs(tmp_path: Path, code: str) -> None:
    """It is killed when its time is up, with all that it started."""
    began = monotonic()
    (log,) = tell(job(tmp_path, command=python(code)), within_s=1.0)
    assert log["reason"] == "it did not end within 1 s"
    assert monotonic() - began < 10


def test_a_command_that_leaves_something_behind(tmp_path: Path) -> None:
    """What it leaves in the background with its standard error keeps nobody waiting."""
    code = (
        "import subprocess,sys; subprocess.Popen([sys.executable,'-c',"
        "'import time; time.sleep(20)'])"
    )
    began = monotonic()
    (log,) = tell(job(tmp_path, command=python(code)), within_s=15.0)
    assert log["event"] == "notify.told"
    assert monotonic() - began < 10


def test_an_address_gets_json(tmp_path: Path) -> None:
    """One POST with the same JSON, with the address's path and query."""
    with hook() as (address, bodies):
        logs = tell(job(tmp_path, url=address))
    ((path, body),) = bodies
    assert path == "/x/T0P?y=S3CRET"
    assert orjson.loads(body) == {"version": 1, "event": "stop", **TOLD}
    assert [one["event"] for one in logs] == ["notify.told"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_address_that_refuses(tmp_path: Path, status: int) -> None:
    """No redirect is followed, nothing is sent twice, and the log does not hold the address."""
    with hook(status) as (address, bodies):
        (log,) = tell(job(tmp_path, url=address))
    assert len(bodies) == 1
    assert log["reason"] == f"HTTP status {status}"
    assert "T0P" not in str(log)
    assert "S3CRET" not in str(log)


def test_an_address_that_is_not_there(tmp_path: Path) -> None:
    """One warning, which does not hold the address."""
    with hook() as (address, _):
        pass
    (log,) = tell(job(tmp_path, url=address))
    assert log["reason"] == "could not connect: Connection refused"
    assert "T0P" not in str(log)


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    """An event that `on` does not name is not told."""
    of = job(tmp_path, command=python(KEEP), on=frozenset({Event.GUARD}))
    assert tell(of, Event.STOP) == []
    assert not (tmp_path / "got").exists()
    assert [one["of"] for one in tell(of, Event.GUARD)] == ["guard"]
