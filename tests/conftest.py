"""Puts every asynchronous test on virtual time, and hypothesis beyond a slow machine's reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import settings

from tests.support.autojump_clock import AutojumpLoop

settings.register_profile("bulkdel", deadline=None)  # a busy machine is no failure
settings.load_profile("bulkdel")


def pytest_asyncio_loop_factories(
    config: Any,  # noqa: ARG001  # the hook's signature
    item: Any,  # noqa: ARG001  # the hook's signature
) -> Mapping[str, Callable[[], AutojumpLoop]]:
    """Run them all on the loop whose clock jumps over idle time."""
    return {"autojump": AutojumpLoop}
