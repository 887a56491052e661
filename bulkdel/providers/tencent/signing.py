"""Tencent's UserSig, version 2: the signature that stands for an admin account for a while.

After Tencent's own signers (tls-sig-api-v2-python, tls-sig-api-v2-golang) and "Generating UserSig"
(1047/34385). The compressed bytes depend on zlib's build; what is decoded from them does not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from typing import Final

import orjson

from bulkdel.providers.protocol import Secret

_URL_SAFE: Final = bytes.maketrans(b"+/=", b"*-_")


def usersig(*, app_id: int, account: str, key: Secret, now_s: int, valid_s: int) -> str:
    """A UserSig made at `now_s` (Unix seconds) that is good for `valid_s` seconds.

    It holds only A-Z a-z 0-9 * - _, so it goes into a query as it is. The key is used as text,
    although it looks like hex.
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
