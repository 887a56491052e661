"""Shows the lanes of a sitting while it sends: here, and to whoever reads the run directory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from bulkdel import files
from bulkdel.runs.live import LiveFile
from bulkdel.runs.seams import Show
from bulkdel.send.sitting import Sitting

SHOW_EVERY_S: Final = 0.5


async def keep_showing(
    sitting: Sitting, show: Show, live: LiveFile, warn: Callable[[str], None]
) -> None:
    """Shows the lanes, here and to whoever reads the run directory; at once where one is told to.

    Where the file cannot be written, `warn` hears of it once.
    """
    warned = False
    while True:
        sitting.changed.clear()
        views = sitting.views()
        show(views)
        if write := live.due(views, time.time_ns() // 1_000_000):
            try:
                await asyncio.to_thread(write)
            except OSError as error:
                if not warned:
                    warn(f"`status` cannot be told how it stands: {files.reason(error)}")
                warned = True
        with suppress(TimeoutError):
            async with asyncio.timeout(SHOW_EVERY_S):
                await sitting.changed.wait()
