"""The same runs over loopback sockets and the real transport: fewer of them, and slower."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from bulkdel.emulator.emulated import Emulated, Response
from bulkdel.emulator.emulated import PendingCall as Arrived
from bulkdel.emulator.faults import Cut
from bulkdel.providers.protocol import Call
from bulkdel.send.transport import BODY_MOST, Reply
from tests.simulation.network import Network, read, removed_by


def record(network: Network, sitting: Callable[[], int], timeout_s: float) -> Emulated:
    """The network's provider, which from now on writes down each call that arrives by itself."""
    emulated = network.emulated
    receive, carry_out, release = emulated.receive, emulated.carry_out, emulated.release
    number: dict[int, int] = {}

    def received(
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        now: float,
        *,
        waits: Callable[[], bool],
    ) -> Arrived:
        call = Call(method=method, path=path, query="", body=body)
        sent = read(network.target, call, dict(query), asyncio.get_running_loop().time(), sitting())
        network.sent.append(sent)
        network.watch(sent)
        arrived = receive(method, path, query, body, now, waits=waits)
        number[id(arrived)] = len(network.sent) - 1
        return arrived

    def carried_out(call: Arrived) -> Response:
        sent = network.sent[number[id(call)]]
        return removed_by(emulated, sent, lambda: carry_out(call))

    def released(call: Arrived, response: Response) -> None:
        sent = network.sent[number.pop(id(call))]
        now = asyncio.get_running_loop().time()
        sent.over_at = min(now, sent.left_at + timeout_s)
        if response.cut is Cut.NO and call.waits() and len(response.body) <= BODY_MOST:
            sent.reply = Reply(
                status=response.status, retry_after_s=None, date_s=None, body=response.body
            )
        release(call, response)

    emulated.receive = received  # type: ignore[method-assign, assignment]  # written down
    emulated.carry_out = carried_out  # type: ignore[method-assign]  # written down
    emulated.release = released  # type: ignore[method-assign]  # written down
    return emulated
