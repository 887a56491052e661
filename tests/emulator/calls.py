"""Calls to the emulator as its users would make them, signed with published test vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bulkdel.emulator.emulated import Emulated, Response
from bulkdel.emulator.wire import EmulatedApp

NOW = 1767225600.0
"""When the vectors below were signed, in Unix seconds."""

# Vector V3 of the official Python signer, valid for 604800 s.
TENCENT_APP = EmulatedApp(
    app_id=1400000001,
    secret="5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
    admin="admin_01",
)
USERSIG = (
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-PiDQxhssUp2YkFBZkpQDlDEwMIMITKpVYUZBalAmXM"
    "DEwsDAygoiWZuSAxQ3MzcyMjUzO4eHFmOsiCcv1Eo6SUlAwXXyPXYmPH4Cx-l6jcXG3tiCrjjGTfRCPjgJKssKwwC3en"
    "fFulWgCwnTKX"
)
TENCENT_QUERY = {
    "sdkappid": "1400000001",
    "identifier": "admin_01",
    "usersig": USERSIG,
    "random": "4294967295",
    "contenttype": "json",
}

# The signature is the MD5 of AppId, nonce, secret and timestamp in a row.
ZEGO_APP = EmulatedApp(app_id=1234567890, secret="0123456789abcdef0123456789abcdef")
ZEGO_QUERY = {
    "AppId": "1234567890",
    "SignatureNonce": "0011223344556677",
    "Timestamp": "1767225600",
    "SignatureVersion": "2.0",
    "Signature": "22849315074fad530c6ef0fac673fb1d",
}

ONE_WAY = "Delete_Type_Single"
TWO_WAY = "Delete_Type_Both"


def tencent_body(account: str, *ids: str, kind: str = ONE_WAY) -> dict[str, Any]:
    """The body of friend_delete."""
    return {"From_Account": account, "To_Account": list(ids), "DeleteType": kind}


def tencent(
    emulated: Emulated,
    body: object,
    *,
    command: str = "friend_delete",
    now: float = NOW,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Post to a Tencent command; the decoded answer."""
    return decoded(
        emulated.handle(
            "POST",
            f"/v4/sns/{command}",
            TENCENT_QUERY if query is None else query,
            body if isinstance(body, bytes) else orjson.dumps(body),
            now,
        )
    )


def zego(
    emulated: Emulated,
    action: str,
    body: object = None,
    *,
    now: float = NOW,
    query: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Call a ZIM action, POST with a body, else GET; the decoded answer."""
    full = {"Action": action, **(query or ZEGO_QUERY), **(parameters or {})}
    method, content = ("GET", b"") if body is None else ("POST", orjson.dumps(body))
    return decoded(emulated.handle(method, "/", full, content, now))


def decoded(response: Response) -> dict[str, Any]:
    """The answer's JSON object; HTTP must have gone well."""
    assert response.status == 200
    content = orjson.loads(response.body)
    assert isinstance(content, dict)
    return content
