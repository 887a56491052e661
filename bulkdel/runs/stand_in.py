"""The emulator inside the process: the friend graph is the job's own input, less what is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.server import EmulatorServer
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.emulator.world import World
from bulkdel.job.job import Job, Target
from bulkdel.ledger.history import History, open_history
from bulkdel.ledger.settled import SettledSet
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.values import Share
from bulkdel.providers.protocol import Secret
from bulkdel.words import Batch, Mode

SECRET: Final = Secret(DEMO_SECRET)
"""What a stand-in's calls are signed with; it guards nothing."""


def stand_in(job: Job, target: Target) -> EmulatorServer:
    """A server, not yet started, that stands in for one target's provider.

    Raises:
        Corrupt, StorageFailed: a file of the run in the job's directory is not what was written.
    """
    meta = read_plan_meta(job.run_dir)
    if meta is None:
        raise AssertionError("a trial without a plan")
    share = next(share for share in meta.shares if share.target == target.name)
    with PlanReader(job.run_dir, meta) as plan, open_history(job.run_dir) as history:
        world = world_of(job.mode, share, plan, history)
    app = EmulatedApp(app_id=target.app_id, admin=target.admin)
    habits = Habits(batch_limit=target.batch_size)
    return EmulatorServer(Emulated(target.provider, app=app, world=world, habits=habits))


def world_of(mode: Mode, share: Share, plan: PlanReader, history: History | None) -> World:
    """Who has whom where a stand-in answers.

    It holds the pairs of the plan as the input wrote them, in memory: this is for trials. Where
    the planner chose the sides, each is a friendship on both lists, which is what it takes them
    for. What earlier sittings settled is gone from it, as it would be at the provider.
    """
    world = World()
    for batch in _batches(share, plan):
        pairs = ((batch.from_account, other) for other in batch.to_accounts)
        world.befriend(pairs, mutual=batch.sides is not None)
    settled = SettledSet() if history is None else history.settled()
    left = {}
    if history is not None:
        opened = history.open_entries(share.first, share.first + share.batches)
        left = {one.ordinal: one.parts for one in opened}
    for batch in _batches(share, plan):
        everyone = set(batch.to_accounts)
        gone = everyone if batch.ordinal in settled else set()
        if places := [part.items for part in left.get(batch.ordinal, ())]:
            still = {batch.to_accounts[i] for items in places for i in items or ()}
            gone = set() if None in places else everyone - still
        if gone:
            world.remove(batch.from_account, gone, two_way=mode is Mode.TWO_WAY)
    return world


def _batches(share: Share, plan: PlanReader) -> Iterator[Batch]:
    for entries in plan.scan(share.first, share.first + share.batches):
        yield from (entry for entry in entries if isinstance(entry, Batch))
