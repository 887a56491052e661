"""How the targets of a run ended that many processes send, out of what each of them said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bulkdel.cli.shards import ended
from bulkdel.ledger.values import Counters
from bulkdel.report.status import TargetStatus
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import End, LaneEnd
from tests.support import front


def target(tmp_path: Path, settled: int, state: LaneState | None = None) -> TargetStatus:
    """A target of 10 pairs."""
    job = front.job(front.tencent(), run_dir=tmp_path)
    meta = front.plan(job, front.books(read=10, pairs=10), {"tencent": 10})
    status = front.status(job, meta, {"tencent": Counters(deleted=settled)})
    [one] = status.targets
    return replace(one, lane=replace(one.lane, state=state or one.lane.state))


def said(end: End, words: str = "") -> LaneEnd:
    """What a process said of a slice."""
    return LaneEnd(target="tencent", end=end, words=words)


def test_of_slices_the_worst_end_speaks(tmp_path: Path) -> None:
    """One finished, one had its tries used up, one was refused: it was refused."""
    lanes = [said(End.FINISHED), said(End.LEFT), said(End.REFUSED, "no such key")]
    assert ended(target(tmp_path, 5), lanes, None) == said(End.REFUSED, "no such key")


def test_what_others_settled_since_has_ended_well(tmp_path: Path) -> None:
    """Refused here, and sent by another process; what a guard has stopped is still stopped."""
    lanes = [said(End.REFUSED, "no such key")]
    assert ended(target(tmp_path, 10), lanes, None) == said(End.FINISHED)
    assert ended(target(tmp_path, 10), [said(End.GUARD, "too many")], None).end is End.GUARD


def test_what_nobody_took_ended_as_the_command_did(tmp_path: Path) -> None:
    """The signal that stopped it; or what the target's last process said; or another has it now."""
    signal = (End.STOPPED, "stopped by SIGTERM")
    assert ended(target(tmp_path, 5), [], signal) == said(*signal)
    last = LaneState(doing=Doing.ENDED, end=End.DOWN, info="silent for an hour")
    assert ended(target(tmp_path, 5, last), [], None) == said(End.DOWN, "silent for an hour")
    sending = LaneState(doing=Doing.SENDING)
    assert ended(target(tmp_path, 5, sending), [], None).end is End.KEPT_BACK
