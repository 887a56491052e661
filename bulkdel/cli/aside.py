"""Errors that nobody is there to catch: in run.log if there is one, never on a terminal."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import Final

_LOGGER: Final = logging.getLogger("python")


def set_aside() -> None:
    """From now on what Python would print as a traceback is told to the log, if one is kept.

    So is what libraries log; asyncio tells of callbacks that failed.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # without a log it goes nowhere
    sys.unraisablehook = lambda seen: _tell(seen.exc_type, seen.exc_value, seen.exc_traceback)
    threading.excepthook = lambda seen: _tell(seen.exc_type, seen.exc_value, seen.exc_traceback)


def _tell(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    error = error or kind()
    _LOGGER.warning("not caught", exc_info=(kind, error, trace))
