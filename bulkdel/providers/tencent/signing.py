"""How a Tencent call is signed: by a UserSig, which stands for an admin account for a while.

Sources: Tencent's own signers of version 2 (tls-sig-api-v2-python, tls-sig-api-v2-golang),
"Generating UserSig" (1047/34385), and "RESTful API Overview" (1047/34620 of 2025-10-23) for the
address of a call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from typing import Final
from urllib.parse import quote

import orjson

from bulkdel.providers.operations import Command
from bulkdel.providers.protocol import App, Call, Credentials, Secret

_VALID_S: Final = 24 * 3600  # the least that the documentation advises
_RENEW_S: Final = 12 * 3600  # so a clock that is hours off still never shows an expired one
_URL_SAFE: Final = bytes.maketrans(b"+/=", b"*-_")


def credentials(app: App, now_s: float) -> Credentials:
    """A UserSig of the app's admin, good for 24 hours, renewed after 12."""
    token = usersig(
        app_id=app.app_id,
        account=app.admin,
        key=app.secret,
        now_s=int(now_s),
        valid_s=_VALID_S,
    )
    return Credentials(token=token, renew_at_s=now_s + _RENEW_S)


def sign(
    command: Command, app: App, credentials: Credentials, _now_s: float, entropy: bytes
) -> Call:
    """A POST; `random` is the first 32 bits of `entropy`. The UserSig carries the time."""
    number = int.from_bytes(entropy[:4], "big")
    return Call(
        method="POST",
        path=f"/v4/sns/{command.name}",
        query=(
            f"sdkappid={app.app_id}&identifier={quote(app.admin, safe='')}"
            f"&usersig={credentials.token}&random={number}&contenttype=json"
        ),
        body=orjson.dumps(command.content),
        ids=command.ids,
        hidden=(credentials.token,),
    )


def usersig(*, app_id: int, account: str, key: Secret, now_s: int, valid_s: int) -> str:
    """A UserSig made at `now_s` (Unix seconds) that is good for `valid_s` seconds.

    It holds only A-Z a-z 0-9 * - _, so it goes into a query as it is. The key is used as text,
    although it looks like hex. The compressed bytes depend on zlib's build; what is decoded from
    them does not.
    """
    signed = (
        f"TLS.identifier:{account}\nTLS.sdkappid:{app_id}\nTLS.time:{now_s}\nTLS.expire:{valid_s}\n"
    )
    digest = hmac.digest(key.reveal().encode(), signed.encode(), hashlib.sha256)
    content = orjson.dumps(
        {
            "TLS.ver": "2.0",
            "TLS.identifier": account,
            "TLS.sdkappid": app_id,
            "TLS.expire": valid_s,
            "TLS.time": now_s,
            "TLS.sig": base64.b64encode(digest).decode("ascii"),
        }
    )
    return base64.b64encode(zlib.compress(content)).translate(_URL_SAFE).decode("ascii")
