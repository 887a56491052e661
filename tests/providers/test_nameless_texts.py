"""A provider's text loses the accounts of the call that it was said of, and no word of its own."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers.stars import ACCOUNT, nameless
from bulkdel.words import Batch, Sweep

ID = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=32).filter(
    lambda one: one not in ACCOUNT
)


@given(account=ID, other=ID)
def test_no_id_stays_however_it_is_quoted(account: str, other: str) -> None:
    """Both sides, as they stand, percent-encoded, escaped as in JSON, and all at once."""
    entry = Batch(0, account, tuple(sorted({account, other})))
    escaped = "".join(f"\\u{ord(one):04x}" for one in other if ord(one) < 1 << 16)
    texts = f"no {account} / {other}.", f"id={quote(other, safe='')}", f'"{escaped}"'
    for text in (*texts, " ".join(texts)):
        left = nameless(text, entry)
        for one in (account, other):
            if len(one) >= 4:
                assert one not in left.replace(ACCOUNT, "\n")
                assert one not in unquote(left.replace(ACCOUNT, "\n"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("cannot find ann", f"cannot find {ACCOUNT}"),
        ("Ann and annabel: ann.", f"Ann and annabel: {ACCOUNT}."),
        ("To_Account ann%20lee", ACCOUNT),
        ("server busy", "server busy"),
        ("", ""),
    ],
)
def test_words_of_the_provider_stay(text: str, left: str) -> None:
    """A short id goes where it is a word; in others' words it is none."""
    entry = Sweep(0, "ann lee") if "%20" in text else Sweep(0, "ann")
    assert nameless(text, entry) == left
    assert re.search("cannot", nameless("cannot", entry))
