"""JSON for a screen as for programs: the same values, and nothing that a terminal obeys."""

from __future__ import annotations

from typing import Any

import orjson

from bulkdel.plain import json_escaped, storable


def json_text(values: dict[str, Any], *, laid_out: bool = True) -> bytes:
    """`values` in UTF-8, ending with a line feed; over several lines where it is laid out.

    What UTF-8 cannot hold (a path that is no text) is shown as escapes.
    """
    option = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if laid_out else 0)
    try:
        document = orjson.dumps(values, option=option)
    except TypeError:
        document = orjson.dumps(_storable(values), option=option)
    return json_escaped(document)


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {_storable(name): _storable(one) for name, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
        case _:
            return value
