"""How each provider words a reply, written from its documentation and not from our decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson


class Dialect(Protocol):
    """A provider's replies to DeleteFriends; `codes` are for single ids, in the order given."""

    unknown_code: int
    not_a_friend: int
    throttle: int
    busy: int
    no_such_from: int
    bad_parameter: int
    expired: int
    wrong_key: int

    def whole(self, code: object) -> dict[str, Any]:
        """A reply with nothing but the call's code."""
        ...

    def items(self, asked: tuple[str, ...], codes: Mapping[str, object]) -> dict[str, Any]:
        """A reply to a call that was carried out; ids that `codes` does not name succeeded."""
        ...

    def said_done(self, account: str, reply: object) -> bool:
        """Whether the reply, come with status 200, claims that `account` was deleted."""
        ...


def is_zero(value: object) -> bool:
    """Whether a JSON value is the integer 0, and not false or 0.0."""
    return orjson.dumps(value) == b"0"


@dataclass
class TencentDialect:
    """ResultItem names every id."""

    unknown_code: int = 39999
    not_a_friend: int = 31704
    throttle: int = 60007
    busy: int = 30006
    no_such_from: int = 30003
    bad_parameter: int = 30001
    expired: int = 70001
    wrong_key: int = 70009

    def whole(self, code: object) -> dict[str, Any]:
        """A reply without ResultItem."""
        status = "OK" if code == 0 else "FAIL"
        return {"ActionStatus": status, "ErrorCode": code, "ErrorInfo": "", "ErrorDisplay": ""}

    def items(self, asked: tuple[str, ...], codes: Mapping[str, object]) -> dict[str, Any]:
        """As in the documented sample, where ErrorInfo is "0" on success."""
        results = [
            {"To_Account": account, "ResultCode": codes.get(account, 0), "ResultInfo": ""}
            for account in dict.fromkeys((*codes, *asked))
        ]
        return {"ResultItem": results, **self.whole(0), "ErrorInfo": "0"}

    def said_done(self, account: str, reply: object) -> bool:
        """There is an item for it, and every item for it has code 0."""
        if not isinstance(reply, dict) or not isinstance(reply.get("ResultItem"), list):
            return False
        if type(reply.get("ErrorCode")) is not int or not 0 <= reply["ErrorCode"] < 2**53:
            return False
        if reply["ErrorCode"] == 0 and reply.get("ActionStatus") not in ("OK", None):
            return False
        own = [
            item
            for item in reply["ResultItem"]
            if isinstance(item, dict) and item.get("To_Account") == account
        ]
        return bool(own) and all(is_zero(item.get("ResultCode")) for item in own)


@dataclass
class ZegoDialect:
    """ErrorList names only the ids that failed."""

    unknown_code: int = 669999999
    not_a_friend: int = 660800034
    throttle: int = 660300005
    busy: int = 660000001
    no_such_from: int = 660500002
    bad_parameter: int = 660000002
    expired: int = 100000004
    wrong_key: int = 3

    def whole(self, code: object) -> dict[str, Any]:
        """A reply with an empty ErrorList."""
        return {"Code": code, "Message": "", "RequestId": "1", "ErrorList": []}

    def items(self, asked: tuple[str, ...], codes: Mapping[str, object]) -> dict[str, Any]:
        """Code 0 while at least one id was deleted."""
        del asked
        errors = [{"UserId": account, "SubCode": code} for account, code in codes.items()]
        return {"Code": 0, "Message": "", "RequestId": "1", "ErrorList": errors}

    def said_done(self, account: str, reply: object) -> bool:
        """Code 0, and ErrorList is readable to the end and does not name it."""
        if not isinstance(reply, dict) or not is_zero(reply.get("Code")):
            return False
        errors = reply.get("ErrorList")
        if errors is None:
            return True
        if not isinstance(errors, list):
            return False
        named = [error.get("UserId") if isinstance(error, dict) else None for error in errors]
        return account not in named and all(isinstance(name, str) for name in named)


DIALECTS: Mapping[str, Dialect] = {"tencent": TencentDialect(), "zego": ZegoDialect()}
"""A provider without its dialect here fails the contract suite."""
