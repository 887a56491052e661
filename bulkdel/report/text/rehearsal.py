"""What a rehearsal shows: the question before it, and the table after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType

from bulkdel.plain import Page
from bulkdel.report.figures import counted
from bulkdel.report.rehearsal import QUESTIONS, Found, Key, Rehearsal, Value, names
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, table, to_paste, words

_COLUMNS: Final = ("question", "assumed", "found", "holds")
_HOLDS: Final = {True: "yes", False: "NO", None: "-"}


def asking_text(
    target: str,
    place: str,
    accounts: Sequence[str],
    left: str,
    width: int,
    *,
    calls_most: int,
    clears_both_ways: bool,
    colour: bool = False,
) -> Page:
    """What is about to be done, for whoever is asked.

    Args:
        target: its name.
        place: where the calls go.
        accounts: whom it is tried with.
        left: what an earlier rehearsal left, which goes first; empty where it left nothing.
        width: of the page, in columns.
        calls_most: calls that it takes at most.
        clears_both_ways: whether it clears a list two-way.
        colour: whether the page may hold colours.
    """

    def parts() -> Iterator[RenderableType]:
        yield words(f"Rehearsal of {target}: {place}.", TITLE)
        yield words(
            f"Makes friendships among {names(accounts)} and deletes them again, in at most "
            f"{calls_most} calls, each shown. None of them is left behind."
        )
        if clears_both_ways:
            yield words(
                "Since the job clears lists two-way, the empty list of one of the three is cleared "
                "two-way as well. Whoever has that account without being on its list may lose it: "
                "no call shows who that is. Take accounts that nobody else has."
            )
        else:
            yield words("No friendship with anybody else is touched.")
        if left:
            yield words(f"First removed, as an earlier rehearsal left it: {left}.")

    return page(parts(), width, colour=colour)


def rehearsal_text(
    rehearsal: Rehearsal,
    path: str,
    width: int,
    *,
    following: str,
    again: str,
    colour: bool = False,
) -> Page:
    """What was found, as a page.

    Args:
        rehearsal: what was found.
        path: the file that holds it.
        width: of the page, in columns.
        following: the command that comes next.
        again: the command that rehearses once more.
        colour: whether the page may hold colours.
    """
    return page(_parts(rehearsal, path, following, again), width, colour=colour)


def _parts(rehearsal: Rehearsal, path: str, following: str, again: str) -> Iterator[RenderableType]:
    found = {key: rehearsal.found[key] for key in Key if key in rehearsal.found}
    yield words(f"{rehearsal.target}, rehearsed: {rehearsal.place}", TITLE)
    yield words("")
    yield table(_COLUMNS, _COLUMNS, (_row(key, one) for key, one in found.items()))
    yield words("")
    yield words("What it means for a run", TITLE)
    yield facts((QUESTIONS[key][0], one.words) for key, one in found.items() if _matters(one))
    yield words("")
    yield words(
        f"{counted(rehearsal.calls, 'call')}; no friendship was left behind. All of it in {path}"
    )
    broken, unclear = len(rehearsal.broken), len(rehearsal.unclear)
    if broken:
        does = "does" if broken == 1 else "do"
        yield words(f"{counted(broken, 'assumption')} {does} not hold: see NO above.", BAD)
    if unclear:
        yield words(f"{counted(unclear, 'question')} without a clear answer. Once more:", BAD)
        yield to_paste(again)
    elif not broken:
        yield words("All assumptions hold, as far as they were tried. Next:", GOOD)
        yield to_paste(following)


def _row(key: Key, one: Found) -> tuple[str, str, str, str]:
    assumed = " or ".join(_shown(key, value) for value in one.assumed) or "anything"
    found = "-" if one.value is None else _shown(key, one.value)
    return QUESTIONS[key][0], assumed, found, _HOLDS[one.holds]


def _matters(one: Found) -> bool:
    """Whether there is something to say that is not plain from the table."""
    return bool(one.words) and (bool(one.assumed) or one.value is None)


def _shown(key: Key, value: Value) -> str:
    return QUESTIONS[key][1][value][0]
