"""The floor for the cost of a call: aiohttp and orjson, the ledger's lines, and nothing else.

    python -m tests.bench.bare URL BATCHES LEDGER IN_FLIGHT QPS [dumps | joined]

BATCHES holds a line `["from", ["to", …]]` for each call. QPS 0 is no pace at all. There is no
journal, no retry and no promise: what bulkdel costs beyond this is what its promises cost. The
lines are made as one would, a dict and an `orjson.dumps` each, or `joined` as cheaply as it goes.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp
import orjson

QUERY = "sdkappid=1400000000&identifier=administrator&usersig=" + "x" * 180 + "&contenttype=json"


def lines_dumped(account: str, label: str, at: str, items: list[dict[str, Any]]) -> bytes:
    """A line for each pair, each a dict of its own."""
    return b"".join(
        orjson.dumps(
            {
                "target": "tencent",
                "from_account": account,
                "to_account": item["To_Account"],
                "status": "deleted",
                "code": item["ResultCode"],
                "info": item["ResultInfo"],
                "batch": label,
                "attempts": 1,
                "lost_answers": 0,
                "at": at,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for item in items
    )


def lines_joined(account: str, label: str, at: str, items: list[dict[str, Any]]) -> bytes:
    """The same bytes, where every pair was deleted and no id needs escaping."""
    head = f'{{"target":"tencent","from_account":"{account}","to_account":"'
    tail = (
        f'","status":"deleted","code":0,"info":"","batch":"{label}","attempts":1,'
        f'"lost_answers":0,"at":"{at}"}}\n'
    )
    if any(item["ResultCode"] for item in items):
        return lines_dumped(account, label, at, items)
    return (head + (tail + head).join([item["To_Account"] for item in items]) + tail).encode()


async def carry(  # noqa: PLR0917  # a loop, not an interface
    session: aiohttp.ClientSession,
    url: str,
    batches: Iterator[tuple[int, bytes]],
    ledger: BinaryIO,
    begun: float,
    qps: float,
    lines: Any,
) -> None:
    """One of the calls in flight, again and again."""
    for number, line in batches:
        if qps and (wait := begun + number / qps - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        account, others = orjson.loads(line)
        body = orjson.dumps(
            {"From_Account": account, "To_Account": others, "DeleteType": "Delete_Type_Both"}
        )
        where = f"{url}/v4/sns/friend_delete?{QUERY}&random={random.getrandbits(32)}"
        async with session.post(where, data=body) as response:
            answer = orjson.loads(await response.read())
        label = hashlib.sha256(body).hexdigest()[:16]
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        ledger.write(lines(account, label, at, answer["ResultItem"]))


async def run(url: str, batches: Path, ledger: Path, in_flight: int, qps: float, how: str) -> None:
    """All calls."""
    lines = lines_dumped if how == "dumps" else lines_joined
    with batches.open("rb") as source, ledger.open("wb") as out:  # noqa: ASYNC230  # a bare loop
        numbered = enumerate(source)
        connector = aiohttp.TCPConnector(limit=in_flight)
        async with aiohttp.ClientSession(connector=connector) as session:
            begun = time.monotonic()
            await asyncio.gather(
                *(carry(session, url, numbered, out, begun, qps, lines) for _ in range(in_flight))
            )


if __name__ == "__main__":
    address, source, target, count, rate, *how = sys.argv[1:]
    asyncio.run(
        run(address, Path(source), Path(target), int(count), float(rate), (how or ["dumps"])[0])
    )
