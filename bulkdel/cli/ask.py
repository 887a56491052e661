"""Questions on a terminal: a choice, a text, a yes; so many tries, and nothing is guessed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from textwrap import fill, wrap
from typing import Final

from bulkdel.cli import streams
from bulkdel.errors import WrongInput

TRIES: Final = 5
WIDTH: Final = 78
ANSWER_CHARACTERS: Final = 4096
YES: Final = "yes"
ONLY_YES: Final = "only the whole word yes, in small letters, agrees"
"""What is said where somebody did not."""

Judge = Callable[[str], str]
"""Says what is wrong with an answer; an empty text if nothing is."""


def can_ask() -> bool:
    """Whether there is a person to ask."""
    return streams.terminal(sys.stdin) and streams.terminal(sys.stderr)


def choose(question: str, options: Mapping[str, str]) -> str:
    """One of the options, by its number or its name; the values say what each means."""
    names = list(options)
    streams.say("", question)
    width = max(map(len, names)) if any(options.values()) else 0
    for number, (name, words) in enumerate(options.items(), 1):
        streams.say(f"  {number}  {name:<{width}}  {words}".rstrip())

    def judge(answer: str) -> str:
        known = answer in options or (answer.isdecimal() and 1 <= int(answer) <= len(names))
        return "" if known else f"Type a number, 1 to {len(names)}, or a name."

    answer = text("Which one", judge=judge, lead=False)
    return answer if answer in options else names[int(answer) - 1]


def text(question: str, *, default: str = "", judge: Judge | None = None, lead: bool = True) -> str:
    """A line of text without the blanks around it; the default where nothing is typed.

    Raises:
        WrongInput: nobody answers, or not so that it could be used.
    """
    proposed = f" [{default}]" if default else ""
    for _ in range(TRIES):
        streams.prompt(f"{chr(10) if lead else ''}{question}{proposed}: ")
        line = _line()
        if not line:
            raise WrongInput("no answer came; nothing was written")
        answer = line.strip() or default
        wrong = "An answer is needed." if not answer else judge(answer) if judge else ""
        if not wrong:
            return answer
        streams.say(*wrap(wrong, WIDTH))
        lead = False
    raise WrongInput(f"no answer that can be used in {TRIES} tries; nothing was written")


def agreed(question: str) -> bool:
    """Whether the answer is the whole word yes; anything else is no."""
    return confirmed("\n" + fill(f"{question} Type yes or no:", WIDTH) + " ")


def confirmed(asked: str) -> bool:
    """Whether the whole word yes, in small letters and on a line of its own, answers `asked`.

    Blanks around it count for nothing. A y, a YES, a word more, an end of input: all are no.
    """
    streams.prompt(asked)
    line = _line()
    if not line.endswith("\n"):
        streams.say("")
        return False
    return line.strip(" \t\r\n") == YES


def _line() -> str:
    """What is typed, up to its line end; cut where it is too long, empty where nothing comes."""
    try:
        return sys.stdin.readline(ANSWER_CHARACTERS)
    except UnicodeDecodeError:
        return "?\n"
    except OSError:
        return ""
