"""A server that answers as Tencent does, and refuses the credentials for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

import orjson

LATENCY_S = 0.05


class Refusing:
    """Refuses with `code` from `since_s` until `until_s` of the loop's time after it began.

    Attributes:
        calls: that arrived. refused: of those, how many were.
        together: the most refused calls that were there at the same time.
        in_flight_most: the most calls that were there at the same time.
        last_s: when the last one arrived.
    """

    def __init__(
        self,
        code: int,
        *,
        until_s: float,
        since_s: float = 0.0,
        rows: int = 20,
        headers: str = "",
    ) -> None:
        self._headers = headers.encode()
        self._code, self._since_s, self._until_s, self.rows = code, since_s, until_s, rows
        self.calls = self.refused = self.together = self.in_flight_most = 0
        self.last_s = 0.0
        self._refusing = self._here = 0

    async def __aenter__(self) -> Self:
        self._began = asyncio.get_running_loop().time()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def job(self, folder: Path, more: str = "") -> Path:
        """A job of `rows` calls to it; `more` is appended."""
        (folder / "pairs.csv").write_text(
            "From_Account,To_Account\n" + "".join(f"from{n},to{n}\n" for n in range(self.rows))
        )
        (folder / "key").write_text("0123456789abcdef")
        path = folder / "job.toml"
        path.write_text(
            'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "run"\n'
            '[input]\nfiles = ["pairs.csv"]\n'
            '[targets.tencent]\nprovider = "tencent"\napp_id = 1\nsecret_file = "key"\n'
            f'qps = 50\nendpoint = "http://127.0.0.1:{self.port}"\n{more}'
        )
        return path

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                asked = orjson.loads(await reader.readexactly(length))["To_Account"]
                writer.write(await self._answer(asked))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, asked: list[str]) -> bytes:
        self.calls += 1
        self.last_s = asyncio.get_running_loop().time() - self._began
        refuses = self._since_s <= self.last_s < self._until_s
        self.refused += refuses
        self._refusing += refuses
        self._here += 1
        self.together = max(self.together, self._refusing)
        self.in_flight_most = max(self.in_flight_most, self._here)
        await asyncio.sleep(LATENCY_S)
        self._refusing -= refuses
        self._here -= 1
        done = [{"To_Account": one, "ResultCode": 0, "ResultInfo": ""} for one in asked]
        body = orjson.dumps(
            {"ActionStatus": "FAIL", "ErrorCode": self._code, "ErrorInfo": "no"}
            if refuses
            else {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "ResultItem": done}
        )
        head = b"HTTP/1.1 200 OK\r\n" + (self._headers if refuses else b"")
        return b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
