"""Where each target's calls go, and what they are signed with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bulkdel.job.job import Reach, Target
from bulkdel.job.secrets import read_secret
from bulkdel.providers.protocol import Secret
from bulkdel.send.shared import Destination
from bulkdel.send.tunnel import Proxy

if TYPE_CHECKING:
    from bulkdel.emulator.server import EmulatorServer


async def destinations_of(
    targets: tuple[Target, ...],
    secrets: Mapping[str, Secret],
    proxies: Mapping[str, Proxy | None],
    stand_in: Callable[[Target], EmulatorServer],
    stack: AsyncExitStack,
) -> list[Destination]:
    """Where each target's calls go: to its address, or to a stand-in within this process."""
    destinations = []
    for target in targets:
        address = target.address
        if address is None:
            server = await asyncio.to_thread(stand_in, target)
            address = (await stack.enter_async_context(server)).address
        destinations.append(
            Destination(
                target=target,
                address=address,
                secret=secrets[target.name],
                proxy=proxies[target.name],
            )
        )
    return destinations


def secret_of(target: Target) -> Secret:
    """The key of a target; the emulator within this process has one of its own.

    Raises:
        WrongInput: it is not there.
    """
    if target.reach is not Reach.EMULATOR:
        return read_secret(target)
    from bulkdel.runs.stand_in import SECRET

    return SECRET
