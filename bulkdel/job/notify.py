"""[notify]: who is told how the run goes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from bulkdel.job.endpoint import checked_hook
from bulkdel.job.job import Event
from bulkdel.job.keys import TEXT_MOST, TEXT_PATTERN, TEXT_WORDS, Allowed, Table, Text

ARGUMENTS_MOST = 100


class NotifyTable(Table):
    """[notify]: who is told how the run goes."""

    command: Annotated[
        list[Text],
        Field(
            max_length=ARGUMENTS_MOST,
            description="A program and its arguments, without a shell, started in the job file's "
            "directory. It gets the summary as JSON on its standard input and has ten seconds.",
        ),
        Allowed(f"a list of at most {ARGUMENTS_MOST} texts, the program first", item=TEXT_WORDS),
    ] = []  # noqa: RUF012  # pydantic copies what is mutable
    url: Annotated[
        # Not a Text: what is wrong with it is told without showing it.
        Annotated[
            str,
            AfterValidator(checked_hook),
            WithJsonSchema({"type": "string", "pattern": TEXT_PATTERN, "maxLength": TEXT_MOST}),
        ]
        | None,
        Field(
            description="An address that the summary is POSTed to as JSON; plain http only to "
            "this machine. Where the address itself is a secret, use command."
        ),
        Allowed("an address such as https://HOST/PATH"),
    ] = None
    on: Annotated[
        list[Annotated[Event, Field(strict=False)]],
        Field(
            description="When: start (calls begin), stop (exit 75), finish (exit 0 or 1), guard "
            "(exit 3), credentials (exit 77). Default: all of them."
        ),
        Allowed(
            "a list of events",
            item='"start", "stop", "finish", "guard" or "credentials"',
        ),
    ] = list(Event)  # noqa: RUF012  # pydantic copies what is mutable
