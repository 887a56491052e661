"""UserSig against vectors of Tencent's own signer, compared by content: zlib's bytes may differ."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest

from bulkdel.providers.protocol import Secret
from bulkdel.providers.tencent.signing import usersig

SAMPLE_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"

VECTORS = [
    (
        *(1400000000, SAMPLE_KEY, "xiaojun", 15552000, 1600000000),
        "1Z5PngDjGaufeSiPoBuxdHY7EK3JTdAjMP93S4KvV3M=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVW"
            "FGQWpYJkTE1NjRDiJZm5YFEzNPXFmekgGwyjTAPy0l2y3BNL01KDMwPynUorUjwizV29jb1CUhyzfAMs"
            "jYNNvMvCjH1tlWoBGhAzGw__"
        ),
    ),
    (
        *(88888888, "0123456789abcdef" * 4, "administrator", 86400, 1700000000),
        "8xvI/XKsADe9GCw3F9R4Z+qbORTcb/Av6xzb3eS5rM8=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACiyg"
            "ACqTWlGQWZQKEjczMTCACpZk5oKEDM0NoABmTGY6yAqLijJP-QjvYkeXVEt353JjN8sgkyjtwiT-oJDk"
            "JH3HMrOKqiTj1GDTIl8LW6VaAPODNJs_"
        ),
    ),
    (
        *(1400000001, SAMPLE_KEY, "admin_01", 604800, 1767225600),
        "w/a2bddhDM2Es3ASjODZmm++Xz3hcMa23PtjVjV8GBo=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-PiDQxhssUp2YkFBZkpQDlDEwMIMITK"
            "pVYUZBalAmXMDEwsDAygoiWZuSAxQ3MzcyMjUzO4eHFmOsiCcv1Eo6SUlAwXXyPXYmPH4Cx-l6jcXG3t"
            "iCrjjGTfRCPjgJKssKwwC3enfFulWgCwnTKX"
        ),
    ),
    (
        *(20000001, "k", "用户é", 3600, 1767225600),
        "bDb7s2CrUDICGLlDqfO25WjN8hYHigEbVCYZKPGo0/w=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkYkrNTY0sYkrNjIzNY0oNDFItYeqKU7ITCwoy"
            "U4CqjAzAwBAqk1pRkFmUChQ3NjMwgIqVZOaCRAzNzcyNjEwR4sWZ6SBrklySzIuNnItCXTyd3X1yXArT"
            "-I1Mw7P8LDIiPTLTXZPCnCOjvAPc8w30y22VagHBPTP4"
        ),
    ),
]


def opened(signature: str) -> dict[str, Any]:
    """The content of a UserSig, undone by the standard library alone."""
    packed = signature.replace("*", "+").replace("-", "/").replace("_", "=")
    content: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed, validate=True)))
    return content


@pytest.mark.parametrize(("app_id", "key", "account", "valid_s", "now_s", "sig", "whole"), VECTORS)
def test_vectors(
    *, app_id: int, key: str, account: str, valid_s: int, now_s: int, sig: str, whole: str
) -> None:
    """What we sign reads as what Tencent's signer signed, and holds nothing but safe characters."""
    made = usersig(app_id=app_id, account=account, key=Secret(key), now_s=now_s, valid_s=valid_s)
    assert opened(made) == {
        "TLS.ver": "2.0",
        "TLS.identifier": account,
        "TLS.sdkappid": app_id,
        "TLS.expire": valid_s,
        "TLS.time": now_s,
        "TLS.sig": sig,
    }
    assert opened(whole)["TLS.sig"] == sig
    assert re.fullmatch(r"[A-Za-z0-9*_-]+", made)
