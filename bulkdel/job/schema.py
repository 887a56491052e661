"""The job file's tables as pydantic models: every key with its type, default and description.

`Allowed` stands beside each key's type and says in words what may be written there: the errors are
made of it, and of the descriptions the JSON schema. A validator's ValueError with a message is a
predicate of its own ("KEY " + message is the sentence); one without leaves it to `Allowed`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from bulkdel.job.account import id_fault
from bulkdel.job.beside import BackupTable, CanaryTable
from bulkdel.job.cluster import ClusterTable
from bulkdel.job.evidence import EvidenceTable, RequestTable
from bulkdel.job.keys import (
    A_TABLE,
    ACCOUNT_WORDS,
    TEXT_WORDS,
    Account,
    Allowed,
    Duration,
    FilePath,
    Table,
    TargetName,
    Text,
    sized,
)
from bulkdel.job.notify import NotifyTable
from bulkdel.job.schedule import LONGEST_S, ScheduleTable
from bulkdel.job.shown import shown_text
from bulkdel.job.target_table import TargetTable
from bulkdel.words import Mode, Operation, Orient

MEMORY_LEAST_MB = 512
MEMORY_LIMIT_MB = 1000
MEMORY_MOST_MB = 1_000_000

NAME_PATTERN: Final = r"^[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,59}$"
NAME_WORDS: Final = "1…60 characters without slash or control character, the first one no dot"


class Format(StrEnum):
    """How an input is written; compression is a matter of the file's suffix."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Quoting(StrEnum):
    """What a quotation mark is in a CSV or TSV file."""

    CSV = "csv"  #: one opens and closes a field that begins with it (RFC 4180)
    NONE = "none"  #: a character


def _protected(account: str) -> str:
    """`account` itself; ValueError if it would protect nobody who can be meant."""
    if fault := id_fault(account):
        raise ValueError(f"is {shown_text(account)}; it {fault}")
    return account


class InputTable(Table):
    """[input]: where the rows come from."""

    files: Annotated[
        tuple[FilePath, ...],
        sized(least=1),
        Field(
            strict=False,
            json_schema_extra={"minItems": 1},
            description="Paths or globs, relative to the job file; "
            '"-" is standard input, which may stand once and needs format.',
        ),
        Allowed(
            "a list of at least one path or glob",
            item=TEXT_WORDS,
            missing='name at least one path or glob, for example files = ["pairs.csv"]',
        ),
    ]
    format: Annotated[
        Format | None,
        Field(
            strict=False,
            description="How the files are written. By default each file's suffix says it "
            "(.gz and .zst allowed).",
        ),
        Allowed('"csv", "tsv", "jsonl" or "parquet"'),
    ] = None
    quoting: Annotated[
        Quoting | None,
        Field(
            strict=False,
            description="csv or tsv files only. csv: a quotation mark opens and closes a field "
            "that begins with it, line breaks inside are text (RFC 4180). none: it is a character. "
            "By default csv in CSV, none in TSV.",
        ),
        Allowed('"csv" or "none"'),
    ] = None
    from_field: Annotated[
        Text,
        Field(description="The column, or JSON key, that holds From_Account."),
        Allowed(TEXT_WORDS),
    ] = "From_Account"
    to_field: Annotated[
        Text,
        Field(description="The column, or JSON key, that holds To_Account."),
        Allowed(TEXT_WORDS),
    ] = "To_Account"
    accounts_only: Annotated[
        bool,
        Field(
            description="delete_all_friends only: take From_Account and ignore the To column of an "
            "input that has one. Without it, such input is refused."
        ),
        Allowed("true or false"),
    ] = False


class PlanTable(Table):
    """[plan]: how the pairs become calls."""

    orient: Annotated[
        Orient,
        Field(
            strict=False,
            description="as_given sends each pair from its From_Account; fewest_calls (two_way "
            "only) each friendship once, from the side that makes calls few.",
        ),
        Allowed('"as_given" or "fewest_calls"'),
    ] = Orient.AS_GIVEN
    memory_limit_mb: Annotated[
        int,
        Field(
            ge=MEMORY_LEAST_MB,
            le=MEMORY_MOST_MB,
            description="Megabytes of memory for planning; what does not fit goes to disk.",
        ),
        Allowed(f"a whole number of megabytes, {MEMORY_LEAST_MB}…{MEMORY_MOST_MB}"),
    ] = MEMORY_LIMIT_MB


class RetryTable(Table):
    """[retry]: when a call goes again."""

    max_attempts: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="Calls in a row without progress of one batch, "
            "before it waits for the next.",
        ),
        Allowed("a whole number of calls, 1…100"),
    ] = 8
    base_delay_s: Annotated[
        float,
        Field(
            ge=0.001,
            le=3600,
            description="Seconds before the second call at most; doubled for each further one, "
            "with full jitter.",
        ),
        Allowed("a number of seconds, 0.001…3600"),
    ] = 0.5
    max_delay_s: Annotated[
        float,
        Field(ge=0.001, le=3600, description="Seconds between two calls of a batch at most."),
        Allowed("a number of seconds, 0.001…3600"),
    ] = 60.0
    timeout_s: Annotated[
        float,
        Field(
            gt=3,
            le=300,
            description="Seconds that a call may take. More than 3, which the provider itself "
            "may take.",
        ),
        Allowed("a number of seconds above 3 (the provider's own timeout), up to 300"),
    ] = 10.0
    outage_limit_s: Annotated[
        Duration,
        Field(
            alias="outage_limit",
            ge=1,
            le=LONGEST_S,
            description="No accepted call of a target for so long: it waits for the next start.",
        ),
        Allowed('a duration such as "90s", "30m", "1h" or "5d", or a number of seconds, 1s…30d'),
    ] = 3600.0


class GuardsTable(Table):
    """[guards]: what keeps a run from doing more harm than meant."""

    protect: Annotated[
        tuple[Annotated[Account, AfterValidator(_protected)], ...],
        Field(
            strict=False,
            description="Accounts that are never sent, as From or as To. delete_all_friends can "
            "guard From only.",
        ),
        Allowed("a list of account ids", item=ACCOUNT_WORDS),
    ] = ()
    protect_files: Annotated[
        tuple[FilePath, ...],
        Field(
            strict=False,
            description="Files, relative to the job file, with one protected account a line: UTF-8 "
            "text without quotes, comments or columns.",
        ),
        Allowed("a list of paths", item=TEXT_WORDS),
    ] = ()
    max_pairs: Annotated[
        int | None,
        Field(ge=1, description="A larger plan is shown, but not sent. Default: none."),
        Allowed("a whole number of pairs, 1 or more (leave the key out for no limit)"),
    ] = None
    max_failure_ratio: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            description="The run stops when more than this part of a target's settled pairs "
            "failed, once min_sample are settled. Default: none.",
        ),
        Allowed("a number above 0, up to 1 (leave the key out for no limit)"),
    ] = None
    min_sample: Annotated[
        int,
        Field(ge=1, description="Settled pairs of a target before max_failure_ratio counts."),
        Allowed("a whole number of pairs, 1 or more"),
    ] = 1000


class JobTable(Table):
    """A whole job file."""

    name: Annotated[
        str | None,
        Field(pattern=NAME_PATTERN, description="The job's name. Default: the file's stem."),
        Allowed(f"a text of {NAME_WORDS}"),
    ] = None
    operation: Annotated[
        Operation,
        Field(
            strict=False,
            description="delete_friends removes the pairs of the input; delete_all_friends clears "
            "the whole friend list of each of its accounts.",
        ),
        Allowed(
            '"delete_friends" or "delete_all_friends"',
            missing='write "delete_friends" (the pairs of the input) or '
            '"delete_all_friends" (the whole list of each account)',
        ),
    ]
    mode: Annotated[
        Mode,
        Field(
            strict=False,
            description="one_way removes To_Account from From_Account's list only; two_way removes "
            "From_Account from To_Account's list as well.",
        ),
        Allowed(
            '"one_way" or "two_way"',
            missing='write "one_way" (shortens the list of From_Account only) or "two_way" '
            "(and of To_Account as well); there is no default for how much is destroyed",
        ),
    ]
    run_dir: Annotated[
        FilePath | None,
        Field(
            description="Where the run is kept, relative to the job file. "
            "Default: runs/NAME beside it."
        ),
        Allowed("the path of a directory"),
    ] = None
    input: Annotated[
        InputTable,
        Field(description="Where the rows come from."),
        Allowed("a table", missing="add [input] with files = […]"),
    ]
    targets: Annotated[
        dict[TargetName, TargetTable],
        Field(min_length=1, description="The provider apps, each a table [targets.NAME]."),
        Allowed(
            "at least one table [targets.NAME]", missing="add at least one table [targets.NAME]"
        ),
    ]
    plan: Annotated[PlanTable, Field(description="How pairs become calls."), A_TABLE] = PlanTable()
    retry: Annotated[RetryTable, Field(description="When a call goes again."), A_TABLE] = (
        RetryTable()
    )
    guards: Annotated[GuardsTable, Field(description="What stops a run."), A_TABLE] = GuardsTable()
    schedule: Annotated[ScheduleTable, Field(description="When a run sends."), A_TABLE] = (
        ScheduleTable()
    )
    notify: Annotated[NotifyTable, Field(description="Who is told how the run goes."), A_TABLE] = (
        NotifyTable()
    )
    backup: Annotated[
        BackupTable, Field(description="Friend data, pulled before it is deleted."), A_TABLE
    ] = BackupTable()
    canary: Annotated[
        CanaryTable | None,
        Field(description="Some accounts first, then checked. Default: none."),
        A_TABLE,
    ] = None
    request: Annotated[
        RequestTable, Field(description="What the purge answers, for the papers."), A_TABLE
    ] = RequestTable()
    evidence: Annotated[
        EvidenceTable, Field(description="The key that signs what was done."), A_TABLE
    ] = EvidenceTable()
    cluster: Annotated[
        ClusterTable | None,
        Field(description="Several processes or machines. Default: one process."),
        A_TABLE,
    ] = None
