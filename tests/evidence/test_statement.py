"""Statements and certificates as text: what is written is read back, and nothing else is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.evidence.statement import (
    Certificate,
    Entry,
    NewerError,
    StatedCheck,
    StatedRequest,
    StatedRows,
    StatedTarget,
    Statement,
    certificate_of,
    certificate_text,
    statement_of,
    statement_text,
)
from bulkdel.words import Mode, Operation

TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
NUMBERS: Final = st.integers(min_value=0, max_value=2**63 - 1)
MOMENTS: Final = st.datetimes().map(lambda at: f"{at.isoformat()}Z")
ROOT: Final = "ab" * 32


def statement(text: str, number: int, at: str) -> Statement:
    """With these in many places."""
    return Statement(
        version=1,
        run=text,
        job=text,
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
        orient="as_given",
        bulkdel=text,
        targets=(
            StatedTarget(
                name=text,
                provider="p",
                app_id=number,
                region=text,
                pairs=number,
                deleted=number,
                already_gone=0,
                failed=0,
            ),
        ),
        rows=StatedRows(read=number, pairs=number, duplicates=0, rejected=0, protected=0),
        request=StatedRequest(id=text, deadline=at),
        began_at=at,
        ended_at=None,
        sealed_at=at,
        lines=number,
        merkle_root=ROOT,
        index_sha256=ROOT,
        key_sha256=ROOT,
        verification=(
            StatedCheck(
                target=text,
                pairs=number,
                asked=number,
                seed=None,
                gone=number,
                remains=0,
                unknown=0,
                share_most=0.25,
                pairs_most=number,
            ),
        ),
        limits=(text,),
    )


ONE: Final = statement("job", 7, "2026-11-26T12:00:00Z")


@given(TEXTS, NUMBERS, MOMENTS)
def test_what_is_written_is_read_back(text: str, number: int, at: str) -> None:
    """Rule: any statement, and any certificate around it, is read as it was written."""
    told = statement(text, number, at)
    written = statement_text(told)
    entry = Entry(line=text, index=number, proof=(ROOT, text))
    certificate = Certificate(
        version=1,
        account=text,
        pseudonym=text,
        statement=written.decode(),
        signature=text,
        entries=(entry, entry),
        verification=(entry,),
    )

    assert statement_of(written) == told
    assert certificate_of(certificate_text(certificate)) == certificate


@pytest.mark.parametrize(
    "change",
    [
        lambda of: of.pop("lines"),
        lambda of: of.update(lines="7"),
        lambda of: of.update(lines=7.5),
        lambda of: of.update(lines=None),
        lambda of: of.update(key_sha25=of["key_sha256"]),
        lambda of: of.update(operation="delete_everything"),
        lambda of: of.update(mode=1),
        lambda of: of.update(sealed_at="yesterday"),
        lambda of: of.update(sealed_at="0001-01-01T00:00:00+14:00"),
        lambda of: of.update(targets={}),
        lambda of: of.update(targets=[[]]),
        lambda of: of["targets"][0].update(pairs=[]),
        lambda of: of.update(limits="none"),
        lambda of: of.update(version=0),
        lambda of: of.update(version=-1),
        lambda of: of.update(version=True),
        lambda of: of.update(version="1"),
        lambda of: of.pop("version"),
    ],
)
def test_what_is_no_statement_is_none(change: Callable[[dict[str, Any]], object]) -> None:
    """Rule: a key missing, unknown, or of another type: no statement."""
    values = json.loads(statement_text(ONE))
    change(values)

    with pytest.raises(ValueError, match=r"no statement|no JSON object") as caught:
        statement_of(json.dumps(values).encode())
    assert not isinstance(caught.value, NewerError)


def test_a_newer_one_is_told_apart() -> None:
    """Rule: of a newer version it is not guessed what it says, whatever else stands in it."""
    for text in (b'{"version": 2}', b'{"version": 9, "other": []}'):
        for read in (statement_of, certificate_of):
            with pytest.raises(NewerError, match="version"):
                read(text)
