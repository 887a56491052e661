"""How often the process is killed at random; a few times unless asked for more."""

from __future__ import annotations

import pytest

FEW = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/crash --crashes 100` tries a hundred random stories."""
    parser.addoption("--crashes", type=int, default=None, help="random stories of kills")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each random story; its number is its seed.

    A module may have a FEW of its own.
    """
    if "story_seed" in metafunc.fixturenames:
        few = getattr(metafunc.module, "FEW", FEW)
        many = metafunc.config.getoption("--crashes", default=None)
        metafunc.parametrize("story_seed", range(few if many is None else many))
