"""`prove`: a certificate that other programs can check, and refusals."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.evidence.test_merkle import audit_path, tree_hash
from tests.support.process import Done, Place
from tests.support.sealing import PAIRS, PEOPLE, tree

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SEALED = "runs/job/sealed"


def prove(place: Place, account: str, *, code: int = 0) -> Done:
    """The command, which leaves with this code."""
    done = place.run("prove", "job.toml", "--account", account, "--out", "one.json")
    assert done.code == code, done.out + done.err
    return done


def test_another_program_finds_it_true(sealed: Place) -> None:
    """Rule: signature, tree, proofs and pseudonyms by nothing but their definitions.

    Each pair of the account is in it once and was asked for once, and nobody else's id.
    """
    prove(sealed, PEOPLE[5])
    text = (sealed.folder / "one.json").read_text()
    told = json.loads(text)
    folder = sealed.folder / SEALED
    key = bytes.fromhex((folder / "sealed.key").read_text())

    def pseudonym(account: str) -> str:
        return hmac.new(key, account.encode(), hashlib.sha256).hexdigest()[:32]

    public = load_pem_public_key((sealed.folder / "key.pem.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(base64.b64decode(told["signature"], validate=True), told["statement"].encode())
    assert told["statement"].encode() == (folder / "statement.json").read_bytes()
    assert told["signature"].encode() == (folder / "statement.sig").read_bytes()
    statement = json.loads(told["statement"])
    for entries, name, root in (
        (told["entries"], "ledger.jsonl", statement["merkle_root"]),
        (told["verification"], "verification.jsonl", statement["verification_merkle_root"]),
    ):
        lines = (folder / name).read_bytes().removesuffix(b"\n").split(b"\n")
        assert tree_hash(lines).hex() == root
        ends = set()
        for entry in entries:
            assert lines[entry["index"]] == entry["line"].encode()
            path = audit_path(entry["index"], lines)
            assert entry["proof"] == [one.hex() for one in path]
            line = json.loads(entry["line"])
            ends.add((line["from_account"], line["to_account"]))
        assert len(entries) == len(ends)
        assert ends == {
            (pseudonym(one), pseudonym(two)) for one, two in PAIRS if PEOPLE[5] in {one, two}
        }
    page = (sealed.folder / "one.html").read_text()
    for account in PEOPLE:
        assert (account in text) == (account == PEOPLE[5])
        assert account == PEOPLE[5] or account not in page


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _another_key(path: Path) -> None:
    path.write_bytes(b"00" * 32 + b"\n")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("sealed.key", Path.unlink, "is gone"),
        ("sealed.key", _another_key, "another run's key"),
        ("ledger.index", _flip, "ledger.index was changed"),
        ("verification.index", Path.unlink, "cannot be read"),
        ("statement.json", lambda path: path.write_bytes(b'{"version":2}'), "newer"),
        ("statement.sig", Path.unlink, "cannot be read"),
    ],
)
def test_of_what_was_changed_nothing_is_proved(
    sealed: Place, name: str, change: Callable[[Path], Any], words: str
) -> None:
    """Rule: exit 2 and which file; nothing is written."""
    change(sealed.folder / SEALED / name)
    before = tree(sealed.folder)
    assert words in " ".join(prove(sealed, PEOPLE[0], code=2).err.split())
    assert tree(sealed.folder) == before


def test_a_line_that_was_hidden_is_missed(sealed: Place) -> None:
    """Rule: a line whose pseudonym was changed is not silently left out, nor one that is torn."""
    path = sealed.folder / SEALED / "ledger.jsonl"
    key = bytes.fromhex((path.parent / "sealed.key").read_text())
    pseudonym = hmac.new(key, PEOPLE[0].encode(), hashlib.sha256).hexdigest()[:32].encode()
    content = path.read_bytes()
    for old, new in ((pseudonym, b"0" * 32), (b'"status":', b'"status" "')):
        assert old in content
        path.write_bytes(content.replace(old, new))
        assert "was changed since" in prove(sealed, PEOPLE[0], code=2).complaint


def test_nobody_else_and_nothing_twice(sealed: Place) -> None:
    """Rule: who is in no line gets none, and a file that is there is not overwritten."""
    assert "no line" in prove(sealed, "nobody", code=2).complaint
    prove(sealed, PEOPLE[0])
    before = tree(sealed.folder)
    assert "not overwritten" in prove(sealed, PEOPLE[1], code=2).complaint
    assert tree(sealed.folder) == before
