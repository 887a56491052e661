"""Numbers, times and foreign text as a person reads them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.report.figures import count, counted, moment, percent, plain, rate, span, stamp


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (0.01, "1 s"),
        (59, "59 s"),
        (59.5, "1 min 00 s"),
        (250, "4 min 10 s"),
        (3599.1, "1 h 00 min"),
        (3720, "1 h 02 min"),
        (86399, "1 d 0 h"),
        (97200, "1 d 3 h"),
        (float("inf"), "9999 d 0 h"),
    ],
)
def test_span(seconds: float, words: str) -> None:
    """A time is told in its two largest units, rounded up, and never as 60 of something."""
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "-"),
        (0, 10, "0.0%"),
        (9_999_999, 10_000_000, "99.9%"),
        (10, 10, "100%"),
        (1, 3, "33.3%"),
    ],
)
def test_percent_is_cut(part: int, whole: int, words: str) -> None:
    """Only all of it reads 100%: one pair left of ten million does not."""
    assert percent(part, whole) == words


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(0, "0"), (0.09, "0"), (19.99, "19.9"), (200, "200"), (199.97, "199.9"), (1234.9, "1,234")],
)
def test_rate_is_cut(per_second: float, words: str) -> None:
    """A rate never reads as more than it was."""
    assert rate(per_second) == words


def test_counts() -> None:
    """Thousands are set apart and nouns agree with their number."""
    assert [count(1204), counted(1, "pair"), counted(0, "pair"), counted(1204, "pair")] == [
        "1,204",
        "1 pair",
        "0 pairs",
        "1,204 pairs",
    ]


def test_times() -> None:
    """Times are UTC, for people and for machines."""
    assert moment(1_795_300_000_123) == "2026-11-21 22:26:40 UTC"
    assert stamp(1_795_300_000_007) == "2026-11-21T22:26:40.007Z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("two\nlines", "two\\nlines"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("张三", "张三"),
        ("\udcff", "\\udcff"),
    ],
)
def test_foreign_text_is_tamed(text: str, shown: str) -> None:
    """What a terminal would obey or turn around is shown as an escape; letters stay."""
    assert plain(text) == shown


def test_long_text_is_cut() -> None:
    """Cut text ends with dots and is as long as the cap."""
    assert plain("a" * 50, 10) == "aaaaaaa..."
    assert plain("a" * 10, 10) == "aaaaaaaaaa"


@given(st.text(max_size=300), st.integers(min_value=3, max_value=250))
def test_plain_is_one_short_line(text: str, cap: int) -> None:
    """Whatever comes in, one line of at most `cap` characters without control ones comes out."""
    shown = plain(text, cap)
    assert len(shown) <= cap
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in shown)
