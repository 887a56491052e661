"""[request] and [evidence]: whose wish a purge is and until when, and who signs what was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from bulkdel.job.keys import Allowed, FilePath, Table, Text, Variable

MOMENT_WORDS: Final = "a date, 2026-12-01, or a date and time with its offset, 2026-12-01T12:00:00Z"
_MOMENT_PATTERN: Final = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$"
)


def _moment(value: object, *, at: time) -> datetime:
    """A moment in UTC; a date alone is at this time of its day in UTC."""
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)  # noqa: PLR2004  # a date's length
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, at, UTC)
    raise ValueError


_SCHEMA: Final = WithJsonSchema({"type": "string", "pattern": _MOMENT_PATTERN})
_Begin = Annotated[datetime, BeforeValidator(lambda one: _moment(one, at=time.min)), _SCHEMA]
_End = Annotated[datetime, BeforeValidator(lambda one: _moment(one, at=time(23, 59, 59))), _SCHEMA]


class RequestTable(Table):
    """[request]: what the purge answers, for the papers."""

    id: Annotated[
        Text | None,
        Field(max_length=200, description="The request's number, as your papers have it."),
        Allowed("a text of up to 200 characters; no account id, since it is kept for years"),
    ] = None
    reason: Annotated[
        Text | None,
        Field(max_length=500, description="Why, such as 'GDPR Art. 17'."),
        Allowed("a text of up to 500 characters; no account id, since it is kept for years"),
    ] = None
    requested_at: Annotated[
        _Begin | None, Field(description="When it was asked for."), Allowed(MOMENT_WORDS)
    ] = None
    deadline: Annotated[
        _End | None,
        Field(description="When it must be done; a date alone means the end of that day in UTC."),
        Allowed(MOMENT_WORDS),
    ] = None


class EvidenceTable(Table):
    """[evidence]: the key that signs what was done."""

    signing_key_env: Annotated[
        Variable | None,
        Field(description="The environment variable that holds the private key (PEM, PKCS 8)."),
        Allowed("the name of an environment variable"),
    ] = None
    signing_key_file: Annotated[
        FilePath | None,
        Field(
            description="A file, relative to the job file, that holds it; "
            "`bulkdel seal --new-key FILE` makes one."
        ),
        Allowed("the path of a file"),
    ] = None


def evidence_problems(request: RequestTable, evidence: EvidenceTable) -> Iterator[str]:
    """One sentence for each problem of keys against each other."""
    if evidence.signing_key_env is not None and evidence.signing_key_file is not None:
        yield "evidence has both signing_key_env and signing_key_file; it must have one of them"
    asked, due = request.requested_at, request.deadline
    if asked is not None and due is not None and due <= asked:
        yield (
            f"request.deadline is {due:%Y-%m-%d %H:%M} UTC; it must be after "
            f"request.requested_at, {asked:%Y-%m-%d %H:%M} UTC"
        )
