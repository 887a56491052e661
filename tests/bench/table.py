"""The table of README.md beside it, as Markdown, from what `python -m tests.bench` found.

A row for each measure: what, bulkdel, the fifty-line script, the shell with curl, the goal. What
was not measured has no row; what a sender has no figure for is a dash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Found: TypeAlias = Mapping[str, Any]
Row: TypeAlias = tuple[str, str, str, str, str]

NONE = "-"


def table(found: Found) -> str:
    """The table with the machine named above it and its notes below."""
    shell = found.get("parallel", {}).get("curl", {}).get("tool", "parallel and curl")
    heads = ("what", "bulkdel", "the same packages in fifty lines", shell, "goal")
    lines = [_line(heads), "| --- | ---: | ---: | ---: | ---: |", *map(_line, rows(found))]
    parts = [_machine(found["machine"]), "\n".join(lines), *_notes(found)]
    return "\n\n".join(parts) + "\n"


def rows(found: Found) -> Iterator[Row]:
    """The rows of all parts that were measured."""
    for name, of in _ROWS.items():
        if name in found:
            yield from of(found[name])


def _pace(part: Found) -> Iterator[Row]:
    for at in part["settings"]:
        ours, script, rate = at["bulkdel"], at["script"], f"{at['qps']:g} calls/s"
        share = [f"{one['share_of_rate']:.3f}" for one in (ours, script)]
        yield (f"share of the rate, {rate}", share[0], share[1], NONE, "≥ 0.99")
        most = [f"{one['most_left_in_a_second']:,}" for one in (ours, script)]
        what = f"most calls that left in any second, {rate}"
        yield (what, most[0], most[1], NONE, f"≤ {at['qps']:g}")


def _parallel(part: Found) -> Iterator[Row]:
    senders = [part[name] for name in ("bulkdel", "script", "curl")]
    what = f"{part['calls']:,} calls at {part['qps']:g}/s"

    def row(measure: str, cells: Iterator[str], goal: str = NONE) -> Row:
        ours, script, shell = cells
        return (f"{what}, {measure}", ours, script, shell, goal)

    yield row("time beside the floor", (f"{one['times_the_floor']:.2f} x" for one in senders))
    most = (f"{one['most_arrived_in_a_second']:,}" for one in senders)
    yield row("most that arrived in any second", most)
    yield row("throttled", (f"{one['throttled']:,}" for one in senders))
    yield row("not done at the end", (f"{one['undone']:,}" for one in senders), "0")
    yield row("CPU a call", (f"{one['cpu_ms_a_call']:.1f} ms" for one in senders))


def _cost(part: Found) -> Iterator[Row]:
    for at in part["settings"]:
        ids = "one id" if at["ids"] == 1 else f"{at['ids']:,} ids"
        goal = {1: "≤ 2 x", 1000: "≤ 1.4 x"}.get(at["ids"], NONE)
        what = f"CPU of {at['calls']:,} calls of {ids} beside a bare loop"
        yield (what, f"{at['ratio']['dumps']:.2f} x", NONE, NONE, goal)


def _verify(part: Found) -> Iterator[Row]:
    what = f"CPU of verifying {part['calls']:,} calls of {part['ids']:,} ids beside sending them"
    yield (what, f"{part['ratio']:.2f} x", NONE, NONE, "≤ 1.5 x")


def _plan(part: Found) -> Iterator[Row]:
    what = f"plan of {part['rows']:,} rows beside `sort -u`"
    goals = {"one_target": "≤ 0.75 x", "quoted": "≤ 2.25 x", "notes": "≤ 2.25 x"}
    for name, ratio in part["ratio"].items():
        yield (
            f"{what}, {name.replace('_', ' ')}",
            f"{ratio:.2f} x",
            NONE,
            NONE,
            goals.get(name, NONE),
        )
    peak = max(one["peak_rss_mb"] for one in part["rounds"]["one_target"])
    yield ("its peak memory, one target", f"{peak:,} MB", NONE, NONE, "< 1,000 MB")


def _resume(part: Found) -> Iterator[Row]:
    middle, pairs = part["median"], f"{part['rows']:,} pairs"
    what = f"next call after a kill, {pairs} settled"
    yield (what, f"{middle['first_call_s']:.1f} s", NONE, NONE, f"≤ {part['goal_s']:g} s")
    status = f"{middle['status_s']:.1f} s, {middle['status_peak_mb']:,} MB"
    yield (f"`status` of {pairs}", status, NONE, NONE, NONE)


def _fewest_calls(part: list[Found]) -> Iterator[Row]:
    named = {at["way"]: at for at in part}
    given, chosen = named["as_given"], named["fewest_calls"]
    what = f"{chosen['pairs']:,} friendships ({chosen['source']})"
    for size, calls in chosen["calls"].items():
        as_given = f"{given['calls'][size]:,}"
        least = f"no plan has fewer than {chosen['least'][size]:,}"
        yield (f"calls of {int(size):,} ids for {what}", f"{calls:,}", as_given, as_given, least)
    yield ("CPU and memory to plan that", _took(chosen), NONE, NONE, NONE)


def _took(at: Found) -> str:
    return f"{at['cpu_s']:.1f} s, {at['peak_rss_mb']:,} MB"


_ROWS: Mapping[str, Callable[[Any], Iterator[Row]]] = {
    "pace": _pace,
    "parallel": _parallel,
    "cost": _cost,
    "verify": _verify,
    "plan": _plan,
    "resume": _resume,
    "fewest_calls": _fewest_calls,
}


def _machine(of: Found) -> str:
    before, after = of["load_before"][0], of["load_after"][0]
    return (
        f"{of['cpu']}, {of['usable_cores']} cores, {of['memory_gb']:g} GB, {of['system']}, "
        f"{of['python']}; load {before:g} before and {after:g} after."
    )


def _notes(found: Found) -> Iterator[str]:
    if found["quick"]:
        yield "A quick run: too short for figures that count."
    if busy := found.get("pace", {}).get("busy"):
        yield f"The share of the rate was taken while {busy} other processes kept the CPU busy."
    if note := found.get("parallel", {}).get("curl", {}).get("note"):
        yield f"{found['parallel']['curl']['tool']}: {note}."


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
