"""Opens a Tencent UserSig (version 2, HMAC) and says whether its key is the right one.

Source: the official Go signer's VerifyUserSig (tencentyun/tls-sig-api-v2-golang, 66c185fc).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

import orjson

_OPENED_BYTES = 4096  # a UserSig inflates to some 200; refuse bombs
_LETTERS = re.compile(r"[A-Za-z0-9*_-]+", re.ASCII)
_STANDARD = str.maketrans("*-_", "+/=")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSig:
    """What a UserSig claims. `issued` is Unix seconds, `expire` seconds after that."""

    identifier: str
    app_id: int
    issued: int
    expire: int
    genuine: bool


@lru_cache(maxsize=64)
def open_usersig(text: str, key: str) -> UserSig | None:
    """Decode a UserSig and check its HMAC; None if it cannot be parsed. Never raises."""
    if not _LETTERS.fullmatch(text):
        return None
    try:
        packed = base64.b64decode(text.translate(_STANDARD), validate=True)
        inflater = zlib.decompressobj()
        opened = inflater.decompress(packed, _OPENED_BYTES)
        claims = orjson.loads(opened)
    except (binascii.Error, zlib.error, orjson.JSONDecodeError):
        return None
    if not inflater.eof or not isinstance(claims, dict):
        return None
    match claims:
        case {
            "TLS.ver": "2.0",
            "TLS.identifier": str(identifier),
            "TLS.sdkappid": int(app_id),
            "TLS.time": int(issued),
            "TLS.expire": int(expire),
            "TLS.sig": str(signature),
        }:
            lines = (
                f"TLS.identifier:{identifier}\nTLS.sdkappid:{app_id}\n"
                f"TLS.time:{issued}\nTLS.expire:{expire}\n"
            )
            if isinstance(userbuf := claims.get("TLS.userbuf"), str):
                lines += f"TLS.userbuf:{userbuf}\n"
            digest = hmac.digest(key.encode(), lines.encode(), "sha256")
            return UserSig(
                identifier=identifier,
                app_id=app_id,
                issued=issued,
                expire=expire,
                genuine=hmac.compare_digest(base64.b64encode(digest), signature.encode()),
            )
        case _:
            return None
