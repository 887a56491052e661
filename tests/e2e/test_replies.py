"""What a server may not make the command do: follow, believe, or read without end."""

from __future__ import annotations

import pytest

from tests.e2e.hostile import Hostile, reply
from tests.support.process import Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

OK = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ResultItem":[%s]}'
ITEM = b'{"To_Account":"bob","ResultCode":0,"ResultInfo":""}'
RETRY = "[retry]\nbase_delay_s = 0.001\nmax_delay_s = 0.01\n"


def deleted(_: bytes) -> bytes:
    """A sound answer."""
    return reply(OK % ITEM)


def test_redirects_are_not_followed(place: Place) -> None:
    """The server that a redirect names gets nothing; the call goes to the same address again."""
    place.write("pairs.csv", csv_text([("alice", "bob")]))
    with Hostile([deleted]) as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.port}/v4/sns/friend_delete"

        def redirect(_: bytes) -> bytes:
            return reply(
                b"", status="307 Temporary Redirect", headers=f"Location: {location}\r\n".encode()
            )

        with Hostile([redirect, redirect, deleted]) as server:
            place.write("job.toml", toml(f"http://127.0.0.1:{server.port}", tail=RETRY))
            done = place.run("run", "job.toml")
            assert done.code == 0, done.err
            assert len(server.requests) == 3
        assert elsewhere.requests == []
    assert place.status()["targets"]["tencent"]["calls"] == 3


def test_a_huge_reply_is_not_believed(place: Place) -> None:
    """A reply beyond the bound is a lost answer, though it says deleted; the next one counts."""
    place.write("pairs.csv", csv_text([("alice", "bob")]))

    def huge(_: bytes) -> bytes:
        return reply(OK % ITEM + b" " * (9 << 20))

    with Hostile([huge, deleted]) as server:
        place.write("job.toml", toml(f"http://127.0.0.1:{server.port}", tail=RETRY))
        done = place.run("run", "job.toml")
        assert done.code == 0, done.err
    (line,) = ledger(place.folder / "runs/job")
    assert (line["status"], line["attempts"], line["lost_answers"]) == ("deleted", 2, 1)


def test_answers_for_ids_that_nobody_asked_are_ignored(place: Place) -> None:
    """Ids that were not asked for are ignored; an id without a result is asked for again."""
    place.write("pairs.csv", csv_text([("alice", "bob")]))

    def stranger(_: bytes) -> bytes:
        return reply(OK % ITEM.replace(b"bob", b"eve"))

    with Hostile([stranger, deleted]) as server:
        place.write("job.toml", toml(f"http://127.0.0.1:{server.port}", tail=RETRY))
        assert place.run("run", "job.toml").code == 0
    (line,) = ledger(place.folder / "runs/job")
    assert (line["to_account"], line["attempts"], line["lost_answers"]) == ("bob", 2, 1)
