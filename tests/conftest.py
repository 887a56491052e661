"""Puts every asynchronous test on virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.autojump_clock import AutojumpLoop


def pytest_asyncio_loop_factories(
    config: Any,  # noqa: ARG001  # the hook's signature
    item: Any,  # noqa: ARG001  # the hook's signature
) -> Mapping[str, Callable[[], AutojumpLoop]]:
    """Run them all on the loop whose clock jumps over idle time."""
    return {"autojump": AutojumpLoop}
