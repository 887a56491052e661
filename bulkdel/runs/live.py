"""status.json: how the process that works on a run says how it stands, for `status` to read.

It is replaced every EVERY_S, and where what a lane does has changed. Its figures of pairs are for
those who cannot read the journal, such as another machine's; the journal's are the ones that count.
It is a word of the moment and no record, so it is not synced, and a run goes on without it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.lease.fence import no_fence
from bulkdel.ledger.lock import holder
from bulkdel.ledger.sittings import LaneStop
from bulkdel.ledger.values import Counters
from bulkdel.send.state import Doing, End, LaneState
from bulkdel.send.view import LaneView

EVERY_S: Final = 2.0
SELDOM_S: Final = 5.0
"""The same where one process works on more than MANY runs at once."""
MANY: Final = 20
FRESH_S: Final = 15.0
"""A word older than this says how things stood, not how they stand."""
_BYTES_MOST: Final = 1 << 20
_TEXT_MOST: Final = 3000
_NO_COUNTERS: Final = Counters()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLane:
    """One lane as its process last saw it; as in LaneView.

    What has a default is not in a file of an older version.
    """

    target: str
    pace: float
    rate: float
    in_flight: int
    state: LaneState
    pairs: int = 0
    counters: Counters = _NO_COUNTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the process `pid`, whose sitting began at `began_ms`, said at `at_ms` (Unix ms).

    Attributes:
        host: the name of its machine; empty where it is not known.
        hands: how often the shard was taken until then, if it is one.
        ended: whether that was its last word: it let go of the run in good order.
    """

    pid: int
    began_ms: int
    at_ms: int
    lanes: tuple[LiveLane, ...]
    host: str = ""
    hands: int = 0
    ended: bool = False


_LIVE: Final = TypeAdapter(Live)


def cut_short(state: LaneState) -> str:
    """How a lane ended whose process left while it was stopping, in words."""
    return f"{state.info}, and left before all calls in flight had their answers"


def left_at_once(live: Live) -> tuple[LaneStop, ...]:
    """How each lane ended, of a process that is gone; none where it did not say that it stops."""
    stopping = [lane.state for lane in live.lanes if lane.state.doing is Doing.STOPPING]
    if not stopping:
        return ()
    return tuple(
        LaneStop(
            target=lane.target,
            end=str(lane.state.end or End.STOPPED),
            words=cut_short(lane.state) if lane.state.doing is Doing.STOPPING else lane.state.info,
        )
        for lane in live.lanes
    )


class LiveFile:
    """The file of a run directory, as the process writes it that works there.

    Attributes:
        views: the lanes as they were last seen.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        pid: int,
        began_ms: int,
        hands: int = 0,
        every_s: float = EVERY_S,
        fence: Callable[[], None] = no_fence,
    ) -> None:
        """Replaced every so many seconds, while the `fence` lets it; the others as in Live."""
        self._path = run_dir / files.STATUS
        self._pid, self._began_ms, self._hands = pid, began_ms, hands
        self._every_ms, self._fence = every_s * 1000, fence
        self.views: Sequence[LaneView] = ()
        self._written_ms = 0
        self._doings: tuple[str, ...] = ()

    def due(self, views: Sequence[LaneView], now_ms: int) -> Callable[[], None] | None:
        """What writes the lanes as they are now, if that is due; else None.

        It may be called in another thread, and raises OSError where it cannot write.
        """
        self.views = views
        doings = tuple(view.state.doing for view in views)
        if doings == self._doings and now_ms - self._written_ms < self._every_ms:
            return None
        self._doings, self._written_ms = doings, now_ms
        return self._writing(now_ms, ended=False)

    def overdue(self, now_ms: int) -> Callable[[], None] | None:
        """As `due`, with the lanes as last seen, where that is twice as long ago as it should."""
        late = now_ms - self._written_ms >= 2 * self._every_ms
        return self.due(self.views, now_ms) if late else None

    def end(self, now_ms: int) -> None:
        """The last word, with the lanes as they were last seen.

        Raises:
            OSError: it cannot be written.
        """
        self._writing(now_ms, ended=True)()

    def _writing(self, now_ms: int, *, ended: bool) -> Callable[[], None]:
        live = Live(
            pid=self._pid,
            began_ms=self._began_ms,
            at_ms=now_ms,
            lanes=tuple(
                LiveLane(
                    target=view.target,
                    pace=view.pace,
                    rate=view.rate,
                    in_flight=view.in_flight,
                    state=view.state,
                    pairs=view.pairs,
                    counters=view.counters,
                )
                for view in self.views
            ),
            host=platform.node(),
            hands=self._hands,
            ended=ended,
        )
        content = orjson.dumps(live) + b"\n"

        def write() -> None:
            self._fence()
            files.replace(self._path, content, durable=False)

        return write


def read_live(run_dir: Path) -> Live | None:
    """What the last process said; None where nothing was said, or nothing that can be read."""
    try:
        with files.open_to_read(run_dir / files.STATUS) as file:
            content = file.read(_BYTES_MOST + 1)
        live = _LIVE.validate_json(content) if len(content) <= _BYTES_MOST else None
    except (OSError, WrongInput, ValidationError):
        return None
    if live is None or any(len(lane.state.info) > _TEXT_MOST for lane in live.lanes):
        return None
    return live


def owner_of(run_dir: Path, live: Live | None, now_ms: int) -> tuple[str, int] | None:
    """The machine and the process that have the shard now; None where none has.

    Of this machine the lock says it, of another what that process wrote last.
    """
    here = platform.node()
    elsewhere = live is not None and live.host not in {"", here}
    if (worker := holder(run_dir)) is not None:
        return (live.host, live.pid) if live and elsewhere else (here, worker.pid)
    if live is None or live.ended or not elsewhere or now_ms - live.at_ms > FRESH_S * 1000:
        return None
    return live.host, live.pid
