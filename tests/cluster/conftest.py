"""A store for these tests, and how many of the long stories are told: none unless asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Server, a_postgres, binaries


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/cluster --kills 20` tells the long stories too, twenty of each random one."""
    parser.addoption("--kills", type=int, default=0, help="random stories of killed processes")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The long stories, unless they are asked for."""
    asked_for = config.getoption("--kills", default=0)
    return True if collection_path.name == "kills" and not asked_for else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each random story; its number is its seed."""
    if "kills_seed" in metafunc.fixturenames:
        metafunc.parametrize("kills_seed", range(metafunc.config.getoption("--kills")))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of these tests alone: they kill it."""
    try:
        programs = binaries()
    except LookupError as error:
        pytest.skip(str(error))
    with a_postgres(programs) as server:
        yield server


@pytest.fixture
def store(postgres: Server) -> str:
    """The address of an empty database."""
    return postgres.database()
