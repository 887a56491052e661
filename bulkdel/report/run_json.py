"""The end of `run` as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from bulkdel import files
from bulkdel.errors import Exit
from bulkdel.report import status_json
from bulkdel.report.json_text import json_text
from bulkdel.report.next_steps import NextStep
from bulkdel.report.status import Status
from bulkdel.send.state import End
from bulkdel.send.view import Ending

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "exit_code": "what the command leaves with",
    "words": "how it ended, in sentences",
    "ended": "by target, how it ended this time; nothing where nothing was sent",
    "ended.*.end": f"one of {', '.join(End)}",
    "ended.*.words": "why, in a sentence; empty where it finished",
    "ended.*.code": "the provider's code behind it; null where there is none",
    "next[].words": "what to do next, the most pressing first",
    "next[].command": "the command that does it; empty where a person must act",
    "files.*": "by name (ledger, rejects, log, report), the paths of the run's files; of one that "
    "is cut, a pattern for its ledgers",
    "status": "null where the run could not be looked at; else as `status --json` says it",
    **{f"status.{key}": words for key, words in status_json.KEYS.items()},
}


def run_json(
    exit_code: Exit,
    words: str,
    *,
    status: Status | None = None,
    ending: Ending | None = None,
    next_steps: Iterable[NextStep] = (),
) -> bytes:
    """One JSON object; ends with a newline."""
    lanes = ending.lanes if ending else ()
    values: dict[str, Any] = {
        "version": VERSION,
        "exit_code": int(exit_code),
        "words": words,
        "ended": {
            lane.target: {"end": lane.end, "words": lane.words, "code": lane.code} for lane in lanes
        },
        "next": [asdict(step) for step in next_steps],
        "files": {} if status is None else _files(status),
        "status": None if status is None else status_json.status_values(status),
    }
    return json_text(values)


def _files(status: Status) -> dict[str, str]:
    named = {"ledger": files.LEDGER, "log": files.LOG, "report": files.FIGURES}
    if status.rows.rejected:
        named["rejects"] = files.REJECTS
    paths = {name: str(status.run_dir / file) for name, file in named.items()}
    if status.shards:
        paths["ledger"] = str(status.run_dir / files.SHARDS / "*" / files.LEDGER)
    return paths
