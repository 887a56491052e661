"""Changes what a run directory's plan holds, as somebody could who writes there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import orjson

from bulkdel.plan.stretches import rows_digest

# SQL is put together from our own words.

Kept: TypeAlias = dict[str, bytes]
"""A plan's key/value metadata."""

_META, _DIGESTS = "bulkdel_plan", "bulkdel_digests"


def rewrite(path: Path, select: str, change: Callable[[Kept, Any], Kept] | None = None) -> None:
    """Rewrites the rows of a plan by `select`, of the rows in `plan`.

    `change` is given its metadata and a connection to the rows that will be written, as `made`; by
    default all metadata stay.
    """
    file = str(path)
    con = duckdb.connect()
    con.execute("CREATE TABLE plan AS SELECT * FROM read_parquet(?)", [file])
    con.execute(f"CREATE TABLE made AS {select}")
    found = con.execute("SELECT key, value FROM parquet_kv_metadata(?)", [file]).fetchall()
    kept: Kept = {bytes(key).decode(): bytes(value) for key, value in found}
    kept = change(kept, con) if change else kept
    told = ", ".join(f"{key}: from_hex('{value.hex()}')" for key, value in kept.items())
    name = file.replace("'", "''")
    con.execute(f"COPY made TO '{name}' (FORMAT parquet, KV_METADATA {{{told}}})")
    con.close()


def consistent(kept: Kept, con: Any) -> Kept:
    """The metadata of a plan that says of itself that its rows are those in `made`."""
    meta = orjson.loads(kept[_META])
    rows = con.execute("SELECT ordinal, from_account, to_accounts FROM made ORDER BY 1").fetchall()
    stretch = meta["stretch"]
    digests = b"".join(rows_digest(rows[at : at + stretch]) for at in range(0, len(rows), stretch))
    meta["entries_sha256"] = hashlib.sha256(digests).hexdigest()
    content = [meta["fingerprint"], meta["books"], meta["entries_sha256"]]
    meta["digest"] = _digest(content)
    return {_META: orjson.dumps(meta), _DIGESTS: digests}


def of_version_2(kept: Kept, _: Any) -> Kept:
    """The metadata of a plan as version 2 had them: no digests of its entries."""
    meta = orjson.loads(kept[_META])
    for name in ("stretch", "entries_sha256", "lookalikes"):
        del meta[name]
    meta["fingerprint"]["version"] = 2
    for source in meta["fingerprint"]["sources"]:
        del source["quoting"], source["header"]
    meta["digest"] = _digest([meta["fingerprint"], meta["books"]])
    return {_META: orjson.dumps(meta)}


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
