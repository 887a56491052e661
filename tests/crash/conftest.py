"""How often the process is killed at random; a few times unless asked for more."""

from __future__ import annotations

import pytest

FEW = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/crash --crashes 100` tries a hundred random stories."""
    parser.addoption("--crashes", type=int, default=FEW, help="random stories of kills")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each random story; its number is its seed."""
    if "story_seed" in metafunc.fixturenames:
        many = metafunc.config.getoption("--crashes", default=FEW)
        metafunc.parametrize("story_seed", range(many))
