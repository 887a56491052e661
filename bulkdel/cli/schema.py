"""`bulkdel schema`: the job file's JSON schema, and the keys of each JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from bulkdel.cli import streams
from bulkdel.job.json_schema import job_schema
from bulkdel.report import (
    check_json,
    export_json,
    judged_json,
    plan_json,
    rehearsal,
    remote,
    report_json,
    run_json,
    status_json,
    undone,
)
from bulkdel.report.json_text import json_text
from bulkdel.report.text import verification

EPILOG = """
\b
Exit codes:
  0  printed
  2  could not be done: standard output takes nothing

\b
With an editor that knows Taplo (Even Better TOML), write the schema to a file
and name it in the first line of the job file:
  bulkdel schema > bulkdel.schema.json
  #:schema ./bulkdel.schema.json

\b
Of the other forms the version is printed, and each key with its meaning: a
dotted path, with * for a name and [] for the items of a list.

\b
Examples:
  bulkdel schema
  bulkdel schema | jq '."$defs".TargetTable.properties | keys'
  bulkdel schema --of status | jq -r '.keys[] | "\\(.name)  \\(.meaning)"'
"""


class Form(StrEnum):
    """What is read or written as JSON."""

    JOB = "job"
    PLAN = "plan"
    CHECK = "check"
    REHEARSAL = "rehearsal"
    STATUS = "status"
    REPORT = "report"
    RUN = "run"
    EXPORT = "export"
    VERIFY = "verify"
    SEALED = "sealed"
    UNDO = "undo"
    VERIFICATION = "verification"


FORMS: Final[Mapping[Form, tuple[int, Mapping[str, str]]]] = {
    Form.PLAN: (plan_json.VERSION, plan_json.KEYS),
    Form.CHECK: (check_json.VERSION, check_json.KEYS),
    Form.REHEARSAL: (rehearsal.VERSION, rehearsal.KEYS),
    Form.STATUS: (status_json.VERSION, status_json.KEYS),
    Form.REPORT: (report_json.VERSION, report_json.KEYS),
    Form.RUN: (run_json.VERSION, run_json.KEYS),
    Form.EXPORT: (export_json.VERSION, export_json.KEYS),
    Form.VERIFY: (verification.VERSION, verification.KEYS),
    Form.SEALED: (judged_json.VERSION, judged_json.KEYS),
    Form.UNDO: (undone.VERSION, undone.KEYS),
    Form.VERIFICATION: (remote.VERSION, remote.KEYS),
}
"""The version of each form that is written, and its keys."""


def schema(
    *,
    of: Annotated[
        Form, typer.Option("--of", help="The job file, or what a command writes as JSON.")
    ] = Form.JOB,
) -> int:
    """Print the JSON schema of the job file: every key, and what it means.

    JSON Schema draft 2020-12. An editor that reads it completes keys, shows
    what they mean, and marks what is wrong while you type. `bulkdel check`
    tells more: it knows what one key demands of another.

    With --of: the keys of what `status --json` and other commands write.
    """
    streams.result(json_text(job_schema() if of is Form.JOB else form_keys(of)))
    return 0


def form_keys(form: Form) -> dict[str, Any]:
    """The version of a form that is written, and its keys with their meanings, in their order."""
    version, keys = FORMS[form]
    named = [{"name": name, "meaning": meaning} for name, meaning in keys.items()]
    return {"form": str(form), "version": version, "keys": named}
