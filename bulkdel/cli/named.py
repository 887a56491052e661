"""Where a manual speaks of providers: filled in from their own values when it is printed."""

from __future__ import annotations

from string import Template
from typing import Any

from typer.core import TyperCommand, TyperGroup


class NamedCommand(TyperCommand):
    """A command whose manual names providers."""

    def get_help(self, ctx: Any) -> str:
        """The manual, as it is printed."""
        return super().get_help(_filled(ctx))


class NamedGroup(TyperGroup):
    """A group of commands whose manual names providers."""

    def get_help(self, ctx: Any) -> str:
        """The manual, as it is printed."""
        return super().get_help(_filled(ctx))


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
