"""What was typed and what was meant: a file in place of a command, a value that is none. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import PurePath
from typing import Final

from bulkdel.job.other_files import is_called_data

_MOST: Final = re.compile(r"^Input should be less than or equal to (.+)$")
_LEAST: Final = re.compile(r"^Input should be greater than or equal to (.+)$")
_CHOICE: Final = re.compile(r"^Value error, '(?P<word>.*)' is not one of (?P<known>'.*')\.$")


def instead_of(words: Sequence[str], commands: Collection[str], *, program: str) -> str:
    """What to type where the first word is no command but a file's name; empty where it is none.

    Args:
        words: of the command line, behind the program.
        commands: all that there are.
        program: as it is called.
    """
    file, rest = words[0], list(words[1:])
    if is_called_data(file):
        meant = ["init", "purge.toml", "--input", file]
        what = "is data, and no command. Write a job for it first"
    elif PurePath(file).suffix.lower() != ".toml":
        return ""
    elif rest and rest[0] in commands:
        meant, what = [rest[0], file, *rest[1:]], "is a file: the command comes before it"
    else:
        meant, what = ["run", file, *rest], "is a file, and no command. To run it"
    return f"{shlex.quote(file)} {what}: {program} {shlex.join(meant)}"


def in_plain_words(message: str) -> str:
    """What the library says of an option's value, in the words of a person."""
    if match := _LEAST.match(message):
        return f"it must be {match[1]} or more"
    if match := _MOST.match(message):
        return f"it must be {match[1]} or less"
    if message.startswith("Input should be a valid integer"):
        return "it must be a whole number"
    if message.startswith("Input should be"):
        return message.replace("Input should be", "it must be", 1)
    if match := _CHOICE.match(message):
        known = re.findall(r"'([^']*)'", match["known"])
        near = get_close_matches(match["word"].lower().replace("-", "_"), known, n=1)
        question = f"; did you mean {near[0]}?" if near else ""
        return f"'{match['word']}' is none of {', '.join(known)}{question}"
    return message.removeprefix("Value error, ")
