"""The call that changes nothing, of every provider, against the emulated twin and any reply."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.providers import PROVIDERS
from bulkdel.providers.operations import Standing
from bulkdel.providers.protocol import App, Call, Secret
from tests.support.asking import every_provider
from tests.support.dialects import DIALECTS

NOW_S = 1_767_225_600.75
APP = App(app_id=1400000000, admin="administrator", secret=Secret(DEMO_SECRET))


def call_of(name: str, app: App = APP) -> Call:
    """The call that asks whether "a" has "b"."""
    provider = PROVIDERS[name]
    return provider.encode_check(
        "a",
        "b",
        app=app,
        credentials=provider.credentials(app, NOW_S),
        now_s=NOW_S,
        entropy=bytes(range(8)),
    )


def asked(emulated: Emulated, call: Call) -> tuple[int, bytes]:
    """What the emulated twin answers."""
    query = dict(parse_qsl(call.query, keep_blank_values=True))
    reply = emulated.handle(call.method, call.path, query, call.body or b"", NOW_S)
    return reply.status, reply.body


@every_provider
def test_it_changes_nothing(name: str) -> None:
    """The call is let in, is no deletion, and leaves every list as it was."""
    twin = Emulated(name, app=EmulatedApp(app_id=APP.app_id), log=None)
    twin.world.befriend([("a", "b"), ("b", "a")])
    call = call_of(name)
    heard = PROVIDERS[name].decode_check(*asked(twin, call))

    assert heard.standing is Standing.ACCEPTED
    assert heard.code == 0
    assert "elete" not in f"{call.path}{call.query}{call.body!r}"
    assert twin.world.has("a", "b")
    assert twin.world.has("b", "a")
    assert twin.world.removed == 0


@every_provider
def test_no_secret_in_its_repr(name: str) -> None:
    """Neither the key nor what is made from it shows."""
    assert re.search(r"[0-9A-Za-z*_-]{32,}", repr(call_of(name))) is None


@every_provider
@pytest.mark.parametrize(
    "app",
    [
        App(app_id=APP.app_id, admin=APP.admin, secret=Secret("f" * 32)),
        App(app_id=7, admin=APP.admin, secret=APP.secret),
    ],
)
def test_a_wrong_app_is_not_let_in(name: str, app: App) -> None:
    """A wrong key or app id is never heard as accepted, and there is advice for its code."""
    twin = Emulated(name, app=EmulatedApp(app_id=APP.app_id), log=None)
    heard = PROVIDERS[name].decode_check(*asked(twin, call_of(name, app)))

    assert heard.standing is not Standing.ACCEPTED
    assert PROVIDERS[name].advice(heard.code)


@every_provider
@pytest.mark.parametrize(
    ("kind", "standing"),
    [
        ("throttle", Standing.UNCLEAR),
        ("busy", Standing.UNCLEAR),
        ("unknown_code", Standing.UNCLEAR),
        ("no_such_from", Standing.ACCEPTED),
        ("not_a_friend", Standing.ACCEPTED),
        ("expired", Standing.REFUSED),
        ("wrong_key", Standing.REFUSED),
    ],
)
def test_what_codes_say(name: str, kind: str, standing: Standing) -> None:
    """Codes about accounts say that the app was let in; those about the rate say nothing."""
    code = getattr(DIALECTS[name], kind)
    heard = PROVIDERS[name].decode_check(200, orjson.dumps(DIALECTS[name].whole(code)))

    assert heard.standing is standing
    assert heard.code == code


@every_provider
@given(status=st.integers(0, 1000), body=st.binary(max_size=200))
def test_any_bytes_are_heard(name: str, status: int, body: bytes) -> None:
    """Total: any status and any bytes; accepted only where the provider said so."""
    heard = PROVIDERS[name].decode_check(status, body)
    if heard.standing is Standing.ACCEPTED:
        assert isinstance(orjson.loads(body), dict)


@every_provider
@pytest.mark.parametrize("status", [301, 403, 404, 500, 502])
def test_zero_with_another_status_is_not_accepted(name: str, status: int) -> None:
    """A success that comes with a status that contradicts it is not believed."""
    heard = PROVIDERS[name].decode_check(status, orjson.dumps(DIALECTS[name].whole(0)))
    assert heard.standing is Standing.UNCLEAR
    assert heard.code == status
