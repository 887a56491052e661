"""UserSigs of the official signer are read and judged as its verifier does."""

from __future__ import annotations

import base64
import zlib

import orjson
import pytest

from bulkdel.emulator.tencent.usersig import UserSig, open_usersig

SAMPLE_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
V1 = (
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJkTE1N"
    "jRDiJZm5YFEzNPXFmekgGwyjTAPy0l2y3BNL01KDMwPynUorUjwizV29jb1CUhyzfAMsjYNNvMvCjH1tlWoBGhAzGw__"
)
V2 = (
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACiygACqTWlGQWZQK"
    "EjczMTCACpZk5oKEDM0NoABmTGY6yAqLijJP-QjvYkeXVEt353JjN8sgkyjtwiT-oJDkJH3HMrOKqiTj1GDTIl8LW6Va"
    "APODNJs_"
)
V4 = (
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkYkrNTY0sYkrNjIzNY0oNDFItYeqKU7ITCwoyU4CqjAzAwBAq"
    "k1pRkFmUChQ3NjMwgIqVZOaCRAzNzcyNjEwR4sWZ6SBrklySzIuNnItCXTyd3X1yXArT-I1Mw7P8LDIiPTLTXZPCnCOj"
    "vAPc8w30y22VagHBPTP4"
)


@pytest.mark.parametrize(
    ("text", "key", "claims"),
    [
        (V1, SAMPLE_KEY, ("xiaojun", 1400000000, 1600000000, 15552000)),
        (V2, "0123456789abcdef" * 4, ("administrator", 88888888, 1700000000, 86400)),
        (V4, "k", ("用户é", 20000001, 1767225600, 3600)),
    ],
)
def test_vectors_of_the_official_signer(
    text: str, key: str, claims: tuple[str, int, int, int]
) -> None:
    """What the official signer signed is genuine, and says what was signed."""
    identifier, app_id, issued, expire = claims
    assert open_usersig(text, key) == UserSig(
        identifier=identifier, app_id=app_id, issued=issued, expire=expire, genuine=True
    )


def test_another_key_is_not_genuine() -> None:
    """A UserSig of another key is read, and found out."""
    usersig = open_usersig(V1, "another key")
    assert usersig is not None
    assert not usersig.genuine


def packed(content: bytes) -> str:
    """The outer layers of a UserSig."""
    letters = base64.b64encode(zlib.compress(content)).decode()
    return letters.translate(str.maketrans("+/=", "*-_"))


def test_changed_claims_are_not_genuine() -> None:
    """The claims are signed: a longer validity under an old signature is found out."""
    claims = {
        "TLS.ver": "2.0",
        "TLS.identifier": "xiaojun",
        "TLS.sdkappid": 1400000000,
        "TLS.expire": 99999999,
        "TLS.time": 1600000000,
        "TLS.sig": "1Z5PngDjGaufeSiPoBuxdHY7EK3JTdAjMP93S4KvV3M=",
    }
    altered = open_usersig(packed(orjson.dumps(claims)), SAMPLE_KEY)
    assert altered is not None
    assert not altered.genuine
    claims["TLS.expire"] = 15552000
    restored = open_usersig(packed(orjson.dumps(claims)), SAMPLE_KEY)
    assert restored is not None
    assert restored.genuine


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b/",
        "AAAA",
        V1[:-20],
        V1.replace("_", "="),
        packed(b"[]"),
        packed(b"{}"),
        packed(b"no json"),
        packed(b'{"TLS.ver":"2.0"}'),
        packed(b" " * 10_000_000 + b"{}"),
    ],
)
def test_what_is_no_usersig_is_refused(text: str) -> None:
    """Anything else is unreadable, never an exception, and never inflated without bound."""
    assert open_usersig(text, SAMPLE_KEY) is None
