"""How keys and values of a job file are shown in an error: on one line, and never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bulkdel.plain import escaped

SHOWN_MOST = 80
"""Characters of a value that are shown."""

_LIKE_A_SECRET: Final = re.compile(r"(?=[A-Za-z+=]*[0-9])[0-9A-Za-z+=]{24,}")
_WITH_A_LOGIN: Final = re.compile(r"://[^/\s]*@|passw\w*\s*=", re.IGNORECASE)
_NAMES_OF_SECRETS: Final = re.compile(
    r"secret|passw|token|credential|signature|usersig|private|(^|[^a-z])sig$|key$", re.IGNORECASE
)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def looks_like_a_secret(text: str) -> bool:
    """Whether `text` may be a key that somebody pasted, so that it must not be shown."""
    return _LIKE_A_SECRET.fullmatch(text) is not None


def names_a_secret(key: str) -> bool:
    """Whether what stands under `key` may be a secret, so that it must not be shown."""
    return _NAMES_OF_SECRETS.search(key) is not None


def shown_text(text: str) -> str:
    """`text` in quotes, on one line and cut; only its length where it may hold a secret."""
    if _LIKE_A_SECRET.search(text) or _WITH_A_LOGIN.search(text):
        return f"a text of {len(text)} characters"
    cut = text if len(text) <= SHOWN_MOST else text[:SHOWN_MOST] + "…"
    return f'"{escaped(cut)}"'


def shown_value(value: object) -> str:
    """A TOML value as the user wrote it, near enough; of tables and lists only what they are."""
    match value:
        case str():
            shown = shown_text(value)
        case bool():
            shown = str(value).lower()
        case int() if value.bit_length() > SHOWN_MOST:
            shown = "a very large number"
        case int() | float():
            shown = str(value)
        case list():
            shown = "a list" if value else "an empty list"
        case dict():
            shown = "a table" if value else "an empty table"
        case _:
            shown = "a date or time"
    return shown


def shown_key(parts: tuple[str | int, ...]) -> str:
    """A key in dotted form: `targets.eu.qps`, `input.files[0]`."""
    dotted = ""
    for part in parts:
        if isinstance(part, int):
            dotted += f"[{part}]"
            continue
        bare = _BARE_KEY.fullmatch(part) and not looks_like_a_secret(part)
        dotted += ("." if dotted else "") + (part if bare else shown_text(part))
    return dotted


def one_of(names: Iterable[str]) -> str:
    """The names as a person lists them: "a", "b" or "c", each in quotes."""
    quoted = [f'"{name}"' for name in names]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
