"""A provider's friend API for measurements: raw asyncio, and no code of bulkdel's.

    python -m tests.bench.server [--latency-ms LO HI] [--limit CALLS] [--pages N]

Prints its port, answers every call after a random latency with "deleted", "no relation" or one of N
pages of 100 friends, and when standard input closes prints what it saw as one JSON object. With
`--limit` it refuses what exceeds so many calls in the second before (60007), as an app's limit
would.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import deque
from email.utils import formatdate
from functools import partial
from typing import Any, Final

_OK: Final = b',"ResultCode":0,"ResultInfo":""}'
_UNRELATED: Final = b',"Relation":"CheckResult_Type_NoRelation"' + _OK
_ITEMS: Final = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ErrorDisplay":"","%b":['
_PAGE: Final = 100
_THROTTLED: Final = b'{"ActionStatus":"FAIL","ErrorCode":60007,"ErrorInfo":"too often"}'


class Seen:
    """What arrived."""

    def __init__(self, limit: int | None, pages: int) -> None:
        self.pages = pages
        self.arrivals: list[float] = []
        self.pairs = 0
        self.throttled = 0
        self._accepted: deque[float] | None = None if limit is None else deque(maxlen=limit)

    def admits(self, now: float) -> bool:
        """Note an arrival; whether it is within the limit."""
        self.arrivals.append(now)
        accepted = self._accepted
        if accepted is None:
            return True
        if len(accepted) == accepted.maxlen and now - accepted[0] < 1:
            self.throttled += 1
            return False
        accepted.append(now)
        return True


class Connection(asyncio.Protocol):
    """One kept-alive connection; its client waits for each answer."""

    def __init__(self, seen: Seen, latency_s: tuple[float, float]) -> None:
        self._seen = seen
        self._latency_s = latency_s
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = transport  # type: ignore[assignment]  # a socket's is one

    def data_received(self, data: bytes) -> None:
        """Answers when a whole request is there."""
        self._received = received = self._received + data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = received[:end].lower()
        at = head.index(b"content-length:") + 15
        size = int(head[at:].split(b"\r\n", 1)[0])
        if len(received) < end + 4 + size:
            return
        self._received = b""
        body = self._answer(received[end + 4 :])
        reply = (
            b"HTTP/1.1 200 OK\r\nServer: nginx\r\n"
            b"Date: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            b"Connection: keep-alive\r\n\r\n%b"
        ) % (_date(), len(body), body)
        low, high = self._latency_s
        if high > 0:
            delay = random.uniform(low, high)
            asyncio.get_running_loop().call_later(delay, self._write, reply)
        else:
            self._write(reply)

    def _answer(self, body: bytes) -> bytes:
        if not self._seen.admits(time.monotonic()):
            return _THROTTLED
        if b'"StartIndex"' in body:
            return _page(json.loads(body), self._seen.pages)
        begin = body.index(b'"To_Account":[') + 14
        ids = body[begin : body.index(b"]", begin)]
        self._seen.pairs += ids.count(b",") + 1
        asks = b'"CheckType"' in body
        said = _UNRELATED if asks else _OK
        items = ids.replace(b'","', b'"' + said + b',{"To_Account":"')
        return b'%b{"To_Account":%b%b]}' % (
            _ITEMS % (b"InfoItem" if asks else b"ResultItem"),
            items,
            said,
        )

    def _write(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


def _page(asked: dict[str, Any], pages: int) -> bytes:
    start, account = asked["StartIndex"], asked["From_Account"]
    end, total = start + _PAGE, pages * _PAGE
    items = [
        {
            "To_Account": f"{account}_{number:04}",
            "ValueItem": [
                {"Tag": "Tag_SNS_IM_Remark", "Value": f"remark {number * 7919 % 1000}"},
                {"Tag": "Tag_SNS_IM_AddTime", "Value": 1_600_000_000 + number * 104_729},
                {"Tag": "Tag_SNS_IM_AddSource", "Value": "AddSource_Type_Web"},
            ],
        }
        for number in range(start, end)
    ]
    page = {
        "ActionStatus": "OK",
        "ErrorCode": 0,
        "ErrorInfo": "",
        "UserDataItem": items,
        "StandardSequence": 1,
        "CustomSequence": 1,
        "FriendNum": total,
        "CompleteFlag": int(end >= total),
        "NextStartIndex": end,
    }
    return json.dumps(page).encode()


_dated: tuple[int, bytes] = (0, b"")


def _date() -> bytes:
    global _dated  # noqa: PLW0603  # once a second
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, formatdate(now, usegmt=True).encode())
    return _dated[1]


def busiest_second(times: list[float]) -> int:
    """The most of `times` (ascending) that lie in any stretch of one second, half open."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


async def _serve(latency_s: tuple[float, float], seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        partial(Connection, seen, latency_s), "127.0.0.1", 0, backlog=2048
    )
    closed = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), closed.set)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await closed.wait()


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, nargs=2, default=(0.0, 0.0))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--pages", type=int, default=1)
    chosen = parser.parse_args()
    seen = Seen(chosen.limit, chosen.pages)
    low, high = chosen.latency_ms
    asyncio.run(_serve((low / 1000, high / 1000), seen))
    times = seen.arrivals
    span = times[-1] - times[0] if len(times) > 1 else 0.0
    report = {
        "calls": len(times),
        "pairs": seen.pairs,
        "throttled": seen.throttled,
        "first": times[0] if times else None,
        "span_s": span,
        "most_in_a_second": busiest_second(times),
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
