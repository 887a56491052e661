"""Sealing that is stopped at any step: nothing is lost before the name, and after it all goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.process import ROOT, Place

_SEALER = str(ROOT / "tests/evidence/sealer.py")


@pytest.mark.crash
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("what", "every"), [("kill", 2), ("fail", 6)])
def test_stopped_at_a_step(finished_run: Place, tmp_path: Path, what: str, every: int) -> None:
    """Rule: killed, or with a full disk: the same command ends it, and no file holds an id.

    Until sealed/ has its name every file of the run is as it was; and what has the name is whole
    and was synced, before the first file is removed.
    """
    done = finished_run.run(
        str(finished_run.folder), str(tmp_path), what, str(every), program=[_SEALER]
    )

    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["wrong"] == {}
    assert len(told["steps"]) * every > 40  # it went through all of them
