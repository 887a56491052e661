"""What is wrong with a run directory, place by place; only so many are kept, all are counted."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SHOWN = 20
"""Findings that are kept; the rest is only counted."""

_MOST_BYTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it was written.

    Attributes:
        file: the name of the file in the run directory that it was seen in.
        what: a sentence without its full stop.
        line: of the file, from 1; None where it has no lines, or the place is the whole file.
        offset: the first byte that is wrong, from 0; None as `line` is.
        found: what stands there, cut; empty where nothing does.
        expected: what should stand there, cut; empty where nothing should.
    """

    file: str
    what: str
    line: int | None = None
    offset: int | None = None
    found: str = ""
    expected: str = ""


class Findings:
    """The first MOST_SHOWN findings, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Note one more."""
        self.count += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(finding)

    @property
    def full(self) -> bool:
        """Whether another one would only be counted."""
        return len(self.shown) >= MOST_SHOWN


def excerpt(data: bytes) -> str:
    """Bytes as text of bounded length; what is no text is shown as escapes."""
    text = data[:_MOST_BYTES].rstrip(b"\n").decode("utf-8", "backslashreplace")
    return text + "..." if len(data) > _MOST_BYTES else text
