"""Where a manual speaks of providers: filled in from their own values when it is printed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from string import Template
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

from bulkdel.cli import streams

_BESIDE: Final = re.compile(r"(\s*(?:\S+(?: \S+)*\s{2,})?)(\S.*)")
"""A name and what is said of it, two blanks or more between them; or an indented text."""
_GOES_ON: Final = 4


class NamedCommand(TyperCommand):
    """A command whose manual names providers."""

    def get_help(self, ctx: Any) -> str:
        """The manual, as it is printed."""
        return fitted(super().get_help(_filled(ctx)), streams.width(sys.stdout))


class NamedGroup(TyperGroup):
    """A group of commands whose manual names providers."""

    def get_help(self, ctx: Any) -> str:
        """The manual, as it is printed."""
        return fitted(super().get_help(_filled(ctx)), streams.width(sys.stdout))


def fitted(manual: str, width: int) -> str:
    """The manual with its tables and samples in at most `width` columns.

    What stands beside two blanks or more goes on under itself. A command stays whole, so that half
    of it is not pasted.
    """
    room = max(width, streams.NARROW)
    return "\n".join(line for one in manual.split("\n") for line in _lines(one, room))


def _lines(line: str, room: int) -> Iterator[str]:
    parts = _BESIDE.match(line)
    if len(line) <= room or parts is None:
        yield line
        return
    first, text = parts.groups()
    if not first.strip() and text.startswith("bulkdel "):
        yield line
        return
    # Imported only where a line is too long: the widths of all letters.
    from bulkdel.report.text.lines import wrapped

    if len(first) > room * 2 // 3:
        yield first.rstrip()
        first = " " * (len(line) - len(line.lstrip()) + _GOES_ON)
    for piece in wrapped(text, room - len(first)):
        yield first + piece
        first = " " * len(first)


def _filled(ctx: Any) -> Any:
    """`ctx`, whose command's texts have the names in place of $first and its like."""
    names = _names()
    for one in (ctx.command, *ctx.command.params):
        for text in ("help", "epilog"):
            if template := getattr(one, text, None):
                setattr(one, text, Template(template).safe_substitute(names))
    return ctx


def _names() -> dict[str, object]:
    # Imported only when a manual is printed: no command needs the providers to be parsed.
    from bulkdel.providers import ADMIN_VENDORS, APP_ID_NAMES, PROVIDERS

    first, *_, last = PROVIDERS.values()
    return {
        "providers": " or ".join(PROVIDERS),
        "titles": " and ".join(one.title for one in PROVIDERS.values()),
        "app_ids": APP_ID_NAMES,
        "admin_vendors": ADMIN_VENDORS,
        "first": first.name,
        "last": last.name,
        "region": first.example_region,
        "app_id": first.example_app_id,
        "admin": first.admin,
        "secret_env": first.secret_env,
    }
