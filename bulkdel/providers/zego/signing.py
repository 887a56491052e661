"""How a ZIM call is signed: with the app's secret, a nonce and the second, anew for each call.

Source: ZEGO's documentation repository (docs_all, 2026-08-21): "Accessing Server APIs" and its
page on signing.
"""

from __future__ import annotations

import hashlib
import math
from typing import Final
from urllib.parse import quote

import orjson

from bulkdel.providers.operations import Command
from bulkdel.providers.protocol import App, Call, Credentials

CLOCK_MOST_S: Final = 600
"""How far a signature's second may be from the server's clock."""


def credentials(_app: App, _now_s: float) -> Credentials:
    """None to keep: every call is signed anew from the app's secret."""
    return Credentials(token="", renew_at_s=math.inf)


def sign(command: Command, app: App, _: Credentials, now_s: float, entropy: bytes) -> Call:
    """A POST where the command has a body, a GET where it has none."""
    nonce = entropy.hex()
    second = int(now_s)
    signature = hashlib.md5(  # ZEGO's choice of hash
        f"{app.app_id}{nonce}{app.secret.reveal()}{second}".encode(), usedforsecurity=False
    ).hexdigest()
    parameters = "".join(
        f"&{name}={quote(str(value), safe='')}" for name, value in command.parameters
    )
    return Call(
        method="GET" if command.content is None else "POST",
        path="/",
        query=(
            f"Action={command.name}&AppId={app.app_id}&SignatureNonce={nonce}&Timestamp={second}"
            f"&SignatureVersion=2.0&Signature={signature}{parameters}"
        ),
        body=None if command.content is None else orjson.dumps(command.content),
        ids=command.ids,
        hidden=(nonce, signature),
    )
