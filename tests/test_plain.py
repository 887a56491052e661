"""Foreign text made plain: one line, nothing obeyed, hidden or turned around, and nothing lost."""

from __future__ import annotations

import io
import unicodedata
from contextlib import redirect_stderr, redirect_stdout

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.cli import streams
from bulkdel.errors import WrongInput
from bulkdel.plain import Page, escaped, json_escaped, lines_escaped
from bulkdel.report.json_text import json_text
from bulkdel.report.text.layout import BAD, facts, page, table, words

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
ANY = st.text(st.characters(categories=None) | st.sampled_from("\x1b[31m\n\r\x9b\u202e\ufeff\x7f"))
COLOUR = "\x1b[1;31m"


def hidden(text: str) -> set[str]:
    """What a terminal would obey or not show."""
    return {one for one in text if unicodedata.category(one) in HIDDEN}


@given(ANY)
def test_one_line_and_plain(text: str) -> None:
    """Rule: nothing hidden comes out, what is plain already stays, and twice is once."""
    shown = escaped(text)
    assert not hidden(shown)
    assert escaped(shown) == shown
    if not hidden(text) and text.isascii():
        assert shown == text


@pytest.mark.parametrize("invisible", ["\u3164", "\uffa0", "\u034f", "\ufe0f", "\u200d", "\xad"])
def test_what_takes_no_room_is_shown(invisible: str) -> None:
    """Rule: no two ids look alike because of something that cannot be seen."""
    assert escaped(f"a{invisible}") != "a"
    assert invisible not in escaped(f"a{invisible}")


@pytest.mark.parametrize("text", ["张三", "é", "👍", "ﷺ", "a b", "c:\\x1b", "нет"])
def test_letters_stay(text: str) -> None:
    """Rule: letters and signs of every script are shown as they are."""
    assert escaped(text) == text


@given(ANY)
def test_our_colours_pass_and_no_others(text: str) -> None:
    """Rule: a page has our colours; a text that is made from one, or that is foreign, has none."""
    assert lines_escaped(Page(f"{COLOUR}a\n")) == f"{COLOUR}a\n"
    assert hidden(lines_escaped(Page(text))) <= {"\n", "\x1b"}
    assert hidden(lines_escaped(str(Page(f"{COLOUR}a")) + text)) <= {"\n"}


@given(ANY)
def test_pages_hold_no_foreign_colour(text: str) -> None:
    """Rule: on a coloured page every escape is of a style of ours, whatever is told on it."""
    parts = [words(text, BAD), facts([(text, text)]), table([text], [], [[text]])]
    assert not hidden(page(parts, 120)) - {"\n"}
    shown = page(parts, 120, colour=True)
    assert set(streams_of(shown)) <= {"\x1b[0m", "\x1b[1m", "\x1b[1;31m"}


def streams_of(shown: str) -> list[str]:
    """The escapes of a page, to their end."""
    return [f"\x1b{part.partition('m')[0]}m" for part in shown.split("\x1b")[1:]]


@given(ANY)
def test_an_error_is_one_line_for_each_argument(text: str) -> None:
    """Rule: whatever name an error quotes, it makes no line of its own."""
    said = str(WrongInput(f"a {text}", f"b {text}"))
    assert said.count("\n") == 1
    assert not hidden(said) - {"\n"}


@given(ANY)
def test_the_doors(text: str) -> None:
    """Rule: what is said is one plain line; a result that is text is plain, and bytes are data."""
    with redirect_stderr(io.StringIO()) as err, redirect_stdout(io.StringIO()) as out:
        streams.say(text)
        streams.prompt(text)
        streams.result(text)
    assert not hidden(err.getvalue() + out.getvalue()) - {"\n"}
    with redirect_stderr(io.StringIO()) as err:
        streams.say(text)
    assert err.getvalue().count("\n") == 1


@given(st.recursive(ANY, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_json_has_the_same_values(value: object) -> None:
    """Rule: JSON is read back as what was told, with escapes where UTF-8 cannot hold it."""
    told = json_text({"value": value})
    assert not hidden(told.decode()) - {"\n"}
    assert told.endswith(b"\n")
    try:
        whole = orjson.dumps({"value": value})
    except TypeError:  # lone surrogates
        return
    assert orjson.loads(told) == orjson.loads(whole)
    assert orjson.loads(json_escaped(whole)) == orjson.loads(whole)


def test_a_path_that_is_no_text() -> None:
    """Rule: bytes that are no UTF-8 keep nothing from being told."""
    assert orjson.loads(json_text({"run_dir": "/x/\udcff"})) == {"run_dir": "/x/\\udcff"}
