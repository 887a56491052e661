"""Sealed lines: pseudonyms by an independent computation, and what an index finds."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.evidence.lines import Index, lines_of, read_lines, sha256_of, write_lines
from bulkdel.evidence.merkle import leaf, root_by
from bulkdel.evidence.pseudonyms import CUT_OUT, Pseudonyms, key_of, key_text, new_key

KEY = bytes(range(32))
IDS = st.text(min_size=1, max_size=8)


def pseudonym(account: str) -> str:
    """As the contract has it."""
    return hmac.new(KEY, account.encode(), hashlib.sha256).hexdigest()[:32]


def line(**more: Any) -> dict[str, Any]:
    """A line of a ledger."""
    return {
        "target": "t",
        "from_account": "a",
        "to_account": "b",
        "status": "deleted",
        "code": 0,
        "info": "",
        "batch": "9f2c61d0a4e7b813",
        "attempts": 1,
        "lost_answers": 0,
        "at": "2026-11-21T22:25:01.123Z",
    } | more


@given(IDS, IDS, IDS)
def test_each_account_is_its_pseudonym(one: str, two: str, third: str) -> None:
    """Rule: ids are HMAC-SHA-256 of themselves, 32 hex digits; the rest stands as it stood."""
    given_line = line(from_account=one, to_account=two, sent_from=third)

    sealed, named = Pseudonyms(KEY).sealed(orjson.dumps(given_line), ())

    values = orjson.loads(sealed)
    assert list(values) == list(given_line)
    changed = {"from_account", "to_account", "sent_from", "batch"}
    assert {name: values[name] for name in values.keys() - changed} == {
        name: given_line[name] for name in given_line.keys() - changed
    }
    assert (values["from_account"], values["to_account"]) == (pseudonym(one), pseudonym(two))
    assert set(named) == {pseudonym(one), pseudonym(two), pseudonym(third)}


def test_a_whole_list_has_no_other_end() -> None:
    """Rule: of a cleared account one end is null, and stays so."""
    sealed, named = Pseudonyms(KEY).sealed(orjson.dumps(line(to_account=None)), ())

    assert orjson.loads(sealed)["to_account"] is None
    assert named == [pseudonym("a")]


def test_a_batch_leads_nowhere_without_the_key() -> None:
    """Rule: a batch's label is no hash of ids any more; the same one stays one and the same."""
    names, others = Pseudonyms(KEY), Pseudonyms(new_key())
    label = line()["batch"]

    assert names.batch(label) == names.batch(label) != label
    assert names.batch(label) != others.batch(label)
    assert len(names.batch(label)) == len(label)


def test_only_known_texts_stay() -> None:
    """Rule: a text of the provider stays if it may, and else nothing of it does."""
    names = Pseudonyms(KEY)
    kept, _ = names.sealed(orjson.dumps(line(info="not a friend")), {"not a friend"})
    cut, _ = names.sealed(orjson.dumps(line(info="alice is unknown")), {"not a friend"})

    assert orjson.loads(kept)["info"] == "not a friend"
    assert orjson.loads(cut)["info"] == CUT_OUT
    assert b"alice" not in cut


def test_a_key_is_32_bytes() -> None:
    """Rule: sealed.key holds 32 random bytes in hex, and nothing else is such a key."""
    key = new_key()

    assert key != new_key()
    assert key_of(key_text(key)) == key
    assert key_text(key).decode().strip() == key.hex()
    for text in (b"", b"00", key.hex().encode() + b"00", b"\xff" * 64):
        with pytest.raises(ValueError):  # noqa: PT011  # whatever it says
            key_of(text)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=700))
def test_an_index_finds_every_line_of_an_account(pairs: list[tuple[str, str]]) -> None:
    """Rule: all lines of an account are found, in order, each with a proof; and no other line."""
    names = Pseudonyms(KEY)
    ledger = [orjson.dumps(line(from_account=one, to_account=two)) for one, two in pairs]
    with TemporaryDirectory() as folder:
        path, index = Path(folder, "l.jsonl"), Path(folder, "l.index")
        made = write_lines(
            (names.sealed(one, ()) for one in ledger), path, index, says=lambda _: None
        )

        assert made.count == len(pairs)
        assert made.index_sha256 == sha256_of(index)
        with path.open("rb") as file:
            assert lines_of(read_lines(file)) == (made.count, made.root)
            found = Index(index, lines=made.count, root=made.root)
            for account in "abcdefg":
                places = [at for at, ends in enumerate(pairs) if account in ends]
                got = list(found.found(file, pseudonym(account)))
                assert [place for place, _, _ in got] == places
                for place, text, proof in got[::97]:
                    root = root_by(proof, leaf(text), index=place, size=made.count)
                    assert root is not None
                    assert root.hex() == made.root


def test_a_line_without_an_end_is_no_line() -> None:
    """Rule: a file that was cut off in a line is refused."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "l.jsonl")
        path.write_bytes(b"one\ntwo")
        with path.open("rb") as file, pytest.raises(ValueError, match="no end"):
            lines_of(read_lines(file))
