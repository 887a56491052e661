"""What is no account id, and what a line of a protect file may be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.job.account import id_fault, is_invisible, line_fault
from bulkdel.providers import PROVIDERS


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        (" \u3000", "is empty"),
        ("a\rb", "carriage return"),
        ("a\tb", "a TAB"),
        ("a\x00", "NUL"),
        ("a\x85b", "control character (U+0085)"),
        ("x" * 33, "33 bytes"),
        ("ü" * 17, "34 bytes"),
        ("boss\u200b", "invisible character (U+200B)"),
        ("\ufeffboss", "invisible character (U+FEFF)"),
        ("\u2800boss", "invisible character (U+2800)"),
        ('"boss"', "quotation marks at both ends"),
        ("“boss”", "quotation marks at both ends"),
    ],
)
def test_what_can_be_no_id(text: str, what: str) -> None:
    """An id that cannot exist, or is hardly the one meant, is told as such, in a file as well."""
    assert what in id_fault(text)
    if text.strip():
        assert line_fault(text)


@pytest.mark.parametrize(
    "text", ["boss", "007", "null", "1e5", "a;b", "a b", " a ", "#a", "O'", "ü"]
)
def test_what_may_be_an_id(text: str) -> None:
    """In the job file an id stands as it is, whatever else it looks like."""
    assert not id_fault(text)


@pytest.mark.parametrize(
    "text",
    ["boss,carol", "boss;carol", "boss|carol", "boss carol", "boss\u00a0carol", "boss\uff0ccarol",
     "#boss", "//boss", "--boss", "/*boss", ";boss", "bo\u200bss", "\\N", "NULL", "1.23E+17",
     "From_Account"],
)  # fmt: skip
def test_what_a_line_may_not_be(text: str) -> None:
    """A line that may be several ids or a remark is refused, and the job file is the way out."""
    assert not id_fault(text)
    assert "name it in guards.protect" in line_fault(text, fields=("From_Account", "To_Account"))


@pytest.mark.parametrize("text", ['"boss', 'boss"', '["boss",', '="007"', "'boss'", "{'a': 1}"])
def test_quoted_lines(text: str) -> None:
    """What is quoted, or comes from JSON or a spreadsheet, is no id."""
    assert line_fault(text)


@pytest.mark.parametrize("text", ["boss", " boss ", "a-b_c.d@e:f/g=", "张三", "😀", "❤️", "null"])
def test_what_a_line_may_be(text: str) -> None:
    """An id alone on its line is taken; blanks around it are too."""
    assert not line_fault(text)


def test_no_target_has_such_an_id() -> None:
    """Where no target can have an id, it would protect nobody."""
    rule = PROVIDERS["zego"].id_rule
    assert rule is not None
    assert "zego" not in line_fault("ü")
    assert "can be no id of any target" in line_fault("ü", rules=(rule,))
    assert not line_fault("boss", rules=(rule,))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_a_line_that_is_taken_is_one_id(text: str) -> None:
    """Whatever is taken holds nothing that is not seen, and nothing that parts or surrounds ids."""
    if text.strip() and not line_fault(text):
        kept = text.strip()
        assert len(kept.encode()) <= 32
        assert not any(is_invisible(one) or one.isspace() for one in kept)
        assert not any(unicodedata.category(one) == "Cc" for one in text)
        assert not set(kept) & set(",;|\t")
        assert kept[0] not in "\"'#"
