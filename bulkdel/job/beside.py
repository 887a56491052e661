"""[backup] and [canary]: what goes beside a run, or before the most of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from bulkdel.job.keys import Allowed, Duration, Table
from bulkdel.job.schedule import LONGEST_S

KEEP_LONGEST_S: Final = 10 * 365.25 * 86_400
SEED_MOST: Final = 2**63 - 1


class OnFailure(StrEnum):
    """What becomes of the pairs of an account whose list cannot be pulled for good."""

    KEEP = "keep"  #: they are not sent
    GO = "go"  #: they are sent without a backup


class Then(StrEnum):
    """What follows a canary that is as it should be, where it is no length of time."""

    ASK = "ask"  #: somebody is asked
    GO = "go"  #: the run goes on


def _as_one(value: object, kinds: ValidatorFunctionWrapHandler) -> object:
    """The value as one of several kinds; one ValueError where it is none, and not one for each."""
    try:
        return kinds(value)
    except ValidationError:
        raise ValueError from None


class BackupTable(Table):
    """[backup]: friend data is pulled before any list is shortened."""

    enabled: Annotated[
        bool,
        Field(description="Pull the data of every friend that is deleted before it is."),
        Allowed("true or false"),
    ] = False
    on_failure: Annotated[
        OnFailure,
        Field(
            strict=False,
            description="keep: pairs of an account whose list cannot be pulled are not sent. go: "
            "they are sent, and cannot be put back.",
        ),
        Allowed('"keep" or "go"'),
    ] = OnFailure.KEEP
    keep_s: Annotated[
        Duration | None,
        Field(
            alias="keep",
            gt=0,
            le=KEEP_LONGEST_S,
            description='How long the backup may be kept, such as "30d". Default: no bound.',
        ),
        Allowed('a duration such as "30d", or a number of seconds, up to ten years'),
    ] = None


class CanaryTable(Table):
    """[canary]: some accounts first, checked at the provider before anything else follows."""

    accounts: Annotated[
        int,
        Field(ge=1, le=10_000, description="From_Accounts of each target that go first."),
        Allowed("a whole number of accounts, 1…10000", missing="write for example accounts = 20"),
    ]
    seed: Annotated[
        int | None,
        Field(
            ge=0,
            le=SEED_MOST,
            description="What the accounts are drawn with. Default: a number made of the plan.",
        ),
        Allowed("a whole number, 0 or more"),
    ] = None
    max_failed: Annotated[
        int,
        Field(ge=0, description="Pairs of a target's canary that may fail."),
        Allowed("a whole number of pairs, 0 or more"),
    ] = 0
    then: Annotated[
        Annotated[
            Annotated[Then, Field(strict=False)] | Annotated[Duration, Field(gt=0, le=LONGEST_S)],
            Field(union_mode="left_to_right"),
        ],
        WrapValidator(_as_one),
        Field(
            description='ask: somebody is asked, or "run --go-on" continues. go: the run goes on. '
            'A duration such as "30m": it goes on after that, and can be stopped until then.',
        ),
        Allowed('"ask", "go" or a duration such as "30m", up to 30d'),
    ] = Then.ASK
