"""The emulator as a command: what it serves, until a signal, and what it refuses to serve."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bulkdel.cli.serving import serve_emulator
from bulkdel.emulator.wire import DEMO_SECRET
from bulkdel.errors import WrongInput
from tests.support.process import ROOT, environment

REHEARSED = {"version": 1, "provider": "zego", "target": "t", "at": "2026-11-26T10:00:00Z"}


def refused(**options: Any) -> str:
    """What is said to options that cannot be served."""
    nothing: dict[str, Any] = {
        "port": 0,
        "app_id": 1,
        "secret_env": None,
        "friends": None,
        "only_known": False,
        "like": None,
        "habits": (),
        "providers": (),
        "faults": (),
    }
    with pytest.raises(WrongInput) as caught:
        serve_emulator(**nothing | options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("{", "it is not JSON"),
        ('{"version": 1}', "it is not what a rehearsal writes"),
        (json.dumps(REHEARSED | {"found": {"sun": 1}}), '"sun" is unknown; known are'),
        (json.dumps(REHEARSED | {"found": {}}), "it is of zego, which is not served"),
        (json.dumps(REHEARSED | {"found": {}}) + " " * 2**20 + "x", "it is of zego"),
    ],
)
def test_a_file_that_is_no_rehearsal(tmp_path: Path, content: str | None, message: str) -> None:
    """It is named, with what is wrong; no more than a bounded part of it is read."""
    path = tmp_path / "rehearsal-t.json"
    if content is not None:
        path.write_text(content)
    said = refused(like=path, providers=("tencent",))
    assert f"--like {path}" in said
    assert message in said


def test_a_habit_that_cannot_be() -> None:
    """The option is named."""
    assert "--habit" in refused(habits=("page=0",))


def test_it_answers_as_the_rehearsed_provider_did(tmp_path: Path) -> None:
    """Habits from the file and the line, accounts from the list of friends, until SIGTERM: 0."""
    (tmp_path / "friends.csv").write_text("a,b\nann,bob\ncid\n")
    like = tmp_path / "rehearsal-t.json"
    like.write_text(json.dumps(REHEARSED | {"found": {"unknown_id": "call", "oneself": "item"}}))
    words = ["emulator", "--port", "0", "--provider", "zego", "--like", str(like), "--only-known"]
    words += ["--friends", str(tmp_path / "friends.csv"), "--habit", "oneself=call"]
    with subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "bulkdel", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment(),
    ) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", address)
            codes = [deleted(address, *ids) for ids in (["cid", "dan"], ["ann", "cid"], ["bob"])]
            with urllib.request.urlopen(f"{address}/_emulator/data?account=ann") as reply:  # noqa: S310
                assert json.load(reply) == {"zego": {}}
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert codes == [660700012, 660800033, 0]


def deleted(address: str, *ids: str) -> int:
    """The Code of a one-way DeleteFriends of ann's."""
    nonce, second = secrets.token_hex(8), int(time.time())
    signed = f"1400000000{nonce}{DEMO_SECRET}{second}".encode()
    query = {
        "Action": "DeleteFriends",
        "AppId": 1400000000,
        "SignatureNonce": nonce,
        "Timestamp": second,
        "SignatureVersion": "2.0",
        "Signature": hashlib.md5(signed, usedforsecurity=False).hexdigest(),
    }
    body = {"FromUserId": "ann", "UserIds": ids, "DeleteType": 1}
    request = urllib.request.Request(  # noqa: S310 - to loopback
        f"{address}/?{urlencode(query)}", data=json.dumps(body).encode()
    )
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - to loopback
        return int(json.load(reply)["Code"])
