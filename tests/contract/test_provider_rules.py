"""What every provider makes of a reply; a new one is picked up from PROVIDERS."""

from __future__ import annotations

import orjson
import pytest

from bulkdel.providers import PROVIDERS
from bulkdel.words import INFO_CAP, Answer, Batch, Ruling, Sweep, Verdict
from tests.support.asking import ALONE, BATCH, SWEEP, decode, every_provider, said
from tests.support.dialects import DIALECTS

SETTLED_WELL = (Verdict.DELETED, Verdict.ALREADY_GONE)


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
        ("wrong_key", Verdict.RESIGN, Verdict.RESIGN, Verdict.RESIGN),
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
        ("wrong_key", Verdict.RESIGN),
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
