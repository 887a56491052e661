"""A server in a network of its own: `python -m tests.support.far_server ADDRESS PORT`.

It deletes whatever it is asked to after LATENCY_S, prints "ready" when it can be called and
"called" when it was for the first time. When its standard input ends it prints one line of JSON:
for each call that came, the accounts, when it came and when it was answered, in seconds of the
machine's clock.
"""

from __future__ import annotations

import asyncio
import sys
import time

import orjson

LATENCY_S = 0.05
Seen = list[object]


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[Seen]
) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
            asked = orjson.loads(await reader.readexactly(length))
            call: Seen = [asked["From_Account"], asked["To_Account"], time.monotonic(), None]
            seen.append(call)
            if len(seen) == 1:
                _say("called")
            await asyncio.sleep(LATENCY_S)
            call[3] = time.monotonic()
            results = [{"To_Account": one, "ResultCode": 0} for one in asked["To_Account"]]
            body = orjson.dumps({"ActionStatus": "OK", "ErrorCode": 0, "ResultItem": results})
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(address: str, port: int) -> None:
    """Serve until standard input ends."""
    seen: list[Seen] = []
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, seen), address, port
    )
    _say("ready")
    await asyncio.to_thread(sys.stdin.read)
    _say(orjson.dumps(seen).decode())
    server.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
