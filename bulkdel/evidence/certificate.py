"""Judges a certificate without the run: the signature, each proof, and that it is about one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from bulkdel.evidence.merkle import leaf, root_by
from bulkdel.evidence.pseudonyms import ACCOUNT_KEYS, Pseudonyms, key_sha256
from bulkdel.evidence.signing import is_signed
from bulkdel.evidence.statement import Certificate, Entry, Statement


def certificate_faults(
    certificate: Certificate,
    statement: Statement,
    public: bytes | None,
    key: bytes | None = None,
) -> list[str]:
    """Everything that is wrong with a certificate, a sentence each; none if all holds.

    Args:
        certificate: as it was read.
        statement: the one in it.
        public: the public half of the key that it must be signed with; None judges no signature.
        key: of the pseudonyms; None judges no pseudonym.

    Raises:
        ValueError: `public` is no Ed25519 key in PEM.
    """
    found = []
    text, signature = certificate.statement.encode(), certificate.signature.encode()
    if public is not None and not is_signed(public, text, signature):
        found.append(
            "the signature is not that of the statement by this key: one of the two was changed, "
            "or it was signed with another key"
        )
    if key is not None and key_sha256(key) != statement.key_sha256:
        found.append("the key of the pseudonyms is another run's, or was changed")
    elif key is not None and Pseudonyms(key).of(certificate.account) != certificate.pseudonym:
        found.append("the pseudonym is not that of the account")
    if not certificate.entries:
        found.append("it has no entry, so it shows nothing")
    count, root = statement.lines, statement.merkle_root
    found += _entry_faults("entry", certificate.entries, certificate.pseudonym, count, root)
    checked, top = statement.verification_lines, statement.verification_merkle_root
    if certificate.verification and (checked is None or top is None):
        found.append("it tells of a verification, and the statement tells of none")
    elif checked is not None and top is not None:
        found += _entry_faults(
            "verification", certificate.verification, certificate.pseudonym, checked, top
        )
    return found


def _entry_faults(
    name: str, entries: Sequence[Entry], pseudonym: str, count: int, root: str
) -> Iterator[str]:
    seen: set[int] = set()
    for number, entry in enumerate(entries, 1):
        if entry.index in seen:
            yield f"{name} {number}: its line stands here twice"
        seen.add(entry.index)
        try:
            proof = [bytes.fromhex(one) for one in entry.proof]
        except ValueError:
            proof = []
        if tuple(one.hex() for one in proof) != entry.proof:
            yield f"{name} {number}: its proof is no hex"
            continue
        top = root_by(proof, leaf(entry.line.encode()), index=entry.index, size=count)
        if top is None or top.hex() != root:
            yield f"{name} {number}: its line is not one of those that were signed"
        elif pseudonym not in _accounts(entry.line):
            yield f"{name} {number}: its line is about somebody else"


def _accounts(line: str) -> list[Any]:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError:
        return []
    return [values.get(name) for name in ACCOUNT_KEYS] if isinstance(values, dict) else []
