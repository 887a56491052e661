"""Virtual time for asynchronous tests, hypothesis without a deadline, workers, what is measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import pytest
from coverage import Coverage
from hypothesis import settings

from tests.support.autojump_clock import AutojumpLoop

settings.register_profile(
    "bulkdel",
    deadline=None,  # a busy machine is no failure
    derandomize="CI" in os.environ,  # one change is not held up by what another is found to lack
)
settings.load_profile("bulkdel")

UNMEASURED: Final = (
    "tests/crash/",
    "tests/evidence/test_seal_stopped.py",
    "tests/ledger/test_any_history.py",
    "tests/plan/test_parquet.py",
    "tests/send/test_rate.py",
    "tests/simulation/test_leases.py",
    "tests/simulation/test_night.py",
    "tests/simulation/test_simulation.py",
)
"""Many examples or deaths of one rule: to measure coverage would double what they take."""

LONG: Final = (
    "tests/e2e/test_bad_input.py::test_wrong_key",
    "tests/e2e/test_swallowing_network.py",
    "tests/crash/test_kills.py",
    "tests/runs/test_control.py",
    "tests/ledger/test_any_history.py",
)
"""Tests of ten seconds and more, mostly waiting: they begin first, so as to end with the rest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones; all others keep their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_xdist_auto_num_workers() -> int:
    """Two for a core: many tests wait for a process, which waits for its turn to send."""
    return (os.cpu_count() or 1) * 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Coverage, where it is measured, is not measured in the tests above."""
    measuring = Coverage.current() if item.nodeid.startswith(UNMEASURED) else None
    if measuring is None:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


def pytest_asyncio_loop_factories(
    config: Any,  # noqa: ARG001  # the hook's signature
    item: Any,  # noqa: ARG001  # the hook's signature
) -> Mapping[str, Callable[[], AutojumpLoop]]:
    """Run them all on the loop whose clock jumps over idle time."""
    return {"autojump": AutojumpLoop}
