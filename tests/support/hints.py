"""The commands that the program prints for a person to paste, taken out of what it printed."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.process import Done, Place

PROGRAM = f"{sys.executable} -m bulkdel"
"""How the tests start it, and so how it must name itself."""


def hints(text: str) -> list[str]:
    """Each command of a text, as it stands there: on a line of its own, or between two `."""
    lines = [line[2:] for line in text.splitlines() if line.startswith(f"  {PROGRAM} ")]
    inline = re.findall(rf"`({re.escape(PROGRAM)} [^`]*)`", text)
    return lines + inline


def page_hints(run_dir: Path) -> list[str]:
    """Each command of a run's page."""
    page = (run_dir / "report.html").read_text()
    return [html.unescape(one) for one in re.findall(r"<code>([^<]*)</code></pre>", page)]


def read_by_a_shell(hint: str) -> list[str]:
    """The words that a shell makes of a command, the program left out."""
    done = subprocess.run(  # noqa: S603  # what is tried here
        ["/bin/sh", "-c", f"printf '%s\\0' {hint}"], capture_output=True, text=True, check=True
    )
    words = done.stdout.split("\0")[:-1]
    assert words[:3] == [*PROGRAM.split()], hint
    return words[3:]


def verbs(commands: Sequence[str]) -> list[str]:
    """What each of them does."""
    return [read_by_a_shell(one)[0] for one in commands]


def follow(place: Place, hint: str) -> Done:
    """What comes of a command that is pasted into a shell in the folder that the user was in."""
    return place.run(*read_by_a_shell(hint))
