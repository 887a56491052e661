"""Promise 7: no run of characters of what signs a call comes back in a provider's text."""

from __future__ import annotations

from urllib.parse import quote, unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import App, Secret
from bulkdel.providers.stars import RUN, starred
from bulkdel.send.deed import Deletion
from bulkdel.send.judge import answer_of
from bulkdel.send.transport import Reply
from bulkdel.words import Batch, Mode
from tests.support.dialects import DIALECTS

SIGNED = st.text("ABCDEFabcdef0123456789*-_+/=", min_size=RUN, max_size=120)
KEY = "5bd2850fff3ecb11d7c805251c51ee46"
APP = App(app_id=1400000000, admin="administrator", secret=Secret(KEY))


def shared(text: str, hidden: str) -> int:
    """The longest run of the text, in small letters, that stands in what is hidden."""
    text, hidden = text.lower(), hidden.lower()
    return max(
        (
            size
            for size in range(1, len(text) + 1)
            if any(text[at : at + size] in hidden for at in range(len(text) - size + 1))
        ),
        default=0,
    )


@given(SIGNED, st.data())
def test_no_piece_of_a_signature_is_left(hidden: str, data: st.DataObject) -> None:
    """Whole or in part, in any case, encoded or not, whatever stands around it."""
    begin = data.draw(st.integers(0, len(hidden) - RUN))
    end = data.draw(st.integers(begin + RUN, len(hidden)))
    piece = hidden[begin:end]
    written = [piece, piece.upper(), piece.lower(), quote(piece, safe=""), quote(quote(piece))]
    piece = data.draw(st.sampled_from(written))
    around = data.draw(st.tuples(st.text(max_size=20), st.text(max_size=20)))
    shown = starred(piece.join(around), [hidden])
    assert shared(shown, hidden) < RUN
    assert shared(unquote(unquote(shown)), hidden) < RUN
    assert "***" in shown


@given(st.text(max_size=60))
def test_other_texts_stay_as_they_are(text: str) -> None:
    """What shares no long run with anything hidden."""
    assert starred(text, ["5bd2850fff3ecb11d7c805251c51ee46"]) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key={KEY}.", "key=***."),
        (f"{KEY}{KEY}", "***"),
        (f"it ends in {KEY[-12:]}", "it ends in ***"),
        (f"{KEY[:11]} and {KEY[20:]}{KEY[:12]}x", f"{KEY[:11]} and ***x"),
        ("short: hunter2!", "short: ***!"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_a_text_with_secrets(text: str, shown: str) -> None:
    """Whole secrets and pieces of twelve characters or more become stars, others stay."""
    assert starred(text, ["", KEY, "hunter2"]) == shown


@given(st.text("ab", max_size=30), st.text("ab", min_size=1, max_size=20))
def test_no_piece_is_left(text: str, secret: str) -> None:
    """Whatever the text, no piece of a secret that gives it away is in what is shown."""
    size = min(RUN, len(secret))
    shown = starred(text, [secret])
    assert not any(secret[at : at + size] in shown for at in range(len(secret) - size + 1))


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_no_answer_holds_a_piece_of_its_call(name: str) -> None:
    """Neither the whole call's text nor an item's, for all that signs it: key, token, nonce."""
    provider = PROVIDERS[name]
    batch = Batch(0, "a", ("b", "c"))
    call = provider.encode(
        batch,
        Mode.ONE_WAY,
        app=APP,
        credentials=provider.credentials(APP, 1.6e9),
        now_s=1.6e9,
        entropy=b"\x00\x11\x22\x33\x44\x55\x66\x77",
    )
    assert all(one in call.query for one in call.hidden)
    assert call.ids == 2
    for secret in (*call.hidden, KEY):
        text = f"bad {secret[1 : 1 + RUN]} or {secret[-RUN:]}"
        body = DIALECTS[name].whole(DIALECTS[name].busy) | {
            "ErrorInfo": text,
            "Message": text,
            "ResultItem": [{"To_Account": "b", "ResultCode": 30003, "ResultInfo": text}],
        }
        reply = Reply(status=200, retry_after_s=None, date_s=None, body=orjson.dumps(body))
        answer = answer_of(Deletion(provider, Mode.ONE_WAY), batch, reply, (*call.hidden, KEY))
        infos = [answer.rest.info, *(ruling.info for ruling in answer.items.values())]
        assert set(infos) == {"bad *** or ***"}
