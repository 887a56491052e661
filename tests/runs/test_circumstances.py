"""What a process says of itself and of its job when a sitting begins."""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import ProxySource, SecretSource
from bulkdel.job.window import Schedule, Window
from bulkdel.ledger.circumstances import COMMAND_CAP, Agreement, Consent, ProtectFile
from bulkdel.plan.protect import protected_accounts, protected_digest
from bulkdel.runs.circumstances import circumstances, settings_of
from tests.support import build, front

CONSENT = Consent(how=Agreement.TYPED, at_ms=77, command="bulkdel run purge.toml")


def test_who_and_where() -> None:
    """The user by number and name, the host, and how somebody agreed."""
    told = circumstances(CONSENT, sends=True, limit=9)
    assert (told.uid, told.user) == (os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name)
    assert told.host == socket.gethostname()
    assert (told.agreement, told.agreed_ms, told.limit) == (Agreement.TYPED, 77, 9)
    assert told.bulkdel
    assert told.python.startswith("3.")


def test_a_user_without_a_name_and_a_name_that_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's bare number has no name; what UTF-8 cannot hold is kept as escapes, capped."""
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    odd = replace(CONSENT, command="run \udcff" + "x" * COMMAND_CAP)
    told = circumstances(odd, sends=True)
    assert (told.user, told.uid) == ("", 4_000_000_000)
    assert told.command.startswith("run \\udcff")
    assert len(told.command) == COMMAND_CAP
    orjson.dumps(told)


def test_the_settings_in_force(tmp_path: Path) -> None:
    """Set and documented rate, guards and the digests of their files, schedule: as they are."""
    file = tmp_path / "staff.txt"
    file.write_text("carla\ndora\n")
    guards = replace(build.GUARDS, protect=("administrator",), protect_files=(file,), max_pairs=7)
    window = Window(begin=time(1), end=time(6, 30), zone=ZoneInfo("Asia/Singapore"))
    job = build.job(
        front.tencent(qps=50),
        guards=guards,
        schedule=Schedule(window=window, waits=True, max_duration_s=60.0),
    )
    protected = protected_accounts(guards)
    told = settings_of(job, job.targets, protected)
    assert (told.targets["tencent"].qps, told.targets["tencent"].documented_qps) == (50, 200)
    assert told.guards.protected_accounts == 3
    assert told.guards.protected_sha256 == protected_digest(protected)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert told.guards.protect_files == (ProtectFile(path=str(file), sha256=sha256),)
    assert told.guards.max_pairs == 7
    assert (told.schedule.window, told.schedule.timezone) == ("01:00-06:30", "Asia/Singapore")
    assert (told.schedule.outside, told.schedule.max_duration_s) == ("wait", 60.0)
    file.unlink()
    with pytest.raises(WrongInput, match="no such file"):
        settings_of(job, job.targets, protected)


def test_only_the_name_of_a_secret_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable or the file, never what it holds."""
    file = tmp_path / "key"
    file.write_text("0123456789abcdef")
    monkeypatch.setenv("TENCENT_SECRET_KEY", "fedcba9876543210")
    monkeypatch.setenv("PROXY_LOGIN", "anna:9876543210fedcba")
    proxy = ProxySource(address="http://proxy.corp:3128", env="PROXY_LOGIN")
    one = replace(front.tencent(), proxy=proxy)
    other = replace(front.zego(), secret=SecretSource(file=file))
    told = settings_of(build.job(one, other), (one, other), ())
    assert told.targets["tencent"].secret_env == "TENCENT_SECRET_KEY"
    assert told.targets["zego"].secret_file == str(file)
    through = told.targets["tencent"]
    assert (through.proxy, through.proxy_env) == ("http://proxy.corp:3128", "PROXY_LOGIN")
    text = orjson.dumps(told)
    assert b"9876543210fedcba" not in text
    assert b"0123456789abcdef" not in text
    assert b"fedcba9876543210" not in text
