"""One PostgreSQL for the tests of a worker of pytest; each test has a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import Server, a_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server that runs; whoever stops it starts it again."""
    try:
        with a_postgres(fsync=False) as server:
            yield server
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture
def address(postgres: Server) -> str:
    """The address of an empty database."""
    return postgres.database()
