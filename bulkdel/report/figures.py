"""Numbers, times and foreign text as a person reads them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bulkdel.plain import escaped

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
LONGEST_S = 9999 * DAY_S
_WHOLE_FROM = 1000


def count(number: int) -> str:
    """A number with its thousands apart: 1,204."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 pair", "1,204 pairs"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(part: int, whole: int) -> str:
    """A share, cut and not rounded, so that only all of it reads 100%."""
    if whole <= 0:
        return "-"
    tenths = part * 1000 // whole
    return "100%" if tenths == 1000 else f"{tenths // 10}.{tenths % 10}%"  # noqa: PLR2004 - 1000 tenths of a per cent


def span(seconds: float) -> str:
    """A length of time in its two largest units: "8 s", "4 min 10 s", "1 h 02 min", "2 d 3 h".

    Rounded up, so that what takes time never reads as none.
    """
    whole = math.ceil(min(max(seconds, 0.0), LONGEST_S))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S:02d} s"
    minutes = math.ceil(whole / MINUTE_S)
    if minutes < DAY_S // MINUTE_S:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = math.ceil(whole / HOUR_S)
    return f"{hours // 24} d {hours % 24} h"


def rate(per_second: float) -> str:
    """Calls a second: "199.8", "200"; cut and not rounded, so that it never reads as more."""
    if per_second >= _WHOLE_FROM:
        return f"{math.floor(per_second):,}"
    return f"{math.floor(per_second * 10) / 10:.1f}".removesuffix(".0")


def moment(unix_ms: int) -> str:
    """A time as "2026-11-21 22:25:01 UTC"."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(unix_ms: int, now_ms: int) -> str:
    """A time as "22:25 UTC", with its day where that is not today's."""
    at, now = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (unix_ms, now_ms))
    return at.strftime("%H:%M UTC" if at.date() == now.date() else "%Y-%m-%d %H:%M UTC")


def stamp(unix_ms: int) -> str:
    """A time as machines read it: "2026-11-21T22:25:01.123Z"."""
    at = datetime.fromtimestamp(unix_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{unix_ms % 1000:03d}Z"


def plain(text: str, cap: int = 200) -> str:
    """Foreign text on one line, at most `cap` characters, with nothing a terminal would obey.

    Control characters, bidirectional marks and the like are shown as escapes.
    """
    shown = escaped(text[: cap + 1])
    return shown if len(shown) <= cap else shown[: max(cap - 3, 0)] + "..."


def sentence(text: str, cap: int) -> str:
    """Foreign text of at most `cap` characters as a sentence: a capital first, a full stop last."""
    return text[:1].upper() + plain(text[1:], cap).rstrip(".") + "."
