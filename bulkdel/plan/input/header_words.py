"""What is wrong with a header that lacks a column, without advice that costs a row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bulkdel.plain import shape
from bulkdel.plan.input.likely import alike, propose

_NAMES: Final = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_FORMATS: Final = {",": 'set input.format = "csv"', "\t": 'set input.format = "tsv"'}
_SHOWN_MOST: Final = 30
_IN_IDS: Final = frozenset("0123456789@")
"""Characters that hardly ever stand in the name of a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The columns that rows are made of.

    Attributes:
        from_field, to_field: their names; `to_field` is None where rows are single accounts.
        delimiter: between the fields of the file; empty where it names its columns itself, so that
            no row can stand in their place.
    """

    from_field: str
    to_field: str | None
    delimiter: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names that must be there."""
        return (self.from_field,) if self.to_field is None else (self.from_field, self.to_field)


def lacking(names: Sequence[str], wanted: Wanted) -> tuple[str, str]:
    """What to say of columns `names` that lack one of those that are wanted, and what to do.

    Renaming the keys of the job is proposed only where the first line is a header without doubt, or
    for a column that is probably meant: else whoever obeys would lose the first row.
    """
    if other := other_delimiter(names, wanted):
        what = f"its fields are separated by {_NAMES[other]}, not by {_NAMES[wanted.delimiter]}"
        return what, _FORMATS.get(other, "save it with commas between them")
    missing = [field for field in wanted.fields if field not in names]
    shown, named = _shown(names), " or ".join(map(repr, missing))
    meant = {field: one for field in missing if (one := _meant(names, field, wanted))}
    if meant:
        asked = " and ".join(map(repr, meant.values()))
        settings = [f'{_key(field, wanted)} = "{one}"' for field, one in meant.items()]
        what = f"there is no column {named}; it has {shown}"
        return what, f"did you mean {asked}? Then set {' and '.join(settings)}"
    if not wanted.delimiter or len(missing) < len(wanted.fields):  # it is a header without doubt
        keys = [_key(field, wanted) for field in missing]
        return (
            f"there is no column {named}; it has {shown}",
            f"Set {' and '.join(keys)} to the right one",
        )
    if any(not one or not _IN_IDS.isdisjoint(one) for one in names):  # ids of a first row, maybe
        shown = _shown(list(map(shape, names)))
    what = f"there is no column {named}: the first line is read as the header, and it is {shown}"
    if any(one.isdecimal() or "@" in one or not one for one in names):
        return what, f"{_line(names, wanted)} above it"
    keys = [_key(field, wanted) for field in wanted.fields]
    return what, (
        f"If it is a row already, {_line(names, wanted)} above it; if it does name the columns, "
        f"say which with {' and '.join(keys)}"
    )


def _key(field: str, wanted: Wanted) -> str:
    return "input.from_field" if field == wanted.from_field else "input.to_field"


def other_delimiter(names: Sequence[str], wanted: Wanted) -> str:
    """What stands between the fields in place of the delimiter; empty if nothing does."""
    if not wanted.delimiter:
        return ""
    header = wanted.delimiter.join(names)
    for other in _NAMES:
        parts = [part.strip(' "') for part in header.split(other)]
        alone = len(names) == 1 and len(wanted.fields) > 1
        if other != wanted.delimiter and len(parts) > 1 and (alone or {*parts} & {*wanted.fields}):
            return other
    return ""


def names_no_column(names: Sequence[str], wanted: Wanted) -> bool:
    """Whether nothing speaks for it that these are names of columns, and not a first row."""
    known = any(one in names for one in wanted.fields)
    return bool(wanted.delimiter and not known and not any(propose(names)))


def _meant(names: Sequence[str], field: str, wanted: Wanted) -> str:
    """The column that is probably the one of this name in another spelling; empty if none is."""
    if name := next((one for one in names if alike(one, field)), ""):
        return name
    first, other = propose(names)
    meant = first if field == wanted.from_field else other
    return "" if meant in wanted.fields else meant


def _line(names: Sequence[str], wanted: Wanted) -> str:
    if len(names) == len(wanted.fields) > 1 and wanted.delimiter == "\t":
        return f"put {' and '.join(wanted.fields)}, with a tab between them,"
    if len(names) == len(wanted.fields):
        return f"put {wanted.delimiter.join(wanted.fields)}"
    return (
        f"put a line that names its {len(names)} columns, {' and '.join(wanted.fields)} among them,"
    )


def _shown(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _SHOWN_MOST else ""
    return ", ".join(repr(name[:60]) for name in names[:_SHOWN_MOST]) + more
