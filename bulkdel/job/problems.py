"""What is wrong with a job file, as sentences a user can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bulkdel.job.keys import Allowed, Table, keys_of
from bulkdel.job.schema import JobTable
from bulkdel.job.shown import names_a_secret, shown_key, shown_value
from bulkdel.job.target_table import TargetTable

Key = tuple[str | int, ...]

TABLES: Final[Mapping[str, type[Table]]] = {
    name: kind
    for name, field in JobTable.model_fields.items()
    for kind in (field.annotation, *get_args(field.annotation))
    if isinstance(kind, type) and issubclass(kind, Table) and kind is not TargetTable
}
"""The tables of a job file but for its targets."""
_HOME: Final[Mapping[str, str]] = {
    **dict.fromkeys(keys_of(TargetTable), "in [targets.NAME]"),
    **{key: f"in [{name}]" for name, table in TABLES.items() for key in keys_of(table)},
    **dict.fromkeys(keys_of(JobTable), "at the top of the file, above the first [table]"),
}
"""Where each known key belongs, in words."""


def sentences(error: ValidationError) -> Iterator[str]:
    """One sentence for each problem, in the order of the schema; no value of a secret in any."""
    for detail in error.errors(include_url=False):
        yield _sentence(detail)


def nearest(word: str, known: list[str]) -> str:
    """A question that suggests the known word nearest to `word`, or nothing."""
    plain = word.lower().replace("-", "_").replace(" ", "_")
    closest = difflib.get_close_matches(plain, known, n=1)
    return f"; did you mean {closest[0]}?" if closest else ""


def _sentence(detail: ErrorDetails) -> str:
    key: Key = detail["loc"]
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(key)
        case "model_type":
            return f"{shown_key(key)} must be a table, [{shown_key(key)}]"
        case "missing":
            return f"{shown_key(key)} is missing: {_allowed(key).missing}"
        case _ if key[-1] == "[key]":  # pydantic's mark for the key of a mapping
            name = shown_key(key[:-1])
            return f"{name} is no name for a target; it must be 1…32 letters, digits, _ or -"
        case _:
            return f"{shown_key(key)} {_predicate(detail)}"


def _predicate(detail: ErrorDetails) -> str:
    key: Key = detail["loc"]
    message = str(detail.get("ctx", {}).get("error", ""))
    if detail["type"] == "value_error" and message:
        return message
    allowed = _allowed(key)
    words = allowed.words if key[-1] in keys_of(_table(key)) else allowed.item
    secret = names_a_secret(_name(key))
    shown = "wrong (its value is not shown)" if secret else shown_value(detail["input"])
    return f"is {shown}; it must be {words}{'' if secret else _meant(detail, words)}"


def _meant(detail: ErrorDetails, words: str) -> str:
    """A question that suggests one of the values that are allowed, where they are named."""
    if detail["type"] != "enum" or not isinstance(detail["input"], str):
        return ""
    return nearest(detail["input"], re.findall(r'"([a-z_]+)"', words))


def _unknown(key: Key) -> str:
    name = _name(key)
    known = list(keys_of(_table(key)))
    sentence = f"{shown_key(key)} is not a known key"
    if names_a_secret(name):
        return (
            f"{shown_key(key)}: a secret is never written in a job file; in [targets.NAME], "
            "secret_env names the environment variable, or secret_file the file, that holds it"
        )
    if name in _HOME:
        return f"{sentence} here: {name} belongs {_HOME[name]}"
    suggestion = nearest(name, known)
    return (
        f"{sentence}{suggestion}" if suggestion else f"{sentence}; known here: {', '.join(known)}"
    )


def _name(key: Key) -> str:
    """The last part of a key that is no place in a list."""
    return next(str(part) for part in reversed(key) if not isinstance(part, int))


def _table(key: Key) -> type[Table]:
    """The table that `key` stands in."""
    if key[0] == "targets" and len(key) > 2:  # noqa: PLR2004 - targets.NAME.KEY
        return TargetTable
    return TABLES[str(key[0])] if len(key) > 1 and key[0] in TABLES else JobTable


def _allowed(key: Key) -> Allowed:
    fields = keys_of(_table(key))
    name = _name(key)
    field = fields[name if name in fields else _name(key[:-1])]  # or of a name in the key's table
    return next(note for note in field.metadata if isinstance(note, Allowed))
