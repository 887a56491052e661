"""PlanMeta as JSON, as it stands in plan.parquet's metadata, and its digest."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import orjson

from bulkdel.plan.values import (
    PLAN_VERSION,
    PLAN_VERSIONS,
    Books,
    Fingerprint,
    Heavy,
    Lookalike,
    PlanMeta,
    Share,
    Source,
)
from bulkdel.words import Mode, Operation, Orient

META_KEY = "bulkdel_plan"
"""The key of plan.parquet's key/value metadata that holds the plan's identity."""

DIGESTS_KEY = "bulkdel_digests"
"""The key that holds the digests of its entries (see stretches)."""


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
    found: dict[str, Any] = orjson.loads(text)
    planned = dict(found["fingerprint"])
    if planned["version"] not in PLAN_VERSIONS:
        raise ValueError(f"version {planned['version']}")
    planned["operation"] = Operation(planned["operation"])
    planned["mode"] = Mode(planned["mode"])
    planned["orient"] = Orient(planned["orient"])
    planned["targets"] = tuple((name, size) for name, size in planned["targets"])
    planned["sources"] = tuple(Source(**source) for source in planned["sources"])
    shares = []
    for share in found["shares"]:
        largest = tuple((account, pairs) for account, pairs in share["largest"])
        shares.append(Share(**{**share, "largest": largest, "heavy": Heavy(**share["heavy"])}))
    meta = PlanMeta(
        fingerprint=Fingerprint(**planned),
        books=Books(**found["books"]),
        shares=tuple(shares),
        digest=found["digest"],
        stretch=found.get("stretch", 0),
        entries_sha256=found.get("entries_sha256", ""),
        lookalikes=tuple(Lookalike(**kind) for kind in found.get("lookalikes", ())),
    )
    if (meta.stretch > 0) is (meta.fingerprint.version < PLAN_VERSION):
        raise ValueError("stretch")
    # Over what stands there: an older version's fingerprint has fewer fields than ours.
    entries = [meta.entries_sha256] if meta.stretch else []
    if _digest_of(found["fingerprint"], found["books"], *entries) != meta.digest:
        raise ValueError("digest")
    return meta
