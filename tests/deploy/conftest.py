"""A place for a sample's command to run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lease.conftest import address, postgres
from tests.support.process import Place

__all__ = ["address", "place", "postgres"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path)
