"""Rules that every provider keeps; a new one is picked up from PROVIDERS."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import App, Call, Provider, Secret
from bulkdel.words import INFO_CAP, Answer, Batch, Mode, Operation, Ruling, Sweep, Verdict
from tests.support.dialects import DIALECTS

every_provider = pytest.mark.parametrize("name", sorted(PROVIDERS))
every_mode = pytest.mark.parametrize("mode", list(Mode))

BATCH = Batch(0, "me", ("a", "b", "c", "d"))
ALONE = Batch(1, "me", ("a",))
SWEEP = Sweep(2, "me")
NOW_S = 1_767_225_600.75
ENTROPY = bytes(range(8))
KEY = "a-key-that-nobody-may-see"
SETTLED_WELL = (Verdict.DELETED, Verdict.ALREADY_GONE)


def said(answer: Answer, account: str) -> Ruling:
    """The ruling for one id."""
    return answer.items.get(account, answer.rest)


def decode(name: str, entry: Batch | Sweep, reply: object, status: int = 200) -> Answer:
    """The answer to a reply with this JSON."""
    return PROVIDERS[name].decode(entry, status, orjson.dumps(reply))


def encode(
    provider: Provider, entry: Batch | Sweep, mode: Mode = Mode.TWO_WAY, admin: str = "boss"
) -> Call:
    """A call for a fixed app, second and entropy."""
    app = App(app_id=1400000000, admin=admin, secret=Secret(KEY))
    credentials = provider.credentials(app, NOW_S)
    return provider.encode(
        entry, mode, app=app, credentials=credentials, now_s=NOW_S, entropy=ENTROPY
    )


# --- what a reply says ---------------------------------------------------------------------------


@every_provider
def test_success_deletes_every_id(name: str) -> None:
    """A documented success says deleted, with code 0, of each id and of nothing else."""
    answer = decode(name, BATCH, DIALECTS[name].items(BATCH.to_accounts, {}))
    assert answer == Answer(rest=Ruling(verdict=Verdict.DELETED, code=0))
    assert decode(name, SWEEP, DIALECTS[name].whole(0)) == answer


@every_provider
def test_items_are_joined_by_id_and_strangers_ignored(name: str) -> None:
    """Exceptions land on their own ids; an id that the call did not carry changes nothing."""
    dialect = DIALECTS[name]
    codes = {"stranger": dialect.busy, "c": dialect.not_a_friend, "b": dialect.busy}
    answer = decode(name, BATCH, dialect.items(BATCH.to_accounts, codes))
    assert [said(answer, account).verdict for account in BATCH.to_accounts] == [
        Verdict.DELETED,
        Verdict.TRANSIENT,
        Verdict.ALREADY_GONE,
        Verdict.DELETED,
    ]
    assert answer.strangers == 1
    assert said(answer, "c").code == dialect.not_a_friend


@every_provider
@pytest.mark.parametrize("entry", [BATCH, ALONE, SWEEP])
def test_an_unknown_code_settles_nothing(name: str, entry: Batch | Sweep) -> None:
    """A code in no table goes again, is named, and may have been carried out."""
    ruling = decode(name, entry, DIALECTS[name].whole(DIALECTS[name].unknown_code)).rest
    assert (ruling.verdict, ruling.known, ruling.lost) == (Verdict.TRANSIENT, False, True)
    assert ruling.code == DIALECTS[name].unknown_code


@every_provider
def test_an_unknown_code_of_an_item_settles_nothing(name: str) -> None:
    """An unknown code of one id leaves that id open and the others deleted."""
    dialect = DIALECTS[name]
    answer = decode(name, BATCH, dialect.items(BATCH.to_accounts, {"b": dialect.unknown_code}))
    assert answer.rest.verdict is Verdict.DELETED
    assert list(answer.items) == ["b"]
    assert (answer.items["b"].verdict, answer.items["b"].known) == (Verdict.TRANSIENT, False)


@every_provider
@pytest.mark.parametrize(
    ("what", "several", "one", "sweep"),
    [
        ("not_a_friend", Verdict.SPLIT, Verdict.ALREADY_GONE, Verdict.ALREADY_GONE),
        ("throttle", Verdict.THROTTLED, Verdict.THROTTLED, Verdict.THROTTLED),
        ("busy", Verdict.TRANSIENT, Verdict.TRANSIENT, Verdict.TRANSIENT),
        ("no_such_from", Verdict.FAILED, Verdict.FAILED, Verdict.FAILED),
        ("bad_parameter", Verdict.SPLIT, Verdict.FAILED, Verdict.FAILED),
        ("expired", Verdict.RESIGN, Verdict.RESIGN, Verdict.RESIGN),
        ("wrong_key", Verdict.FATAL, Verdict.FATAL, Verdict.FATAL),
    ],
)
def test_the_code_of_a_whole_call(
    name: str, what: str, several: Verdict, one: Verdict, sweep: Verdict
) -> None:
    """One code for a whole call; where it blames an id unnamed, only a call of several splits."""
    reply = DIALECTS[name].whole(getattr(DIALECTS[name], what))
    verdicts = [decode(name, entry, reply).rest.verdict for entry in (BATCH, ALONE, SWEEP)]
    assert verdicts == [several, one, sweep]


@every_provider
@pytest.mark.parametrize("code", [False, True, 0.0, "0", None, [], {}, -1, 2**63, 1e300])
@pytest.mark.parametrize("entry", [BATCH, ALONE, SWEEP])
def test_what_is_no_integer_is_no_code(name: str, entry: Batch | Sweep, code: object) -> None:
    """Nothing but a JSON integer in range says anything, least of all success."""
    ruling = decode(name, entry, DIALECTS[name].whole(code)).rest
    assert (ruling.verdict, ruling.code, ruling.lost) == (Verdict.TRANSIENT, -2, True)
    if isinstance(entry, Batch):
        items = DIALECTS[name].items(entry.to_accounts, {"a": code})
        ruling = said(decode(name, entry, items), "a")
        assert (ruling.verdict, ruling.code, ruling.lost) == (Verdict.TRANSIENT, -2, True)


@every_provider
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"0", b'"OK"', b"{}", b'{"Code":0,"ErrorCode":0', b"\xff{}"],
)
@pytest.mark.parametrize("entry", [BATCH, ALONE, SWEEP])
def test_an_unreadable_success_is_a_lost_answer(
    name: str, entry: Batch | Sweep, body: bytes
) -> None:
    """Status 200 without a readable reply: nothing is settled, all may have been carried out."""
    ruling = PROVIDERS[name].decode(entry, 200, body).rest
    assert (ruling.verdict, ruling.code, ruling.lost) == (Verdict.TRANSIENT, -2, True)


@every_provider
def test_deep_nesting_is_unreadable(name: str) -> None:
    """A body that would exhaust a recursive reader is only unreadable."""
    assert PROVIDERS[name].decode(BATCH, 200, b"[" * 200_000).rest.code == -2


@every_provider
@pytest.mark.parametrize(
    ("status", "verdict", "lost", "known"),
    [
        (429, Verdict.THROTTLED, False, True),
        (500, Verdict.TRANSIENT, True, True),
        (502, Verdict.TRANSIENT, True, True),
        (504, Verdict.TRANSIENT, True, True),
        (301, Verdict.TRANSIENT, False, False),
        (307, Verdict.TRANSIENT, False, False),
        (400, Verdict.TRANSIENT, False, False),
        (401, Verdict.TRANSIENT, False, False),
        (403, Verdict.TRANSIENT, False, False),
        (404, Verdict.TRANSIENT, False, False),
        (204, Verdict.TRANSIENT, True, False),
        (101, Verdict.TRANSIENT, True, False),
        (700, Verdict.TRANSIENT, True, False),
    ],
)
@pytest.mark.parametrize("entry", [BATCH, ALONE, SWEEP])
def test_a_status_without_a_usable_code(
    name: str, entry: Batch | Sweep, *, status: int, verdict: Verdict, lost: bool, known: bool
) -> None:
    """The status rules a reply without a code of the table; even one that claims success."""
    dialect = DIALECTS[name]
    replies = [b"<html>/?usersig=x", b"", *map(orjson.dumps, (dialect.whole(0), {"x": 1}))]
    replies.append(orjson.dumps(dialect.items(("a",), {})))
    replies.append(orjson.dumps(dialect.whole(dialect.unknown_code)))
    for body in replies:
        ruling = PROVIDERS[name].decode(entry, status, body).rest
        assert (ruling.verdict, ruling.lost, ruling.known) == (verdict, lost, known)
        assert ruling.code == status
        assert ruling.info.startswith(f"HTTP {status}")


@every_provider
@pytest.mark.parametrize("status", [0, 7, -200, 1000])
def test_no_number_passes_for_an_http_status(name: str, status: int) -> None:
    """What is no HTTP status is never written down as a provider's code, least of all 0."""
    ruling = PROVIDERS[name].decode(BATCH, status, b"").rest
    assert (ruling.verdict, ruling.code, ruling.lost) == (Verdict.TRANSIENT, -2, True)


@every_provider
def test_a_redirect_says_that_it_was_not_followed(name: str) -> None:
    """Whoever reads the log learns why nothing came of it."""
    assert "redirect" in PROVIDERS[name].decode(BATCH, 302, b"").rest.info


@every_provider
@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_a_known_code_rules_with_any_status(name: str, status: int) -> None:
    """A refusal that the provider words itself counts more than the status around it."""
    dialect = DIALECTS[name]
    for what, verdict in [
        ("wrong_key", Verdict.FATAL),
        ("throttle", Verdict.THROTTLED),
        ("no_such_from", Verdict.FAILED),
    ]:
        code = getattr(dialect, what)
        ruling = decode(name, BATCH, dialect.whole(code), status).rest
        assert (ruling.verdict, ruling.code) == (verdict, code)


@every_provider
@pytest.mark.parametrize("status", [201, 400, 429, 500])
def test_nothing_is_gone_without_status_200(name: str, status: int) -> None:
    """Neither "not a friend" nor an item's success counts in a reply that is not a success."""
    dialect = DIALECTS[name]
    for entry in (BATCH, ALONE, SWEEP):
        answer = decode(name, entry, dialect.whole(dialect.not_a_friend), status)
        assert answer.rest.verdict not in SETTLED_WELL
    mixed = dialect.items(BATCH.to_accounts, {"a": dialect.not_a_friend})
    mixed |= {"Code": dialect.busy, "ErrorCode": dialect.busy}
    answer = decode(name, BATCH, mixed, status)
    for account in BATCH.to_accounts:
        assert said(answer, account).verdict is Verdict.TRANSIENT
        assert said(answer, account).lost


@every_provider
def test_texts_are_capped_and_harmless(name: str) -> None:
    """A provider's text is one line of at most INFO_CAP characters without long random words."""
    dialect = DIALECTS[name]
    signature = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVW"
    text = (
        f"bad\r\n\x1b[31m\u202e ?usersig={signature}&s=43e5cfcca828314675f91b001390566a "
        + "x " * 999
    )
    reply = dialect.whole(dialect.busy) | {"ErrorInfo": text, "Message": text}
    info = decode(name, BATCH, reply).rest.info
    assert len(info) <= INFO_CAP
    assert info.isprintable()
    assert info.startswith("bad")
    assert signature not in info
    assert "eJyrV" not in info
    assert "43e5cf" not in info


# --- any reply ------------------------------------------------------------------------------------

ids = st.sampled_from(["a", "b", "c", "d", "stranger", "A", "", "1"])
odd = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=4)
codes = (
    st.just(0)
    | st.sampled_from([30001, 30003, 30006, 31704, 31707, 60007, 70001, 70009, 70206])
    | st.sampled_from([1, 7, 3, 660000002, 660300005, 660800019, 660800034, 660500002])
    | odd
)
items = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "To_Account": ids | odd,
            "UserId": ids | odd,
            "ResultCode": codes,
            "SubCode": codes,
            "ResultInfo": odd | st.sampled_from(["Err_SNS_FriendDelete_Not_Friend"]),
        },
    )
    | odd,
    max_size=6,
)
documents = (
    st.fixed_dictionaries(
        {},
        optional={
            "ErrorCode": codes,
            "Code": codes,
            "ActionStatus": st.sampled_from(["OK", "FAIL"]) | odd,
            "ErrorInfo": odd,
            "Message": odd,
            "ResultItem": items | odd,
            "ErrorList": items | odd,
        },
    )
    | odd
    | items
)
bodies = st.binary(max_size=64).map(lambda body: (body, None)) | documents.filter(
    lambda document: all(abs(n) < 2**63 for n in integers_of(document))
).map(lambda document: (orjson.dumps(document), document))
statuses = st.just(200) | st.sampled_from([0, 201, 302, 401, 429, 500, 599]) | st.integers()


def integers_of(document: object) -> list[int]:
    """All integers in a JSON value; orjson writes none beyond 64 bits."""
    if isinstance(document, dict):
        return [n for value in document.values() for n in integers_of(value)]
    if isinstance(document, list):
        return [n for value in document for n in integers_of(value)]
    return [document] if isinstance(document, int) else []


@every_provider
@given(reply=bodies, status=statuses, entry=st.sampled_from([BATCH, ALONE, SWEEP]))
def test_decode_is_total_and_claims_nothing_unsaid(
    name: str, reply: tuple[bytes, Any], status: int, entry: Batch | Sweep
) -> None:
    """Any status and bytes give rulings for the call's ids alone; deleted only where it is said."""
    body, document = reply
    answer = PROVIDERS[name].decode(entry, status, body)
    carried = entry.to_accounts if isinstance(entry, Batch) else ()
    assert set(answer.items) <= set(carried)
    for ruling in (answer.rest, *answer.items.values()):
        assert (ruling.code == 0) == (ruling.verdict is Verdict.DELETED)
        assert len(ruling.info) <= INFO_CAP
        assert ruling.info.isprintable()
        if status != 200:
            assert ruling.verdict not in SETTLED_WELL
        if ruling.verdict in (
            Verdict.DELETED,
            Verdict.ALREADY_GONE,
            Verdict.FAILED,
            Verdict.THROTTLED,
            Verdict.FATAL,
            Verdict.RESIGN,
            Verdict.SPLIT,
        ):
            assert not ruling.lost
        if ruling.verdict is Verdict.SPLIT:
            assert entry is BATCH
            assert ruling is answer.rest
            assert not answer.items
    if status == 200 and isinstance(document, dict) and isinstance(entry, Batch):
        claimed = {a for a in carried if said(answer, a).verdict is Verdict.DELETED}
        assert claimed == {a for a in carried if DIALECTS[name].said_done(a, document)}
    elif status == 200 and not isinstance(document, dict):
        assert answer.rest.code == -2


@every_provider
@given(results=items, code=codes, data=st.data())
def test_the_order_of_items_says_nothing(
    name: str, results: list[Any], code: object, data: st.DataObject
) -> None:
    """The same results in another order are the same answer."""
    if any(abs(n) >= 2**63 for n in integers_of([results, code])):
        return
    shuffled = data.draw(st.permutations(results))
    answers = [
        decode(name, BATCH, {"ErrorCode": code, "Code": code, "ResultItem": r, "ErrorList": r})
        for r in (results, shuffled)
    ]
    for account in BATCH.to_accounts:
        assert said(answers[0], account) == said(answers[1], account)
    assert answers[0].strangers == answers[1].strangers


# --- what a call is -------------------------------------------------------------------------------


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
    for operation in Operation:
        limits = provider.limits[operation]
        assert limits.qps > 0
        assert 1 <= limits.batch_size <= limits.batch_size_most
    assert provider.limits[Operation.DELETE_ALL_FRIENDS].batch_size_most == 1
    assert provider.words(0) == "done"
    assert provider.words(-1) == "no reply"
    assert provider.words(503) == "HTTP status 503"
    assert provider.words(DIALECTS[name].not_a_friend) == "not a friend"
    assert "does not list" in provider.words(DIALECTS[name].unknown_code)
