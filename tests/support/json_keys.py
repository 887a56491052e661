"""Whether a JSON form and the documentation of its keys say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def undocumented(values: Any, keys: Mapping[str, str]) -> set[str]:
    """What is written and is no key, nor an object or list that keys are in."""
    patterns = [_parts(key) for key in keys]
    return {
        ".".join(path)
        for path in _leaves(values)
        if not any(_matches(path, pattern[: len(path)]) for pattern in patterns)
    }


def unwritten(values: Any, keys: Mapping[str, str]) -> set[str]:
    """The keys that are not written, but for those of an object that is null or a list of none."""
    leaves = list(_leaves(values))
    return {
        key
        for key in keys
        if not any(_matches(path, _parts(key)[: len(path)]) for path in leaves)
        and not any(_matches(path[: len(_parts(key))], _parts(key)) for path in leaves)
    }


def _leaves(values: Any, at: Path = ()) -> Iterator[Path]:
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from _leaves(value, (*at, name))
    elif isinstance(values, list) and values:
        for value in values:
            yield from _leaves(value, (*at, "[]"))
    else:
        yield at


def _parts(key: str) -> Path:
    return tuple(key.replace("[]", ".[]").split("."))


def _matches(path: Path, pattern: Path) -> bool:
    return len(path) == len(pattern) and all(
        part in {"*", name} for name, part in zip(path, pattern, strict=True)
    )
