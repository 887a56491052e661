"""Habits as they were found: the file that a rehearsal writes, or KEY=VALUE on a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import orjson

from bulkdel.emulator.emulated import EMULATED
from bulkdel.emulator.habits import FOUND, Habits
from bulkdel.emulator.world import ReverseOnly

_VERSION = 1
_SHOWN = 60
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
NUMBERS: Final = ("batch_limit", "page")
"""Habits that are whole numbers from 1, which only a command line sets."""


def read_like(content: bytes) -> tuple[str, Habits]:
    """The provider that was rehearsed, and its habits; what was not found out is our guess.

    Raises:
        ValueError: a sentence for the user: what is wrong, what is allowed.
    """
    try:
        file = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} (line {error.lineno})") from None
    match file:
        case {"version": version, "provider": provider, "found": dict(found)}:
            pass
        case _:
            raise ValueError("it is not what a rehearsal writes: version, provider and found")
    if type(version) is not int or version != _VERSION:
        raise ValueError(f"its version is {_shown(version)}, this program reads {_VERSION}")
    if provider not in list(EMULATED):
        raise ValueError(f"provider must be one of {', '.join(EMULATED)}, not {_shown(provider)}")
    habits = Habits()
    for key, value in found.items():
        _allowed(key, FOUND)
        if value is not None:
            habits = _found(habits, key, value)
    return provider, habits


def with_habits(habits: Habits, texts: Iterable[str]) -> Habits:
    """The habits with some of them set, each written as KEY=VALUE.

    Raises:
        ValueError: a sentence for the user: which text, what is wrong, what is allowed.
    """
    for text in texts:
        key, equals, written = text.partition("=")
        if not equals:
            raise ValueError(f"{_shown(text)} is not KEY=VALUE")
        _allowed(key, (*FOUND, *NUMBERS))
        if key in FOUND:
            habits = _found(habits, key, {"true": True, "false": False}.get(written, written))
        elif _NUMBER.fullmatch(written):
            habits = _set(habits, key, int(written))
        else:
            raise ValueError(f"{key} must be a whole number from 1, not {_shown(written)}")
    return habits


def _allowed(key: str, keys: Iterable[str]) -> None:
    if key not in keys:
        raise ValueError(f"{_shown(key)} is unknown; known are {', '.join(sorted(keys))}")


def _found(habits: Habits, key: str, value: Any) -> Habits:
    if not any(type(value) is type(one) and value == one for one in FOUND[key]):
        allowed = ", ".join(map(_shown, FOUND[key]))
        raise ValueError(f"{key} must be one of {allowed}, not {_shown(value)}")
    return _set(habits, key, ReverseOnly(value) if key == "reverse_only" else value)


def _set(habits: Habits, key: str, value: Any) -> Habits:
    return replace(habits, **{key: value})


def _shown(value: object) -> str:
    """A value as JSON writes it, capped: the file may hold anything."""
    written = orjson.dumps(value).decode()
    return written if len(written) <= _SHOWN else written[:_SHOWN] + "…"
