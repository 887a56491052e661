"""Every command of `bulkdel`, read."""

from __future__ import annotations

from typing import Any, Final

from bulkdel.cli import app

_GROUP: Final = app.Commands(name="bulkdel")
COMMANDS: Final[dict[str, Any]] = {name: _GROUP.load(name) for name in app.COMMANDS}
