"""Has the shards of a run sent: by processes of this machine, with one screen for all of them."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from bulkdel.cli import streams
from bulkdel.cli.shards_screen import shards_screen
from bulkdel.cli.signals import Stopping
from bulkdel.cli.steps import Carried
from bulkdel.job.job import Job
from bulkdel.lease.table import Table
from bulkdel.report.ending import ENDS
from bulkdel.report.status import TargetStatus
from bulkdel.runs.cut_run import CutRun, leave_for
from bulkdel.runs.leases import end_session
from bulkdel.runs.observers import Observers
from bulkdel.runs.phases import all_ended
from bulkdel.runs.pipe import Orders
from bulkdel.runs.run import Run
from bulkdel.runs.supervisor import Supervisor
from bulkdel.send.state import Doing
from bulkdel.send.view import End, Ending, LaneEnd

_OF_SETTLED = {End.GUARD, End.CANARY, End.KEPT_BACK}
"""What still holds of a target of which nothing is left: anything else another has put right."""


def send_shards(
    job: Job,
    run: Run,
    watch: Stopping,
    others: Observers,
    *,
    processes: int | None,
    limit: int | None,
    go_on: bool,
    quiet: bool,
) -> Carried:
    """Sends what is left of all shards of a run that is cut; how each target ended.

    `processes`: one for each core that this process may use, if None; never more than open shards.
    """
    if not isinstance(run, CutRun):
        raise TypeError(f"{job.name} is not cut into shards")
    status = run.status()
    open_ones = {one.name: one for one in run.open_shards(status)}
    if not open_ones:
        return Carried(ending=all_ended(job, End.FINISHED, ""))
    count = min(processes or _cores(), len(open_ones))
    bound_s = job.schedule.max_duration_s
    orders = Orders(
        job=replace(job, schedule=replace(job.schedule, max_duration_s=None)),
        cut=run.cut,
        consent=run.consent,
        go_on=go_on,
        leave=leave_for(status, limit),
        began_s=run.began_s,
    )
    qps = {target.name: target.qps for target in job.targets}
    shared = run.began_s > 0
    table = Table(
        {
            name: sum(qps[target] for target in shard.targets) / shard.slices
            for name, shard in open_ones.items()
        },
        expected=count,
    )

    async def work() -> Supervisor:
        loop = asyncio.get_running_loop()
        dead = partial(end_session, job)
        supervisor = Supervisor(orders, None if shared else table, streams.say, bound_s, dead)

        def stop(by: str) -> None:
            loop.call_soon_threadsafe(supervisor.stop, End.STOPPED, f"stopped by {by}")

        watch.tell(stop, supervisor.in_flight)
        async with AsyncExitStack() as stack:
            if not shared:  # else pause, resume and rate speak to the store
                await stack.enter_async_context(run.listening(supervisor, _warn))
            await supervisor.run(count, look)
        return supervisor

    with shards_screen(quiet=quiet) as show:

        def look() -> None:
            now = run.status()
            show(now)
            others.show_shards(now)

        with asyncio.Runner() as runner:
            done = runner.run(work())
    watch.tell(too_late)
    lanes = [lane for lanes in done.lanes.values() for lane in lanes]
    ends = tuple(ended(one, lanes, done.stopped) for one in run.status().targets)
    return Carried(ending=Ending(lanes=ends), asks=done.asks)


def ended(target: TargetStatus, lanes: list[LaneEnd], stopped: tuple[End, str] | None) -> LaneEnd:
    """How a target ended: of its slices, the worst; of one that nobody sent, why not."""
    own = [lane for lane in lanes if lane.target == target.name]
    over = {End.FINISHED} if target.unsettled > 0 else set(End) - _OF_SETTLED
    if bad := [lane for lane in own if lane.end not in over]:
        return min(bad, key=lambda lane: ENDS.index(lane.end))
    if target.unsettled <= 0:
        return LaneEnd(target=target.name, end=End.FINISHED, words="")
    if stopped is not None:
        return LaneEnd(target=target.name, end=stopped[0], words=stopped[1])
    state = target.state
    if state.doing is Doing.ENDED and state.end not in {None, End.FINISHED}:
        return LaneEnd(target=target.name, end=End(state.end), words=state.info, code=state.code)
    return LaneEnd(target=target.name, end=End.KEPT_BACK, words="another process has it")


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _warn(words: str) -> None:
    streams.say(f"Warning: {words}.")


def too_late(_: str) -> None:
    """Nothing is left to stop but the summary."""
