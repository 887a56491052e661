"""What one would write instead of bulkdel, with the same packages: fifty lines and no journal.

    python -m tests.bench.script URL BATCHES RESULTS QPS

Prints when its calls left, as it sees it: one JSON list of monotonic seconds.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

QUERY = "sdkappid=1400000000&identifier=administrator&usersig=" + "x" * 180 + "&contenttype=json"


class Throttled(Exception):
    """The provider said: too often."""


async def run(url: str, batches: Path, results: Path, qps: float) -> list[float]:
    """All calls; returns when they left."""
    limiter, left = AsyncLimiter(qps, 1), []
    lines = batches.read_bytes().splitlines()  # noqa: ASYNC240  # as one would
    with results.open("wb") as out:  # as one would
        connector = aiohttp.TCPConnector(limit=int(2 * qps))
        async with aiohttp.ClientSession(connector=connector) as session:

            async def delete(line: bytes) -> None:
                account, others = orjson.loads(line)
                body = {"From_Account": account, "To_Account": others}
                answer: dict[str, Any] = {}
                data = orjson.dumps(body | {"DeleteType": "Delete_Type_Both"})
                async for attempt in AsyncRetrying(
                    stop=stop_after_attempt(8),
                    wait=wait_random_exponential(multiplier=0.5, max=60),
                    retry=retry_if_exception_type((aiohttp.ClientError, Throttled)),
                ):
                    with attempt:
                        async with limiter:
                            where = f"{url}/v4/sns/friend_delete?{QUERY}&random="
                            left.append(time.monotonic())
                            where += str(random.getrandbits(32))
                            async with session.post(where, data=data) as response:
                                answer = orjson.loads(await response.read())
                        if answer["ErrorCode"] == 60007:
                            raise Throttled
                for item in answer["ResultItem"]:
                    out.write(orjson.dumps({"from": account} | item) + b"\n")

            await asyncio.gather(*(delete(line) for line in lines))
    return left


if __name__ == "__main__":
    address, source, target, rate = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(run(address, Path(source), Path(target), float(rate)))))
