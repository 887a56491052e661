"""One place for all trials of a process, where the machine lets its processes be traced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.trial import Place, Unable

FEW = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/faults --faults 100` tries a hundred faults in each situation."""
    parser.addoption("--faults", type=int, default=FEW, help="faults in each situation")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A folder with a judge and a tracer."""
    place = Place(tmp_path_factory.mktemp("faults"))
    try:
        place.open()
    except Unable as why:
        pytest.skip(f"system calls cannot be made to fail here: {why}")
    yield place
    place.close()
