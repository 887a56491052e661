"""What both providers answer to a deletion or a question, and whether a call is signed rightly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

NO_FRIEND: Final = {"tencent": 31704, "zego": 660800034}
UNSIGNED: Final = {"tencent": 70009, "zego": 100000005}
TROUBLE: Final = {"tencent": 30006, "zego": 660000001}
_RELATIONS: Final = ("NoRelation", "AWithB", "BWithA", "BothWay")


def http(content: Mapping[str, Any], status: int = 200) -> bytes:
    """An answer's bytes."""
    body = json.dumps(content)
    head = f"HTTP/1.1 {status} Word\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def whole(provider: str, code: int) -> bytes:
    """One code for the whole call; not 0."""
    if provider == "zego":
        return http({"Code": code, "Message": "no", "RequestId": "1"})
    return http({"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": "no"})


def deleted(provider: str, ids: Sequence[str], missing: Sequence[str]) -> bytes:
    """All were deleted but the missing, who were no friends."""
    code = NO_FRIEND[provider]
    if provider == "zego":
        errors = [{"UserId": one, "SubCode": code} for one in missing]
        return http({"Code": 0, "Message": "", "RequestId": "1", "ErrorList": errors})
    items = [
        {"To_Account": one, "ResultCode": code if one in missing else 0, "ResultInfo": ""}
        for one in ids
    ]
    return http({"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "ResultItem": items})


def checked(provider: str, relations: Mapping[str, int], *, both: bool) -> bytes:
    """Who is on whose list: 0 nobody, 1 on the asker's, 2 the asker on theirs, 3 both."""
    if provider == "zego":
        base = 3 if both else 1
        found = [{"UserId": one, "Relation": base + what} for one, what in relations.items()]
        return http({"Code": 0, "Message": "", "RequestId": "1", "Successes": found, "Fails": []})
    items = [
        {
            "To_Account": one,
            "Relation": f"CheckResult_Type_{_RELATIONS[what]}",
            "ResultCode": 0,
            "ResultInfo": "",
        }
        for one, what in relations.items()
    ]
    return http({"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "InfoItem": items})


def zego_signed(app: int, secret: str, asked: Mapping[str, str]) -> bool:
    """Whether the query's signature was made with the secret."""
    text = f"{app}{asked.get('SignatureNonce')}{secret}{asked.get('Timestamp')}"
    made = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return made == asked.get("Signature")


def tencent_signed(app: int, secret: str, asked: Mapping[str, str]) -> bool:
    """Whether the query's UserSig was made for the app with the secret, and is not over."""
    try:
        token = asked.get("usersig", "").replace("*", "+").replace("-", "/").replace("_", "=")
        told = json.loads(zlib.decompress(base64.b64decode(token)))
        names = ("identifier", "sdkappid", "time", "expire")
        text = "".join(f"TLS.{name}:{told[f'TLS.{name}']}\n" for name in names)
        made = base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()
        ends = float(told["TLS.time"] + told["TLS.expire"])
        return made == told["TLS.sig"] and told["TLS.sdkappid"] == app and time.time() < ends
    except (ValueError, KeyError, zlib.error):
        return False
