"""Asking a provider by name, for rules that every provider keeps."""

from __future__ import annotations

import orjson
import pytest

from bulkdel.providers import PROVIDERS
from bulkdel.words import Answer, Batch, Ruling, Sweep

every_provider = pytest.mark.parametrize("name", sorted(PROVIDERS))

BATCH = Batch(0, "me", ("a", "b", "c", "d"))
ALONE = Batch(1, "me", ("a",))
SWEEP = Sweep(2, "me")


def said(answer: Answer, account: str) -> Ruling:
    """The ruling for one id."""
    return answer.items.get(account, answer.rest)


def decode(name: str, entry: Batch | Sweep, reply: object, status: int = 200) -> Answer:
    """The answer to a reply with this JSON."""
    return PROVIDERS[name].decode(entry, status, orjson.dumps(reply))
