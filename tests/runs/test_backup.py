"""A backup holds what the plan deletes, field by field, each entry once, whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.emulator.habits import Habits
from tests.support.backing_up import Providers, read_backup

LONG = [("alice", f"friend{n:03}") for n in range(250)]
MUTUAL = [*LONG, *((friend, account) for account, friend in LONG)]


@pytest.mark.parametrize("page", [1, 7, 100, 250, 1000])
async def test_a_list_is_pulled_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Whatever the size of a page, every friend that the plan deletes is there, and no other."""
    it = Providers(
        folder=tmp_path,
        friends=[*MUTUAL, ("alice", "dear"), ("dear", "alice")],
        pairs=LONG,
        habits=Habits(page=page),
        names=("tencent", "zego"),
    )
    job, _, status = await it.back_up(monkeypatch)
    assert status is not None
    assert read_backup(job.run_dir) == it.entries(*MUTUAL)
    assert (status.note.friends, status.note.lists, status.note.failed) == (1000, 502, 0)
