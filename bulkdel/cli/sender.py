"""The process that a supervisor begins: its orders on standard input, its words on standard output.

No command of its own: `run` and `worker` begin it.
"""

from __future__ import annotations

import asyncio
import os
import sys

from bulkdel.cli.signals import stopping
from bulkdel.errors import BulkdelError, Exit, StoreAway
from bulkdel.lease.fence import Fence
from bulkdel.runs.failures import leaf, unexpected
from bulkdel.runs.log import trace
from bulkdel.runs.pipe import Orders, Pipe, PipeStore
from bulkdel.runs.sender import Sender


def main() -> None:
    """Carries out the orders; leaves with 0 when there is nothing to do any more."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what else is printed is no message
    orders = Orders.of(sys.stdin.buffer.readline())
    pipe = Pipe(sys.stdin.buffer, messages)
    code = Exit.DONE
    with stopping(_not_yet) as watch:
        try:
            sender = _sender(orders, pipe)
            asyncio.run(sender.run(watch.tell))
        except StoreAway as away:
            pipe.tell(away=str(away))
            code = Exit.LEFT
        except Exception as error:  # noqa: BLE001  # its supervisor says it
            cause = leaf(error)
            words = str(cause) if isinstance(cause, BulkdelError) else unexpected(cause)
            pipe.tell(wrong=words, trace=trace(error))
            code = Exit.WRONG
        os._exit(code)


def _sender(orders: Orders, pipe: Pipe) -> Sender:
    if not orders.began_s:
        fence = Fence()
        return Sender(orders, pipe, PipeStore(pipe, fence), fence, alone=False)
    from bulkdel.lease.deadline import kernel_deadline  # psycopg and more: only with a store
    from bulkdel.runs.leases import store_of

    fence = Fence(moved=kernel_deadline())
    return Sender(orders, pipe, store_of(orders, fence), fence, alone=True)


def _not_yet(_: str) -> None:
    """Before it begins there is nothing to stop: its supervisor has heard the signal too."""
    os._exit(Exit.LEFT)
