"""The judge of tests that run the real command: what it shows is what its worlds hold."""

from __future__ import annotations

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.world import World
from tests.emulator.calls import TENCENT_APP
from tests.support.judge import Judge


def test_what_a_judge_shows_and_lets_be_done() -> None:
    """Entries with their data, of the provider's own making or set; friendships added later."""
    data = {"Tag_SNS_IM_Remark": "note ✓", "Tag_SNS_IM_Group": ["a", "b"]}
    with Judge({"tencent": [("a", "b")]}, habits=["page=1"], existing=["a", "b", "c"]) as judge:
        judge.befriend("tencent", ("b", "a"))
        judge.put("tencent", ("c", "a"), data)
        shown = judge.snapshot("tencent")
    world = World({"a": {"b"}, "b": {"a"}})
    Emulated("tencent", app=TENCENT_APP, world=world)
    assert shown == {**world.snapshot(), ("c", "a"): data}
