"""What `check` looked at, each with how it came out and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    CROSSED = "crossed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at, and how it is.

    Attributes:
        name: what, in a word or two.
        words: what was seen, on one line.
        mend: what to do about it; empty where there is nothing to do.
    """

    grade: Grade
    name: str
    words: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Checks that belong together, under a title."""

    title: str
    checks: tuple[Check, ...]


def good(name: str, words: str) -> Check:
    """A tick."""
    return Check(grade=Grade.GOOD, name=name, words=words)


def warning(name: str, words: str, mend: str) -> Check:
    """Something that deserves a second look, and keeps nobody from running."""
    return Check(grade=Grade.WARNING, name=name, words=words, mend=mend)


def crossed(name: str, words: str, mend: str) -> Check:
    """Something that must be mended first."""
    return Check(grade=Grade.CROSSED, name=name, words=words, mend=mend)


def skipped(name: str, why: str) -> Check:
    """Something that was not looked at."""
    return Check(grade=Grade.SKIPPED, name=name, words=why)


def exit_code(sections: Sequence[Section]) -> int:
    """1 if anything is crossed, else 0."""
    return 1 if count(sections, Grade.CROSSED) else 0


def count(sections: Sequence[Section], grade: Grade) -> int:
    """How many checks came out so."""
    return sum(one.grade is grade for section in sections for one in section.checks)
