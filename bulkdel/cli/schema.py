"""`bulkdel schema`: the job file's JSON schema, for editors."""

from __future__ import annotations

from bulkdel.cli import streams
from bulkdel.job.json_schema import job_schema

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
Examples:
  bulkdel schema
  bulkdel schema | jq '."$defs".TargetTable.properties | keys'
"""


def schema() -> int:
    """Print the JSON schema of the job file: every key, and what it means.

    JSON Schema draft 2020-12. An editor that reads it completes keys, shows
    what they mean, and marks what is wrong while you type. `bulkdel check`
    tells more: it knows what one key demands of another.
    """
    import orjson

    streams.result(
        orjson.dumps(job_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return 0
