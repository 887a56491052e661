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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


async def run(
    url: str, batches: Path, ledger: Path, in_flight: int, *, qps: float, how: str
) -> None:
    """All calls."""
    lines = lines_dumped if how == "dumps" else lines_joined
    with batches.open("rb") as source, ledger.open("wb") as out:
        numbered = enumerate(source)
        connector = aiohttp.TCPConnector(limit=in_flight)
        async with aiohttp.ClientSession(connector=connector) as session:
            begun = time.monotonic()

            async def carry() -> None:
                """One of the calls in flight, again and again."""
                for number, line in numbered:
                    if qps and (wait := begun + number / qps - time.monotonic()) > 0:
                        await asyncio.sleep(wait)
                    account, others = orjson.loads(line)
                    content = {"From_Account": account, "To_Account": others}
                    body = orjson.dumps(content | {"DeleteType": "Delete_Type_Both"})
                    where = f"{url}/v4/sns/friend_delete?{QUERY}&random={random.getrandbits(32)}"
                    async with session.post(where, data=body) as response:
                        answer = orjson.loads(await response.read())
                    label = hashlib.sha256(body).hexdigest()[:16]
                    at = datetime.now(UTC).isoformat(timespec="milliseconds")
                    out.write(lines(account, label, at, answer["ResultItem"]))

            await asyncio.gather(*(carry() for _ in range(in_flight)))


if __name__ == "__main__":
    address, source, target, count, rate, *how = sys.argv[1:]
    chosen = (how or ["dumps"])[0]
    asyncio.run(run(address, Path(source), Path(target), int(count), qps=float(rate), how=chosen))
