"""[schedule] of a job file: when a sitting sends, and for how long."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from bulkdel.job.keys import Allowed, Duration, Table, Text

LONGEST_S: Final = 30 * 86_400
"""The longest duration that a job file may name, in seconds."""
WINDOW_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"
_NO_PLACES: Final = frozenset({"Factory", "localtime"})
"""Names in some machines' databases that are no time zones, or another one on each machine."""


def _zone(name: str) -> str:
    if name not in available_timezones() or name in _NO_PLACES:
        raise ValueError
    return name


class Outside(StrEnum):
    """What a sitting does outside its window."""

    EXIT = "exit"
    WAIT = "wait"


class ScheduleTable(Table):
    """[schedule]: when a sitting sends, and for how long."""

    window: Annotated[
        Text | None,
        Field(
            pattern=WINDOW_PATTERN,
            description="Send only between these times of day; may cross midnight. Needs timezone. "
            "Default: always.",
        ),
        Allowed('two times of day such as "01:00-06:00"'),
    ] = None
    timezone: Annotated[
        Annotated[Text, AfterValidator(_zone)] | None,
        Field(description="Whose clock the window goes by, a name of the IANA database."),
        Allowed('the name of a time zone, such as "Asia/Singapore" or "UTC"'),
    ] = None
    outside: Annotated[
        Outside,
        Field(
            strict=False,
            description="Outside the window: exit stops (exit code 75), wait stays and "
            "goes on when it opens.",
        ),
        Allowed('"exit" or "wait"'),
    ] = Outside.EXIT
    max_duration: Annotated[
        Duration | None,
        Field(
            ge=1,
            le=LONGEST_S,
            description="The run stops after so long (exit code 75). Default: no bound.",
        ),
        Allowed('a duration such as "90s", "30m" or "5h", or a number of seconds, 1s…30d'),
    ] = None
