"""The providers' friend APIs as pure encode and decode: no I/O, no clock.

A new provider is one file that satisfies `Provider`, one line in `PROVIDERS`, and its twin in the
emulator; the contract suite picks it up unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bulkdel.providers.protocol import Provider
from bulkdel.providers.tencent import Tencent
from bulkdel.providers.zego import Zego

PROVIDERS: Final[Mapping[str, Provider]] = {
    "tencent": Tencent(),
    "zego": Zego(),
}
