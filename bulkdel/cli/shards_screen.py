"""What a person sees while several processes send the shards of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from bulkdel.cli import streams
from bulkdel.cli.progress import FIRST_S, LINE_EVERY_S, can_redraw, display
from bulkdel.report.shards import shards_line
from bulkdel.report.status import Status
from bulkdel.report.text.lanes import sum_line
from bulkdel.report.text.shards import shards_screen_text


@contextmanager
def shards_screen(
    *, quiet: bool, now_s: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[Status], None]]:
    """Within it, what it yields shows how the run stands; call it every second or two.

    On a terminal a display, elsewhere a line after FIRST_S and every LINE_EVERY_S.

    Args:
        quiet: show nothing at all.
        now_s: a clock that never goes back, in seconds.
    """
    if quiet:
        yield lambda _: None
    elif can_redraw():
        with display() as draw:
            yield lambda status: draw(partial(shards_screen_text, status))
    else:
        due_s = now_s() + FIRST_S

        def say(status: Status) -> None:
            nonlocal due_s
            if now_s() >= due_s:
                due_s = now_s() + LINE_EVERY_S
                lanes = [target.lane for target in status.targets]
                line = sum_line(lanes, datetime.fromtimestamp(status.at_ms / 1000, UTC))
                streams.say(f"{line}; {shards_line(status.shards)}")

        yield say
