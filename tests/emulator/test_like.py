"""Habits from a file that a rehearsal wrote, or from a command line; wrong ones are refused."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import orjson
import pytest

from bulkdel.emulator.habits import FOUND, Habits
from bulkdel.emulator.like import NUMBERS, read_like, with_habits
from bulkdel.emulator.world import ReverseOnly


def file(provider: Any = "tencent", /, version: Any = 1, **found: Any) -> bytes:
    """A file as a rehearsal writes it."""
    at = "2026-11-26T10:00:00Z"
    return orjson.dumps(
        {"version": version, "provider": provider, "target": "t", "at": at, "found": found}
    )


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in FOUND.items() for value in values]
)
def test_each_finding_is_a_habit(key: str, value: Any) -> None:
    """Every value that can be found is had, in the file and as text, and nothing else changes."""
    provider, habits = read_like(file("zego", **{key: value}))
    assert provider == "zego"
    assert habits == with_habits(Habits(), [f"{key}={str(value).lower()}"])
    assert getattr(habits, key) == value
    others = [one.name for one in fields(Habits) if one.name != key]
    assert all(getattr(habits, other) == getattr(Habits(), other) for other in others)


def test_what_is_compared_by_identity_is_the_word_itself() -> None:
    """A finding is the enumeration's own member."""
    assert read_like(file(reverse_only="delete"))[1].reverse_only is ReverseOnly.DELETE


def test_what_was_not_found_out_stays_as_guessed() -> None:
    """Neither null nor a missing key is a finding."""
    nothing: dict[str, Any] = dict.fromkeys(FOUND)
    assert read_like(file(**nothing))[1] == read_like(file())[1] == Habits()


def test_findings_that_a_command_line_overrides() -> None:
    """The last word counts; numbers are set there too."""
    _, habits = read_like(file(complete=False, ordered=False))
    texts = ["complete=true", "page=50", "batch_limit=7", "page=60"]
    assert with_habits(habits, texts) == Habits(ordered=False, page=60, batch_limit=7)
    assert set(NUMBERS) <= {one.name for one in fields(Habits)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is not JSON: "),
        (b"{", "it is not JSON: "),
        (b"\xff", "it is not JSON: "),
        (b"[]", "it is not what a rehearsal writes: version, provider and found"),
        (b"{}", "it is not what a rehearsal writes"),
        (file()[:-3] + b"1}", "it is not what a rehearsal writes"),
        (file(version=2), "its version is 2, this program reads 1"),
        (file(version=True), "its version is true, this program reads 1"),
        (file("qq"), 'provider must be one of tencent, zego, not "qq"'),
        (file(["zego"]), 'provider must be one of tencent, zego, not ["zego"]'),
        (file(weather="fine"), '"weather" is unknown; known are add_writes_both, all_failed, '),
        (file(page=5), '"page" is unknown'),
        (file(ordered=1), "ordered must be one of true, false, not 1"),
        (file(ordered="true"), 'ordered must be one of true, false, not "true"'),
        (file(oneself="both"), 'oneself must be one of "item", "call", not "both"'),
        (file(oneself=["item"]), 'oneself must be one of "item", "call", not ["item"]'),
        (file(oneself="x" * 999), '"call", not "' + "x" * 59 + "…"),
    ],
)
def test_broken_files(content: bytes, message: str) -> None:
    """One sentence says what is wrong and what is allowed; nothing is guessed."""
    with pytest.raises(ValueError, match=re.escape(message)):
        read_like(content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("complete", '"complete" is not KEY=VALUE'),
        ("conflicts=true", '"conflicts" is unknown; known are add_writes_both, all_failed, batch'),
        ("complete=no", 'complete must be one of true, false, not "no"'),
        ("oneself=true", 'oneself must be one of "item", "call", not true'),
        ("page=0", 'page must be a whole number from 1, not "0"'),
        ("page=" + "9" * 10, "page must be a whole number from 1, not"),
    ],
)
def test_wrong_texts(text: str, message: str) -> None:
    """The error names the text, what is wrong with it and what is allowed."""
    with pytest.raises(ValueError, match=re.escape(message)):
        with_habits(Habits(), ["ordered=true", text])
