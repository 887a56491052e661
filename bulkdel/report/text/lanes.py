"""The targets as rows of a table, and why one does not simply send: for a screen, or for a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from bulkdel.report.estimate import left_s
from bulkdel.report.figures import clock, count, counted, percent, plain, rate, span
from bulkdel.report.lane_words import Said, lane_words
from bulkdel.report.text.layout import BAD, DIM, GOOD, TITLE, WIDEST
from bulkdel.report.text.lines import beside, cut, wrapped
from bulkdel.report.tone import Tone
from bulkdel.send.state import OVER, Doing
from bulkdel.send.view import LaneView
from bulkdel.words import STATUSES, Verdict

WORDS_LINES: Final = 3
"""Lines that a target's words may take on a screen."""

_STYLES: Final = {Tone.GOOD: GOOD, Tone.MIXED: DIM, Tone.BAD: BAD}
_INDENT: Final = 4
_NAME: Final = 8
"""Columns of a name at least."""
_NAME_WHOLE: Final = 16
"""Up to here a name is worth more than a column of figures."""
_TITLES: Final = ("target", "settled", "of", "done", "calls/s", "in flight", "left")
_ROOMS: Final = (_NAME, 7, 7, 5, 10, 9, 10)
"""Columns that each has at least, so that the table is not drawn anew with every digit."""
_COLUMNS: Final = ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4, 6), (0, 1, 3, 4, 6), (0, 3, 4, 6), (0, 3))
"""What is shown, the most that fits."""

Line = tuple[str, str]
"""A text and its style."""


def screen(views: Sequence[LaneView], now_ms: int, *, width: int, height: int) -> Text:
    """The targets and the line under them, in at most `height` lines of `width` columns."""
    room = min(width, WIDEST)
    under = [(line, DIM) for line in wrapped(footer(views, now_ms), room)]
    return drawn([*lanes(views, now_ms, room, height - len(under)), *under])


def drawn(lines: Sequence[Line]) -> Text:
    """The lines as one text, which is not wrapped again."""
    text = Text(no_wrap=True, overflow="ignore")
    for at, (line, style) in enumerate(lines):
        text.append("\n" * bool(at) + line, style)
    return text


def lanes(
    views: Sequence[LaneView], now_ms: int, room: int, height: int, *, noun: str = "target"
) -> list[Line]:
    """A row for each target and what is out of the ordinary under it, as much as fits.

    What happened goes first, then all but the first line of why something is not sent; then equal
    words are said once; last go the rows of those that need nobody. `noun` is what a view is of.
    """
    rows, said = _rows(views, room, noun), [_said(view, now_ms) for view in views]
    for detail in (_Detail(oddities=True), _Detail(), _Detail(words_lines=1)):
        lines = [rows.title]
        for view, row, notes in zip(views, rows.each, said, strict=True):
            lines += [row, *_notes(view, notes, room, detail)]
        if len(lines) <= height:
            return lines
    return _few(views, rows, said, room, height, noun)


def is_stopping(views: Sequence[LaneView]) -> bool:
    """Whether nothing more is sent, and calls that were sent are waited for."""
    doings = {view.state.doing for view in views}
    return Doing.STOPPING in doings and doings <= set(OVER)


def footer(views: Sequence[LaneView], now_ms: int) -> str:
    """What Ctrl-C does now, and when the last target will be done at the present pace."""
    if is_stopping(views):
        calls = sum(view.in_flight for view in views)
        rest = f"waiting for {counted(calls, 'call')}" if calls else "writing down the last answers"
        return f"Stopping: {rest}. Ctrl-C again leaves at once."
    times = [left_s(view) for view in views]
    last = max((seconds for seconds in times if seconds is not None), default=0.0)
    done = ""
    if last > 0 and None not in times:
        done = f" Done about {clock(now_ms + round(last * 1000), now_ms)}."
    return f"Ctrl-C stops it safely; the same command continues.{done}"


def pace(view: LaneView) -> str:
    """Calls/s beside the ceiling; a dash where none are sent."""
    now = rate(view.rate) if view.state.doing is Doing.SENDING else "-"
    return f"{now} of {rate(view.qps)}"


def oddities(view: LaneView) -> list[str]:
    """What happened beside what was to happen, as far as anything did."""
    counters, words = view.counters, STATUSES[view.operation]
    counts = (
        (words.get(Verdict.ALREADY_GONE, "").replace("_", " "), counters.already_gone),
        (words[Verdict.FAILED], counters.failed),
        ("retries", counters.retries),
        ("throttled", counters.throttled),
        ("lost answers", counters.lost_answers),
    )
    return [f"{name} {count(number)}" for name, number in counts if number]


def time_left(view: LaneView) -> str:
    """`left_s` for a narrow column."""
    seconds = left_s(view)
    if seconds == 0:
        return "done"
    return "-" if seconds is None else span(seconds)


def line(view: LaneView, at: datetime) -> str:
    """One target on one line, for logs and pipes."""
    words = f"{_head(at, plain(view.target))}{_settled(view.counters.settled, view.pairs)}"
    parts = []
    if view.state.doing is not Doing.ENDED:
        parts += [f"{pace(view)} calls/s", f"{view.in_flight} in flight"]
    parts += oddities(view)
    said = lane_words(view, round(at.timestamp() * 1000))
    parts += [] if view.state.doing is Doing.SENDING and said.tone is Tone.GOOD else [said.words]
    seconds = left_s(view)
    parts += [f"about {span(seconds)} left"] if seconds else []
    return ", ".join([words, *parts])


def sum_line(views: Sequence[LaneView], at: datetime) -> str:
    """All targets on one line, where they are too many for one each."""
    settled, pairs = _sums(views)
    doings = Counter(_doing(view) for view in views)
    told = ", ".join(f"{number} {doing}" for doing, number in doings.most_common())
    return f"{_head(at, counted(len(views), 'target'))}{_settled(settled, pairs)}, {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detail:
    """How much is said under a target's row."""

    oddities: bool = False
    words_lines: int = WORDS_LINES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    title: Line
    each: list[Line]


def _said(view: LaneView, now_ms: int) -> Said:
    """Without words where it simply sends, or has finished well."""
    said = lane_words(view, now_ms)
    words = "" if said.tone is Tone.GOOD else plain(said.words, 600)
    return Said(words=words, tone=said.tone)


def _rows(views: Sequence[LaneView], room: int, noun: str) -> _Table:
    titles = (noun, *_TITLES[1:])
    cells = [_cells(view) for view in views]
    wide = [
        max(least, *(cell_len(row[at]) for row in (titles, *cells)))
        for at, least in enumerate(_ROOMS)
    ]
    shown, gap, name = _columns(wide, room)

    def row(texts: Sequence[str]) -> str:
        first = beside(cut(texts[0], name), name)
        rest = (beside(texts[at], wide[at], right=True) for at in shown[1:])
        return (" " * gap).join((first, *rest))

    return _Table(title=(row(titles), TITLE), each=[(row(texts), "") for texts in cells])


def _columns(wide: Sequence[int], room: int) -> tuple[Sequence[int], int, int]:
    """Which columns fit, with how many blanks between them, and the room of the names."""
    for enough, columns in ((_NAME_WHOLE, _COLUMNS[:3]), (_NAME, _COLUMNS)):
        for shown in columns:
            for gap in (2, 1):
                name = room - sum(wide[at] for at in shown[1:]) - gap * (len(shown) - 1)
                if name >= min(wide[0], enough):
                    return shown, gap, min(name, wide[0])
    return (0,), 1, room


def _cells(view: LaneView) -> tuple[str, ...]:
    return (
        plain(view.target),
        count(view.counters.settled),
        count(view.pairs),
        percent(view.counters.settled, view.pairs),
        pace(view),
        count(view.in_flight),
        time_left(view),
    )


def _notes(view: LaneView, said: Said, room: int, detail: _Detail) -> Iterator[Line]:
    if detail.oddities:
        for text in wrapped(", ".join(oddities(view)), room - _INDENT):
            if text:
                yield " " * _INDENT + text, DIM
    if said.words:
        yield from _capped(said.words, room, detail.words_lines, _STYLES[said.tone])


def _capped(words: str, room: int, most: int, style: str) -> Iterator[Line]:
    texts = wrapped(words, room - _INDENT)
    if len(texts) > most:
        texts = [*texts[: most - 1], cut(" ".join(texts[most - 1 :]), room - _INDENT)]
    for text in texts:
        yield " " * _INDENT + text, style


def _few(  # noqa: PLR0917  # all that is known of them
    views: Sequence[LaneView],
    rows: _Table,
    said: Sequence[Said],
    room: int,
    height: int,
    noun: str,
) -> list[Line]:
    """As many rows as fit, those first that need somebody; equal words are said once."""
    groups = Counter((one.words, one.tone) for one in said if one.words)
    notes: list[Line] = []
    for (words, tone), number in groups.most_common(max(1, height // 4)):
        whose = f"{counted(number, noun)}: {words}"
        notes += _capped(whose, room, 1, _STYLES[tone])
    order = sorted(range(len(views)), key=lambda at: _WEIGHT[said[at].tone])
    shown = len(views)
    if shown + 1 + len(notes) > height:
        shown = max(1, height - 2 - len(notes))
    more = [views[at] for at in order[shown:]]
    lines = [rows.title, *(rows.each[at] for at in sorted(order[:shown]))]
    if more:
        rest = f"... and {counted(len(more), f'more {noun}')}: {_settled(*_sums(more))}"
        lines.append((cut(rest, room), DIM))
    return [*lines, *notes][: max(height, 2)]


_WEIGHT: Final = {Tone.BAD: 0, Tone.MIXED: 1, Tone.GOOD: 2}


def _sums(views: Sequence[LaneView]) -> tuple[int, int]:
    return sum(view.counters.settled for view in views), sum(view.pairs for view in views)


def _settled(settled: int, pairs: int) -> str:
    return f"{count(settled)} of {count(pairs)} settled ({percent(settled, pairs)})"


def _head(at: datetime, name: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {name}: "


def _doing(view: LaneView) -> str:
    return str(view.state.end or view.state.doing).replace("_", " ")
