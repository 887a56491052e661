"""What is said of the runs beside a run, on every screen in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bulkdel.report.backup import BackupNote
from bulkdel.report.beside import SideStatus, undo_of
from bulkdel.report.figures import count, counted, moment, plain
from bulkdel.report.status import Status
from bulkdel.words import Errand

_DONE: Final = {
    Errand.PULL: ("list", "lists", "pulled"),
    Errand.ASK: ("pair", "pairs", "asked for"),
    Errand.ASK_LIST: ("list", "lists", "asked for"),
    Errand.PUT_BACK: ("entry", "entries", "put back"),
}
"""What there is to do, one and many, and how it is said of it that it was done. An entry is one
friend on one account's list."""

ASKED: Final = frozenset({Errand.ASK, Errand.ASK_LIST})
"""What a verification's calls do."""

_NAMES: Final = {
    Errand.PULL: "backup",
    Errand.ASK: "verification",
    Errand.ASK_LIST: "verification",
    Errand.PUT_BACK: "undo",
}


def beside_rows(status: Status) -> Iterator[tuple[str, str]]:
    """Each run beside the run that has begun, by its kind, and how it stands; what is unreadable.

    One that was only planned was refused or not agreed to: nobody is to take it for work left.
    """
    for one in status.beside.sides:
        if not one.has_begun:
            continue
        yield name_of(one), side_words(one)
        if one.errand is Errand.PULL and status.beside.backup is not None:
            yield "way back", way_back(status, status.beside.backup)
    for sentence in status.beside.unreadable:
        yield "damaged", plain(sentence, 600)


def way_back(status: Status, note: BackupNote) -> str:
    """Whether what was deleted can be put back, and until when."""
    if note.state == "destroyed":
        return f"none: the backup was destroyed, {_when(note.at)}, by {plain(note.by)}"
    if undo_of(status.beside.sides) is not None:
        return "it was taken: see undo"
    until = f"until {_when(note.kept_until)}" if note.kept_until else "for as long as you keep it"
    if note.is_due(status.at_ms / 1000):
        until += ", which is over"
    if not note.is_whole:
        return f"none yet: the backup is not whole; it may be kept {until}"
    lacks = f", but not of {counted(note.failed, 'list')} without a backup" if note.failed else ""
    return (
        f"the data of {counted(note.friends, 'friend')} is kept, so that what is deleted can be "
        f"put back{lacks}; it may be kept {until}"
    )


def _when(at: str) -> str:
    return moment(round(datetime.fromisoformat(at).timestamp() * 1000))


def plural_of(side: SideStatus) -> str:
    """What there is to do, many of it: "lists"."""
    return _DONE[side.errand][1]


def name_of(side: SideStatus) -> str:
    """What a person calls it: backup, canary, verification or undo."""
    return "canary" if side.folder.startswith("canary") else _NAMES[side.errand]


def side_words(side: SideStatus) -> str:
    """How it stands: what it has done, whether it goes on, and as of when."""
    if side.is_finished:
        when = "" if side.ended_ms is None else f", {moment(side.ended_ms)}"
        asked = f"{scope(side)} asked for: " if side.errand in ASKED else ""
        return f"{asked}{results(side)}{when}"
    done = f"{count(side.pairs - side.unsettled)} of {_of_all(side)} {_DONE[side.errand][2]}"
    if side.at_work:
        return f"{done}; a process works on it now"
    end = plain(side.end, 300) or "the process that worked on it is gone without a word"
    return f"{done}; it has stopped: {end}"


def results(side: SideStatus) -> str:
    """What came of what is settled: all of it, or each part."""
    match side.errand:
        case Errand.PULL:
            failed = side.count("failed")
            but = f", {count(failed)} could not be pulled" if failed else ""
            return f"{counted(side.count('pulled'), 'list')} pulled{but}"
        case Errand.PUT_BACK:
            there, failed = side.count("already_there"), side.count("failed")
            but = f", {count(there)} there already" if there else ""
            but += f", {count(failed)} could not be put back" if failed else ""
            return f"{counted(side.count('restored'), 'entry', 'entries')} put back{but}"
        case Errand.ASK | Errand.ASK_LIST:
            remains, unknown = side.count("remains"), side.count("unknown")
            if not remains and not unknown:
                return "all are gone" if side.pairs else "nothing was deleted"
            parts = [f"{count(side.count('gone'))} gone", f"{count(remains)} still there"]
            parts += [f"{count(unknown)} could not be asked for"] if unknown else []
            return ", ".join(parts)


def scope(side: SideStatus) -> str:
    """What a verification has asked for: everything that was deleted, or a sample of it."""
    if side.origin.sample is not None:
        return f"a sample of {_of_all(side)} of {count(sum(side.origin.population))}"
    return f"all {_of_all(side)}" if side.pairs != 1 else f"the one {_DONE[side.errand][0]}"


def _of_all(side: SideStatus) -> str:
    one, many, _ = _DONE[side.errand]
    return counted(side.pairs, one, many)
