"""[notify]: who is told how the run goes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from bulkdel.job.endpoint import checked_hook
from bulkdel.job.keys import (
    TEXT_MOST,
    TEXT_PATTERN,
    TEXT_WORDS,
    Allowed,
    Table,
    Text,
    sized,
    whole_path,
)

ARGUMENTS_MOST = 100


class Event(StrEnum):
    """What [notify] tells of."""

    START = "start"  #: calls begin to leave
    STOP = "stop"  #: stopped with work left
    FINISH = "finish"  #: every pair is settled
    GUARD = "guard"  #: a guard of the job file stopped the run
    CREDENTIALS = "credentials"  #: a provider refused the credentials, the permission or the app
    TARGET = "target"  #: one target has ended for any other reason, while others go on
    TROUBLE = "trouble"  #: no pair of a target was settled for 15 minutes, though it is sent
    RECOVERED = "recovered"  #: after that, a pair was settled again


def _program(command: tuple[str, ...]) -> tuple[str, ...]:
    """`command` itself; ValueError where its program counts on a shell."""
    if command:
        whole_path(command[0])
    return command


class NotifyTable(Table):
    """[notify]: who is told how the run goes."""

    command: Annotated[
        tuple[Text, ...],
        sized(most=ARGUMENTS_MOST),
        AfterValidator(_program),
        Field(
            strict=False,
            json_schema_extra={"maxItems": ARGUMENTS_MOST},
            description="A program and its arguments, without a shell, started in the job file's "
            "directory. It gets the summary as JSON on its standard input and has ten seconds.",
        ),
        Allowed(f"a list of at most {ARGUMENTS_MOST} texts, the program first", item=TEXT_WORDS),
    ] = ()
    url: Annotated[
        # Not a Text: what is wrong with it is told without showing it.
        Annotated[
            str,
            AfterValidator(checked_hook),
            WithJsonSchema({"type": "string", "pattern": TEXT_PATTERN, "maxLength": TEXT_MOST}),
        ]
        | None,
        Field(
            repr=False,  # the address of a hook may be a secret
            description="An address that the summary is POSTed to as JSON; plain http only to "
            "this machine. Where the address itself is a secret, use command.",
        ),
        Allowed("an address such as https://HOST/PATH"),
    ] = None
    on: Annotated[
        tuple[Annotated[Event, Field(strict=False)], ...],
        Field(
            strict=False,
            description="When: start (calls begin), stop (exit 75), finish (exit 0 or 1), guard "
            "(exit 3), credentials (exit 77, and at once when one target is refused while others "
            "go on), target (one ends for another reason while others go on), trouble (none of a "
            "target's pairs was settled for 15 minutes), recovered (after that, one was). Default: "
            "all of them.",
        ),
        Allowed(
            "a list of events",
            item=", ".join(f'"{one}"' for one in list(Event)[:-1]) + f' or "{list(Event)[-1]}"',
        ),
    ] = tuple(Event)
