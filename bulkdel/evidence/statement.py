"""The statement: what was done, as it is signed; and the certificate for one person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import orjson
from pydantic import AfterValidator, TypeAdapter, ValidationError

from bulkdel.words import Mode, Operation

STATEMENT_VERSION: Final = 1
CERTIFICATE_VERSION: Final = 1
BYTES_MOST: Final = 8 << 20
CERTIFICATE_BYTES_MOST: Final = 512 << 20


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""In UTC, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedTarget:
    """One provider app, and what became of its pairs.

    Attributes:
        pairs: those with a result: = deleted + already_gone + failed.
    """

    name: str
    provider: str
    app_id: int
    region: str
    pairs: int
    deleted: int
    already_gone: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRows:
    """The books of the input: read = pairs + duplicates + rejected + protected."""

    read: int
    pairs: int
    duplicates: int
    rejected: int
    protected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRequest:
    """What the purge answers; times in UTC, ISO 8601."""

    id: str | None = None
    reason: str | None = None
    requested_at: Moment | None = None
    deadline: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCheck:
    """What the providers said of one target's pairs afterwards.

    Attributes:
        asked: pairs that were asked for, of `pairs`: all, or drawn with `seed`.
        share_most: the largest share that can remain at 95 % confidence (exact binomial,
            one-sided). pairs_most: the pairs that it would be, what remains included.
    """

    target: str
    pairs: int
    asked: int
    seed: int | None
    gone: int
    remains: int
    unknown: int
    share_most: float
    pairs_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All that is signed.

    Attributes:
        run: a random name of this sealed run; no other has it.
        bulkdel: the version that sealed.
        began_at, ended_at, sealed_at: UTC, ISO 8601.
        lines, merkle_root, index_sha256: of ledger.jsonl; RFC 6962 over its lines, in hex.
        key_sha256: of the file sealed.key, in hex; it leads to no key.
        verification: by target; empty where nobody asked the providers, and then the three
            values of its lines are None.
        undone: pairs that were put back, in directions; what is put back is in no certificate.
        limits: what this does not prove, a sentence each.
    """

    version: int
    run: str
    job: str
    operation: Operation
    mode: Mode
    orient: str
    bulkdel: str
    targets: tuple[StatedTarget, ...]
    rows: StatedRows
    request: StatedRequest
    began_at: Moment | None
    ended_at: Moment | None
    sealed_at: Moment
    lines: int
    merkle_root: str
    index_sha256: str
    key_sha256: str
    verification: tuple[StatedCheck, ...] = ()
    verified_at: Moment | None = None
    verification_lines: int | None = None
    verification_merkle_root: str | None = None
    verification_index_sha256: str | None = None
    undone: int = 0
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed line, and the proof that it is under the statement's root.

    Attributes:
        line: as text. index: from 0 on. proof: hex, from the leaf up.
    """

    line: str
    index: int
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What one person gets.

    Attributes:
        account: theirs. pseudonym: what stands for it in the lines.
        statement, signature: the texts of statement.json and statement.sig as they stand.
        entries: of the ledger. verification: of what the providers said afterwards.
    """

    version: int
    account: str
    pseudonym: str
    statement: str
    signature: str
    entries: tuple[Entry, ...]
    verification: tuple[Entry, ...] = ()


_T = TypeVar("_T")
_STATEMENT: Final = TypeAdapter(Statement)
_CERTIFICATE: Final = TypeAdapter(Certificate)


class NewerError(ValueError):
    """It is of a newer version of bulkdel."""


def statement_text(statement: Statement) -> bytes:
    """The bytes of statement.json."""
    return orjson.dumps(asdict(statement), option=orjson.OPT_INDENT_2) + b"\n"


def statement_of(text: bytes) -> Statement:
    """The inverse.

    Raises:
        NewerError: it is of a newer version.
        ValueError: it is no statement.
    """
    return _read(_STATEMENT, text, STATEMENT_VERSION, "no statement")


def certificate_text(certificate: Certificate) -> bytes:
    """The bytes of a certificate's JSON."""
    return orjson.dumps(asdict(certificate), option=orjson.OPT_INDENT_2) + b"\n"


def certificate_of(text: bytes) -> Certificate:
    """The inverse.

    Raises:
        NewerError: it is of a newer version.
        ValueError: it is no certificate.
    """
    return _read(_CERTIFICATE, text, CERTIFICATE_VERSION, "no certificate")


def _read(form: TypeAdapter[_T], text: bytes, known: int, otherwise: str) -> _T:
    """What the text is, strictly; else a ValueError that says so."""
    _check_version(text, known)
    try:
        return form.validate_json(text, strict=True, extra="forbid")
    except ValidationError:
        raise ValueError(otherwise) from None


def _check_version(text: bytes, known: int) -> None:
    content = orjson.loads(text)
    version = content.get("version") if isinstance(content, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError("no JSON object with a version")
    if version > known:
        raise NewerError(f"version {version}")
