"""Account ids → pseudonyms: the same id always the same one, and nobody finds back without the key.

A pseudonym is the first 32 hex digits of HMAC-SHA-256(key, id in UTF-8). A ledger's `batch` is a
hash of account ids without a key: who guesses ids can compute it. So it gets a keyed one too, and
once the key is destroyed nothing of a line leads back to a person.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

KEY_BYTES: Final = 32
DIGITS: Final = 32
SHORT_DIGITS: Final = 12
"""Hex digits of a pseudonym in a log."""
ACCOUNT_KEYS: Final = ("from_account", "to_account", "sent_from")
CUT_OUT: Final = "(text cut out: it held an account id)"
_LATELY: Final = 1 << 16

SealedLine: TypeAlias = tuple[bytes, list[str]]
"""A line without account ids and without a line feed, and the pseudonyms that stand in it."""


class Pseudonyms:
    """Those of one key."""

    def __init__(self, key: bytes) -> None:
        """`key` has KEY_BYTES random bytes."""
        self._key = key
        self.of = lru_cache(_LATELY)(self._of)
        self.batch = lru_cache(8)(self._batch)

    def _of(self, account: str) -> str:
        """The pseudonym of an account."""
        return hmac.digest(self._key, account.encode(), "sha256").hex()[:DIGITS]

    def _batch(self, label: str) -> str:
        """A keyed label for a batch's label."""
        return hmac.digest(self._key, b"batch\x00" + label.encode(), "sha256").hex()[: len(label)]

    def short(self, account: str) -> str:
        """A short one, for a thread in a log."""
        return self.of(account)[:SHORT_DIGITS]

    def sealed(self, line: bytes, texts: Collection[str]) -> SealedLine:
        """A ledger's line without account ids, keys in their order.

        Of the provider's texts only those among `texts` stay.
        """
        values: dict[str, Any] = orjson.loads(line)
        named = []
        for name in ACCOUNT_KEYS:
            if isinstance(account := values.get(name), str):
                values[name] = pseudonym = self.of(account)
                named.append(pseudonym)
        if "batch" in values:
            values["batch"] = self.batch(values["batch"])
        if (info := values.get("info")) and info not in texts:
            values["info"] = CUT_OUT
        return orjson.dumps(values), named


def new_key() -> bytes:
    """A key's random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def key_text(key: bytes) -> bytes:
    """As sealed.key holds it."""
    return key.hex().encode() + b"\n"


def key_sha256(key: bytes) -> str:
    """Of sealed.key, in hex: it tells one key from another, and leads to none."""
    return hashlib.sha256(key_text(key)).hexdigest()


def key_of(text: bytes) -> bytes:
    """The key that stands in the text of sealed.key.

    Raises:
        ValueError: it holds none.
    """
    key = bytes.fromhex(text.decode("ascii", errors="replace"))
    if len(key) != KEY_BYTES:
        raise ValueError("no key of 32 bytes in hex")
    return key
