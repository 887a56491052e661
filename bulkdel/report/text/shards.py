"""The shards of a run on a terminal: how many of each kind, who sends which, why one has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from bulkdel.report.few import ROWS_MOST
from bulkdel.report.figures import clock, count, counted, percent, plain, rate, span
from bulkdel.report.shards import ShardState, ShardStatus, shards_line
from bulkdel.report.status import Status
from bulkdel.report.sums import many_lanes, urgency
from bulkdel.report.text.lanes import drawn, footer, is_stopping, lanes
from bulkdel.report.text.layout import DIM, TITLE, WIDEST, facts, table, words
from bulkdel.report.text.lines import wrapped


def shards(status: Status) -> Iterator[RenderableType]:
    """Those that are sent, and those that ended with work left; or nothing."""
    sent = [one for one in status.shards if one.state is ShardState.SENDING]
    sent.sort(key=lambda one: (min(map(urgency, one.lanes)), one.settled - one.pairs))
    if sent:
        yield words("")
        yield table(
            (
                "shard",
                "targets",
                "machine",
                "process",
                "since",
                "changed hands",
                "settled",
                "calls/s",
            ),
            ("shard", "targets", "machine", "since"),
            [_row(one, status.at_ms) for one in sent[:ROWS_MOST]],
        )
        if len(sent) > ROWS_MOST:
            yield words(f"and {count(len(sent) - ROWS_MOST)} more are being sent", indent=2)
    yield from _ended(status.shards)


def _row(one: ShardStatus, at_ms: int) -> tuple[str, ...]:
    return (
        one.name,
        targets_of(one),
        plain(one.host, 60),
        str(one.pid),
        "-" if one.since_ms is None else clock(one.since_ms, at_ms),
        count(one.changed_hands),
        percent(one.settled, one.pairs),
        rate(one.rate),
    )


def targets_of(one: ShardStatus) -> str:
    """Its targets in a few words."""
    first, *others = one.targets
    return f"{first} and {count(len(others))} more" if len(others) > 1 else ", ".join(one.targets)


def _ended(each: Sequence[ShardStatus]) -> Iterator[RenderableType]:
    whose: dict[str, list[str]] = {}
    for one in each:
        if one.state is ShardState.ENDED:
            whose.setdefault(plain(one.why, 300), []).append(one.name)
    if not whose:
        return
    rows = sorted(whose.items(), key=lambda row: -len(row[1]))
    yield words("")
    yield words("Ended with work left; whoever begins now tries them again:")
    yield facts((_named(names), why) for why, names in rows[:ROWS_MOST])
    if len(rows) > ROWS_MOST:
        more = sum(len(names) for _, names in rows[ROWS_MOST:])
        yield words(f"and {counted(more, 'more shard')} for other reasons", indent=2)


def _named(names: Sequence[str]) -> str:
    most = 3
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {count(len(names) - most)} more"


def shards_screen_text(status: Status, *, width: int, height: int) -> Text:
    """All of it in two sentences, a row for each shard that is sent, what Ctrl-C does; as fits."""
    room = min(width, WIDEST)
    whole = many_lanes("", [target.lane for target in status.targets])
    settled, pairs = whole.counters.settled, whole.pairs
    total = f"{count(settled)} of {count(pairs)} settled ({percent(settled, pairs)})"
    time = f", about {span(status.left_s)} left" if status.left_s else ""
    top = [f"{total}, {rate(whole.rate)} calls/s{time}.", shards_line(status.shards)]
    sent = [
        many_lanes(_title(one), one.lanes)
        for one in status.shards
        if one.state is ShardState.SENDING
    ]
    over = [(line, TITLE) for text in top for line in wrapped(text, room)]
    under = footer(sent if is_stopping(sent) else [whole], status.at_ms)
    below = [(line, DIM) for line in wrapped(under, room)]
    free = height - len(over) - len(below)
    rows = lanes(sent, status.at_ms, room, free, noun="shard") if sent and free > 1 else []
    return drawn([*over, *rows, *below])


def _title(one: ShardStatus) -> str:
    return f"{one.name} {targets_of(one)}"
