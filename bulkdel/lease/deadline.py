"""The deadline: the kernel ends this process when its lease ends, even while it is stopped.

A process that was stopped between asking its fence and sending would send when it is continued. A
timer of the kernel needs no instruction of it. Where there is none, the fence does alone.
"""

from __future__ import annotations

import ctypes
import math
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

_SIGEV_SIGNAL: Final = 0
_TIMER_ABSTIME: Final = 1
_SIGEV_BYTES: Final = 64


class _Event(ctypes.Structure):
    """`struct sigevent`, of 64 bytes on every 64-bit Linux, whatever its C library."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * (_SIGEV_BYTES - 16)),
    )


class _Setting(ctypes.Structure):
    """`struct itimerspec`: an interval, then a moment."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "at_s", "at_ns"))


def kernel_deadline() -> Callable[[float], None]:
    """What moves the deadline of this process to a moment of `boottime_s`; math.inf: none.

    It does nothing where the kernel or the C library has no such timers.
    """
    library, timer = _timer()
    if library is None:
        return lambda _: None

    def move(until_s: float) -> None:
        setting = _Setting()
        if math.isfinite(until_s):
            # A moment of 0 would stop the timer: one that is long over fires at once.
            whole_ns = max(1, int(until_s * 1e9))
            setting.at_s, setting.at_ns = divmod(whole_ns, 1_000_000_000)
        library.timer_settime(timer, _TIMER_ABSTIME, ctypes.byref(setting), None)

    return move


def _timer() -> tuple[Any, ctypes.c_void_p]:
    timer = ctypes.c_void_p()
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        return None, timer
    for name in (None, "librt.so.1"):  # a C library before 2.34 keeps its timers apart
        try:
            library = ctypes.CDLL(name, use_errno=True)
            create = library.timer_create
        except (OSError, AttributeError):
            continue
        event = _Event(signal=signal.SIGKILL, notify=_SIGEV_SIGNAL)
        made = create(time.CLOCK_BOOTTIME, ctypes.byref(event), ctypes.byref(timer))
        return (library if made == 0 else None), timer
    return None, timer
