"""One command that backs up, sends a canary, has it asked for and sends the rest, killed anywhere.

Whenever it dies: nothing is gone whose data is not kept, nothing but the canary is gone before it
was let on, and no second of any process has more calls than the target's rate.
"""

from __future__ import annotations

import json
import random
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from tests.crash.chain import EXISTING, Chain, tell
from tests.support.judge import Judge
from tests.support.process import Place

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

FEW = 1
CANARY = 4
QPS = {"tencent": 60, "zego": 20}


def test_each_phase_goes_on_where_it_was(tmp_path: Path, story_seed: int) -> None:
    """Killed in every phase and given again, it ends as if it had not been."""
    rng = random.Random(f"phases {story_seed}")
    provider = ("tencent", "zego")[story_seed % 2]
    faults = ("latency:0.01-0.1", "cut-after:0.05", "cut-before:0.03")
    with Judge({provider: []}, existing=EXISTING, faults=faults) as judge:
        chain = tell(Place(tmp_path), judge, rng, provider, two_way=rng.random() < 0.6)
        # What only the other side has may remain after a two-way deletion: no canary passes then.
        lacking = {pair[::-1] for pair in chain.pairs if pair not in chain.first}
        judge.begin_anew({provider: [pair for pair in chain.first if pair not in lacking]})
        chain.first = judge.snapshot(provider)
        chain.deaths = 5
        job = tmp_path / "job.toml"
        table = f'[canary]\naccounts = {CANARY}\nmax_failed = 100\nthen = "go"\n'
        job.write_text(job.read_text() + table)
        done = chain.killed("run", "job.toml", "--no-progress", check=lambda: looked(chain))
        assert done.code == (1 if chain.go else 75), done
        assert note(chain)["let_on"] == "go"
        asked = {line["from_account"] for line in chain.lines("canary")}
        assert asked <= canary(chain)
        assert {line["status"] for line in chain.lines("canary")} <= {"gone"}
        left = judge.seen(provider).left
        for pair in chain.pairs:
            kept = not chain.go and set(pair) - set(EXISTING)
            assert (pair in left) == (pair in chain.first and bool(kept)), pair


def looked(chain: Chain) -> None:
    """What must be so whenever no process works."""
    chain.backed_up()
    gone = chain.first.keys() - chain.world().keys()
    if gone and not note(chain).get("let_on"):
        own = {
            side for pair in chain.pairs if pair[0] in canary(chain) for side in chain.sides(pair)
        }
        assert gone <= own, f"gone before the canary was let on: {sorted(gone - own)[:3]}"
    departures = chain.place.folder / "departures"
    times = (
        sorted(float(at) for at in departures.read_text().split()) if departures.exists() else []
    )
    most = QPS[chain.provider]
    spans = [later - at for at, later in zip(times, times[most:], strict=False)]
    assert all(span > 0.99 for span in spans), f"{most + 1} calls within {min(spans)} s"


def note(chain: Chain) -> dict[str, Any]:
    """How far the canary is."""
    path = chain.run_dir / "canary.json"
    told: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return told


def canary(chain: Chain) -> frozenset[str]:
    """Whom the canary is drawn of: the accounts whose digests with its seed come first."""
    seed = note(chain)["seed"]
    accounts = {pair[0] for pair in chain.pairs}
    ordered = sorted(accounts, key=lambda one: md5(f"{seed}:{one}".encode()).hexdigest())  # noqa: S324
    return frozenset(ordered[:CANARY])
