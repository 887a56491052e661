"""PlanMeta as JSON, as it stands in plan.parquet's metadata, and its digest."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from bulkdel.plan.values import PLAN_VERSION, PLAN_VERSIONS, Books, Fingerprint, PlanMeta

META_KEY = "bulkdel_plan"
"""The key of plan.parquet's key/value metadata that holds the plan's identity."""

DIGESTS_KEY = "bulkdel_digests"
"""The key that holds the digests of its entries (see stretches)."""

_PLAN_META: Final = TypeAdapter(PlanMeta)


def digest(fingerprint: Fingerprint, books: Books, entries_sha256: str) -> str:
    """SHA-256 over what decided the plan and what came of it, as hex digits."""
    return _digest_of(asdict(fingerprint), asdict(books), entries_sha256)


def _digest_of(*content: dict[str, Any] | str) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def to_json(meta: PlanMeta) -> bytes:
    """`meta` as JSON."""
    return orjson.dumps(asdict(meta))


def from_json(text: bytes) -> PlanMeta:
    """The inverse of to_json.

    Raises:
        ValueError, KeyError, TypeError: it is something else, or of another version.
    """
    content: dict[str, Any] = orjson.loads(text)
    if content["fingerprint"]["version"] not in PLAN_VERSIONS:
        raise ValueError(f"version {content['fingerprint']['version']}")
    meta = _PLAN_META.validate_json(text, strict=True)
    if (meta.stretch > 0) is (meta.fingerprint.version < PLAN_VERSION):
        raise ValueError("stretch")
    # Over what stands there: an older version's fingerprint has fewer fields than ours.
    entries = [meta.entries_sha256] if meta.stretch else []
    if _digest_of(content["fingerprint"], content["books"], *entries) != meta.digest:
        raise ValueError("digest")
    return meta
