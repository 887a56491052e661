"""Where a manual speaks of providers: filled in from their own values when it is printed."""

from __future__ import annotations

from string import Template
from typing import Any

from typer.core import TyperCommand, TyperGroup


class NamedCommand(TyperCommand):
    """A command whose manual names providers."""

    def get_help(self, ctx: Any) -> str:
        """The manual, as it is printed."""
        _fill(self)
        return super().get_help(ctx)


class NamedGroup(TyperGroup):
    """A group of commands whose manual names providers."""

    def get_help(self, ctx: Any) -> str:
        """The manual, as it is printed."""
        _fill(self)
        return super().get_help(ctx)


def _fill(command: TyperCommand | TyperGroup) -> None:
    names = _names()
    for text in (command, *command.params):
        if one := getattr(text, "help", None):
            text.help = Template(one).safe_substitute(names)  # type: ignore[union-attr]
    if command.epilog:
        command.epilog = Template(command.epilog).safe_substitute(names)


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
