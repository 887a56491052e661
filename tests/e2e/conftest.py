"""A place for the command to run in, and a judge that a whole file of tests shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path)


@pytest.fixture(scope="module")
def idle_judge() -> Iterator[Judge]:
    """A judge to which nobody may send anything."""
    with Judge({"tencent": [], "zego": []}) as judge:
        yield judge
