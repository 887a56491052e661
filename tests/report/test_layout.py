"""How text is laid out in so many columns."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bulkdel.report.text.layout import NARROWEST, facts, page, table, to_paste, words
from bulkdel.report.text.lines import beside, cut, wrapped

WIDTHS = [40, 60, 80, 120]
TITLES = ("target", "pairs", "= deleted", "+ already gone", "+ failed", "+ unsettled")
FIGURES = ("100,000,001", "100,000,002", "100,000,003", "100,000,004", "100,000,005")
TEXT = st.text(st.sampled_from("ab 目😀`"), max_size=300)


@given(TEXT, st.integers(min_value=4, max_value=120))
def test_no_line_is_longer(text: str, room: int) -> None:
    """Rule: a wrapped text keeps its letters in order, and no line is longer than the room."""
    lines = wrapped(text, room)
    assert all(cell_len(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.text("ab目", min_size=1, max_size=10), min_size=1), st.integers(20, 120))
def test_no_word_is_cut_that_would_fit(parts: list[str], room: int) -> None:
    """Rule: words come out whole, and each line holds as many of them as it can."""
    lines = wrapped(" ".join(parts), room)
    assert " ".join(lines).split(" ") == parts
    for line, after in pairwise(lines):
        assert cell_len(f"{line} {after.split(' ')[0]}") > room


def test_what_is_to_be_pasted_stays_whole() -> None:
    """Rule: a command of its own is one line however long, and one in a sentence is not broken."""
    command = "bulkdel run " + "long" * 40
    assert page([to_paste(command)], 60) == f"  {command}\n"
    assert "`bulkdel resume a.toml`" in wrapped("paused; `bulkdel resume a.toml` goes on", 26)


@given(TEXT, st.integers(min_value=4, max_value=40))
def test_a_cell_is_as_wide_as_it_is_drawn(text: str, room: int) -> None:
    """Rule: what is cut fits, and what is filled up fills its column, in any script."""
    short = cut(text, room)
    assert cell_len(short) <= room
    assert cell_len(beside(short, room)) == cell_len(beside(short, room, right=True)) == room


@pytest.mark.parametrize("width", WIDTHS)
def test_figures_never_touch(width: int) -> None:
    """Rule: the largest figures have a blank or a line end beside them at every width."""
    rows = [("tencent", *FIGURES), ("目标中国", *reversed(FIGURES))]
    shown = page([table(TITLES, ("target",), rows)], width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert sorted(one for one in shown.split() if one.startswith("100,")) == sorted(FIGURES * 2)
    assert "unsettled" in shown


def test_a_table_that_does_not_fit_is_told_row_by_row() -> None:
    """Rule: where columns do not fit beside each other, each row is a paragraph with its titles."""
    shown = page([table(TITLES, ("target",), [("zego", *FIGURES)])], 60)
    assert " ".join(shown.split()) == (
        "zego pairs 100,000,001 = deleted 100,000,002 + already gone 100,000,003 "
        "+ failed 100,000,004 + unsettled 100,000,005"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_long_texts_of_a_table_are_whole(width: int) -> None:
    """Rule: a refusal of 120 letters is read whole, each word of it, in a few lines."""
    says = " ".join(f"word{at:02}" for at in range(17))
    row = ("tencent", "100,000,000", "unsettled", "100000005", says)
    titles = ("target", "pairs", "status", "code", "the provider says")
    texts = ("target", "status", "the provider says")
    shown = page([table(titles, texts, [row])], width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert [one for one in shown.split() if one.startswith("word")] == says.split()
    assert shown.count("\n") <= 8


@given(TEXT, st.integers(min_value=1, max_value=130))
def test_a_page_fits(text: str, width: int) -> None:
    """Rule: whatever is told on it, no line of a page is longer than its width, or NARROWEST."""
    parts = [
        words(text, indent=2),
        facts([(text, text)]),
        table(("name", "number"), ("name",), [(text, "1,000")]),
    ]
    assert max(map(cell_len, page(parts, width).splitlines())) <= max(NARROWEST, min(width, 120))
