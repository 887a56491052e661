"""status.json: how a working process says how it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel import files
from bulkdel.ledger.values import Counters
from bulkdel.runs.live import EVERY_S, LiveFile, read_live
from bulkdel.send.state import Doing, End, LaneState, Slower
from bulkdel.send.view import LaneView


def view(doing: Doing = Doing.SENDING, info: str = "") -> LaneView:
    """A lane that does this."""
    state = LaneState(
        doing=doing, since_ms=1, until_ms=2, code=3, info=info, end=End.LEFT, slower=Slower.OPERATOR
    )
    return LaneView(
        target="a", pairs=9, counters=Counters(), qps=2, pace=1, rate=0.5, in_flight=4, state=state
    )


def written(run_dir: Path, *views: LaneView) -> None:
    """The file as it is written of these lanes."""
    write = LiveFile(run_dir, pid=47, began_ms=1000).due(views, 5000)
    assert write is not None
    write()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every field comes back, and only the owner can read the file."""
    written(tmp_path, view(info="a text"))
    live = read_live(tmp_path)
    assert live is not None
    assert (live.pid, live.began_ms, live.at_ms) == (47, 1000, 5000)
    [lane] = live.lanes
    assert lane.state == view(info="a text").state
    assert (lane.target, lane.pace, lane.rate, lane.in_flight) == ("a", 1, 0.5, 4)
    assert (tmp_path / files.STATUS).stat().st_mode & 0o777 == 0o600


def test_it_is_due_now_and_then_and_at_every_change(tmp_path: Path) -> None:
    """Every EVERY_S, and at once where a lane does something else."""
    file = LiveFile(tmp_path, pid=47, began_ms=1000)
    assert file.due([view()], 10_000)
    assert not file.due([view()], 10_000 + int(EVERY_S * 1000) - 1)
    assert file.due([view(Doing.PAUSED)], 10_001)
    assert file.due([view(Doing.PAUSED)], 10_001 + int(EVERY_S * 1000))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", b'{"pid":1,"began_ms":1,"at_ms":1,"lanes":[{"target":"a"}]}',
     b'{"pid":1,"began_ms":1,"at_ms":1,"lanes":[]}' + b" " * (1 << 20)],
)  # fmt: skip
def test_what_is_no_word_of_ours_says_nothing(tmp_path: Path, content: bytes) -> None:
    """Whoever can write there can write anything; it is then as if nothing was said."""
    (tmp_path / files.STATUS).write_bytes(content)
    assert read_live(tmp_path) is None
    assert read_live(tmp_path / "nowhere") is None
