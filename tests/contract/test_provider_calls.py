"""What every provider's calls are; a new one is picked up from PROVIDERS."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest

from bulkdel.providers import PROVIDERS
from bulkdel.providers.operations import Cursor
from bulkdel.providers.protocol import App, Call, Provider, Secret
from bulkdel.words import Batch, Errand, Mode, Operation, Sweep
from tests.support.asking import BATCH, SWEEP, every_provider
from tests.support.dialects import DIALECTS

every_mode = pytest.mark.parametrize("mode", list(Mode))

NOW_S = 1_767_225_600.75
ENTROPY = bytes(range(8))
KEY = "a-key-that-nobody-may-see"


def encode(
    provider: Provider, entry: Batch | Sweep, mode: Mode = Mode.TWO_WAY, admin: str = "boss"
) -> Call:
    """A call for a fixed app, second and entropy."""
    app = App(app_id=1400000000, admin=admin, secret=Secret(KEY))
    credentials = provider.credentials(app, NOW_S)
    return provider.encode(
        entry, mode, app=app, credentials=credentials, now_s=NOW_S, entropy=ENTROPY
    )


@every_provider
@pytest.mark.parametrize("entry", [BATCH, SWEEP])
def test_no_secret_in_any_repr(name: str, entry: Batch | Sweep) -> None:
    """Neither the key nor what is made from it shows in a repr."""
    app = App(app_id=1, admin="boss", secret=Secret(KEY))
    credentials = PROVIDERS[name].credentials(app, NOW_S)
    call = encode(PROVIDERS[name], entry)
    for shown in (repr(app), repr(credentials), repr(call), str(app.secret)):
        assert KEY not in shown
        assert "sig" not in shown.lower()
        assert re.search(r"[0-9A-Za-z*_-]{32,}", shown) is None


@every_provider
@every_mode
def test_the_two_modes_differ(name: str, mode: Mode) -> None:
    """Each mode is written out in each call, and not as the other one."""
    other = Mode.ONE_WAY if mode is Mode.TWO_WAY else Mode.TWO_WAY
    for entry in (BATCH, SWEEP):
        call = encode(PROVIDERS[name], entry, mode)
        assert "DeleteType" in call.query + (call.body or b"").decode()
        assert call != encode(PROVIDERS[name], entry, other)


@every_provider
def test_a_batch_and_a_sweep_are_different_commands(name: str) -> None:
    """What clears a whole list is never the request that deletes some of it."""
    batch, sweep = encode(PROVIDERS[name], BATCH), encode(PROVIDERS[name], SWEEP)
    commands = [(call.path, dict(parse_qsl(call.query)).get("Action")) for call in (batch, sweep)]
    assert commands[0] != commands[1]


@every_provider
@pytest.mark.parametrize("over", [False, True])
def test_a_batch_outside_the_limits_is_no_call(name: str, over: bool) -> None:
    """No call names no ids or more than the provider ever allows; the most itself passes."""
    most = PROVIDERS[name].limits[Operation.DELETE_FRIENDS].batch_size_most
    full = tuple(f"{n:05d}" for n in range(most))
    body = encode(PROVIDERS[name], Batch(0, "me", full)).body
    assert body is not None
    assert body.count(b'"0') == most
    with pytest.raises(ValueError, match="1 to"):
        encode(PROVIDERS[name], Batch(0, "me", (*full, "x") if over else ()))


@every_provider
@pytest.mark.parametrize("entropy", [b"", b"1234567", b"123456789"])
def test_entropy_has_its_length(name: str, entropy: bytes) -> None:
    """A caller that brings less randomness than agreed is told at once."""
    app = App(app_id=1, admin="boss", secret=Secret(KEY))
    provider = PROVIDERS[name]
    credentials = provider.credentials(app, NOW_S)
    with pytest.raises(ValueError, match="8 random bytes"):
        provider.encode(
            BATCH, Mode.ONE_WAY, app=app, credentials=credentials, now_s=1, entropy=entropy
        )


@every_provider
def test_what_is_declared(name: str) -> None:
    """Names, https addresses and limits that can be worked with, and words for any code."""
    provider = PROVIDERS[name]
    assert provider.name == name
    assert provider.title
    assert all(re.fullmatch(r"https://[a-z0-9.-]+", url) for url in provider.regions.values())
    assert len(set(provider.regions.values())) == len(provider.regions)
    for operation in (*Operation, *Errand):
        limits = provider.limits[operation]
        assert limits.qps > 0
        assert 1 <= limits.batch_size <= limits.batch_size_most
    assert provider.limits[Operation.DELETE_ALL_FRIENDS].batch_size_most == 1
    assert provider.words(0) == "done"
    assert provider.words(-1) == "no reply"
    assert provider.words(503) == "HTTP status 503"
    assert provider.words(DIALECTS[name].not_a_friend) == "not a friend"
    assert "does not list" in provider.words(DIALECTS[name].unknown_code)


@every_provider
@every_mode
def test_each_operation_is_done_to_what_it_is_for(name: str, mode: Mode) -> None:
    """What is done to batches is never done to a whole list, nor the other way round."""
    provider = PROVIDERS[name]
    on_batches = {Operation.DELETE_FRIENDS, Errand.ASK, Errand.PUT_BACK}
    on_lists = {Operation.DELETE_ALL_FRIENDS, Errand.ASK_LIST}
    for operation in (*Operation, *Errand):
        limits = provider.limits[operation]
        if operation in on_batches:
            assert provider.on_batches(operation, mode).limits == limits
        else:
            with pytest.raises(ValueError, match="not done to batches"):
                provider.on_batches(operation, mode)
        if operation in on_lists:
            assert provider.on_lists(operation).limits == limits
        else:
            with pytest.raises(ValueError, match="not done to whole lists"):
                provider.on_lists(operation)


@every_provider
@every_mode
def test_no_errand_is_a_deletion(name: str, mode: Mode) -> None:
    """What a run beside a run asks for is never the command that deletes."""
    provider = PROVIDERS[name]
    deletions = {provider.command(entry, mode).name for entry in (BATCH, SWEEP)}
    batch = Batch(0, "me", ("a",), data=("{}",))
    commands = [
        provider.on_batches(Errand.ASK, mode).encode(BATCH, mode),
        provider.on_batches(Errand.PUT_BACK, mode).encode(batch, mode),
        provider.on_lists(Errand.ASK_LIST).encode(SWEEP, mode),
        provider.pull_friends.encode(Cursor(account="me"), mode),
        *(fill.calls.encode(batch, mode) for fill in provider.put_back.fill),
    ]
    assert deletions.isdisjoint(command.name for command in commands)
    assert all("DeleteType" not in str(one.content) + str(one.parameters) for one in commands)
