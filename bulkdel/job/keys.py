"""What the tables of a job file are made of: the table itself, texts, accounts, lengths of time."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.fields import FieldInfo

from bulkdel.job.shown import looks_like_a_secret, shown_text

ACCOUNT_MOST_BYTES = 32
TEXT_MOST: Final = 4096

TEXT_PATTERN: Final = r"^[^\x00-\x1f\x7f]+$"
_SHELL_ONLY: Final = re.compile(r"(~)$|(~[A-Za-z0-9._-]*|\$[A-Za-z_]\w*|\$\{\w+\})/", re.ASCII)
_DURATION_PATTERN: Final = r"^[0-9]{1,9}(\.[0-9]{1,9})?[smhd]$"
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be written under a key, in words that complete "it must be …".

    Attributes:
        words: for the whole value.
        item: for one item, where the value is a list or a table of names.
        missing: what to say when the key is required and absent.
    """

    words: str
    item: str = ""
    missing: str = ""


def no_secret(text: str) -> str:
    """`text` itself; ValueError if it may be a key that somebody pasted."""
    if looks_like_a_secret(text):
        raise ValueError("looks like a secret itself: a secret is never written in a job file")
    return text


def _account(text: str) -> str:
    if len(text.encode()) > ACCOUNT_MOST_BYTES:
        raise ValueError
    return text


def _seconds(value: object) -> object:
    """The seconds of a duration such as "90s"; anything else is left for the type to judge."""
    if isinstance(value, str) and re.fullmatch(_DURATION_PATTERN, value):
        return float(value[:-1]) * _UNIT_S[value[-1]]
    return value


def sized(*, least: int = 0, most: int = sys.maxsize) -> BeforeValidator:
    """How many items a list has. A bound on a tuple would count only the items that are right."""

    def checked(value: object) -> object:
        if isinstance(value, (list, tuple)) and not least <= len(value) <= most:
            raise ValueError
        return value

    return BeforeValidator(checked)


def whole_path(text: str) -> str:
    """`text` itself; ValueError where it counts on a shell that there is not.

    Another user, or cron, has another home: a run or a secret would be looked for elsewhere.
    """
    if match := _SHELL_ONLY.match(text):
        mark = match[1] or match[2]
        raise ValueError(
            f"is {shown_text(text)}; {mark} stands there for itself, since no shell reads a job "
            "file: write the whole path, or one relative to this file"
        )
    return text


Text = Annotated[str, Field(pattern=TEXT_PATTERN, max_length=TEXT_MOST)]
FilePath = Annotated[Text, AfterValidator(whole_path)]
Account = Annotated[
    str, Field(pattern=TEXT_PATTERN, max_length=ACCOUNT_MOST_BYTES), AfterValidator(_account)
]
Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _DURATION_PATTERN}]}
    ),
]
Variable = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"), AfterValidator(no_secret)
]
TargetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]

TEXT_WORDS = "a text, not empty, without control characters"
ACCOUNT_WORDS = "an account id: a text of 1…32 bytes without control characters"
A_TABLE = Allowed("a table")


class Table(BaseModel):
    """One table of the job file: nothing is converted, and no key is ignored."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_by_name=True,  # by our own code; load_job takes a file's keys alone
    )


def keys_of(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table, as a job file writes them."""
    return {field.alias or name: field for name, field in table.model_fields.items()}
