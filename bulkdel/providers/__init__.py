"""The providers' friend APIs as pure functions: no I/O, no clock.

A new provider is a folder here and a line in `PROVIDERS`, its double in the emulator, an example in
`jobs/`, and its rows in the tables of the contract suite, which then picks it up unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bulkdel.providers.protocol import Provider
from bulkdel.providers.tencent import TENCENT
from bulkdel.providers.zego import ZEGO

PROVIDERS: Final[Mapping[str, Provider]] = {
    TENCENT.name: TENCENT,
    ZEGO.name: ZEGO,
}

APP_ID_NAMES: Final = ", ".join(f"{one.vendor}'s {one.app_id_name}" for one in PROVIDERS.values())
"""What the vendors call an app's number, in words."""

ADMIN_VENDORS: Final = ", ".join(one.vendor for one in PROVIDERS.values() if one.needs_admin)
"""The vendors whose calls are made in the name of an admin account, in words."""

ADMINS: Final = ", ".join({f'"{one.admin}"': None for one in PROVIDERS.values() if one.admin})
"""The admin accounts where a job names none, in words."""
