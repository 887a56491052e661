"""A finished run, and the same sealed, made once for each worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.process import Place
from tests.support.sealing import copied, seal, small_run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Not sealed; to be copied, never changed."""
    place = Place(tmp_path_factory.mktemp("finished"))
    small_run(place)
    return place


@pytest.fixture(scope="session")
def sealed_run(finished_run: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Sealed; to be copied, never changed."""
    place = copied(finished_run, tmp_path_factory.mktemp("sealed") / "place")
    seal(place)
    return place


@pytest.fixture
def finished(finished_run: Place, tmp_path: Path) -> Place:
    """A finished run."""
    return copied(finished_run, tmp_path / "place")


@pytest.fixture
def sealed(sealed_run: Place, tmp_path: Path) -> Place:
    """A sealed run."""
    return copied(sealed_run, tmp_path / "place")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty one."""
    return Place(tmp_path)
