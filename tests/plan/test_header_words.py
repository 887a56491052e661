"""A header that lacks a column: what is seen is said, and whoever obeys loses no row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.plan.input.header_words import Wanted, lacking, names_no_column, other_delimiter

PAIRS = Wanted(from_field="From_Account", to_field="To_Account", delimiter=",")
ACCOUNTS = Wanted(from_field="From_Account", to_field=None, delimiter=",")
TABS = Wanted(from_field="From_Account", to_field="To_Account", delimiter="\t")
PARQUET = Wanted(from_field="From_Account", to_field="To_Account")
OWN = Wanted(from_field="wer", to_field="wen", delimiter=",")


@pytest.mark.parametrize(
    ("names", "wanted", "what", "mend"),
    [
        (["From_Account;To_Account"], PAIRS, "semicolons, not by commas", "save it with commas"),
        (["From_Account|To_Account"], PAIRS, "vertical bars", "save it with commas"),
        (["From_Account\tTo_Account"], PAIRS, "tabs", 'set input.format = "tsv"'),
        (["From_Account,To_Account"], TABS, "commas, not by tabs", 'set input.format = "csv"'),
        (['"From_Account";"To_Account"'], PAIRS, "semicolons", "save it with commas"),
        (["alice;bob"], PAIRS, "semicolons", "save it with commas"),
        (["From_Account;note"], ACCOUNTS, "semicolons", "save it with commas"),
        (["user_id", "friend_id"], PAIRS, "it has 'user_id'", 'input.from_field = "user_id" and'),
        (
            ["from account", "to account"],
            PAIRS,
            "",
            "did you mean 'from account' and 'to account'?",
        ),
        (["From_Account ", "To_Account"], PAIRS, "", "did you mean 'From_Account '?"),
        (["UserID"], ACCOUNTS, "", "did you mean 'UserID'?"),
        (["From_Account", "x"], PAIRS, "no column 'To_Account'", "Set input.to_field to the right"),
        (["a", "b"], PARQUET, "it has 'a', 'b'", "Set input.from_field and input.to_field to"),
        (["100", "200"], PAIRS, "read as the header", "put From_Account,To_Account above it"),
        (["100"], ACCOUNTS, "read as the header", "put From_Account above it"),
        (["a@x", "b@x", "7"], PAIRS, "read as the header", "a line that names its 3 columns"),
        (["alice", "bob"], OWN, "read as the header", "a row already, put wer,wen above it; if it"),
        (
            ["100", "200"],
            TABS,
            "the header",
            "put From_Account and To_Account, with a tab between them, above it",
        ),
    ],
)
def test_what_is_said(names: list[str], wanted: Wanted, what: str, mend: str) -> None:
    """Rule: the separator, the likely column or the missing header is named, each with its way."""
    said = lacking(names, wanted)
    assert what in said[0]
    assert mend in said[1]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), st.booleans())
def test_no_first_row_is_taken_for_a_header(names: list[str], pairs: bool) -> None:
    """Rule: where nothing says that the first line is a header, no advice renames keys alone."""
    wanted = PAIRS if pairs else ACCOUNTS
    if not names_no_column(names, wanted) or other_delimiter(names, wanted):
        return
    _, mend = lacking(names, wanted)
    assert "above it" in mend
    assert "did you mean" not in mend
    if "input." in mend:
        assert mend.startswith("If it is a row already, put ")
