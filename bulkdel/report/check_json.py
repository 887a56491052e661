"""What `check` looked at, as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bulkdel.job.job import Job
from bulkdel.report.checks import Check, Grade, Section, count, exit_code
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "job": "its name",
    "job_file": "its file, absolute",
    "run_dir": "the run directory, absolute",
    "at": "when this was written, UTC",
    "exit_code": "of check: 1 if anything is crossed, else 0",
    "crosses": "how many findings are crossed",
    "warnings": "how many are warnings",
    "sections[].title": "what its findings are about: the job, or a target and its place",
    "sections[].findings[].name": "what was looked at",
    "sections[].findings[].result": f"one of {', '.join(Grade)}",
    "sections[].findings[].words": "what was seen",
    "sections[].findings[].mend": "what to do about it; empty where there is nothing to do",
}
"""What it holds, by dotted path."""


def check_json(job: Job, sections: Sequence[Section], *, now_s: float) -> bytes:
    """One JSON object; ends with a newline. `now_s` is Unix time."""
    return json_text(check_values(job, sections, now_s=now_s))


def check_values(job: Job, sections: Sequence[Section], *, now_s: float) -> dict[str, Any]:
    """What `check_json` writes."""
    return {
        "version": VERSION,
        "job": job.name,
        "job_file": str(job.source),
        "run_dir": str(job.run_dir),
        "at": stamp(round(now_s * 1000)),
        "exit_code": exit_code(sections),
        "crosses": count(sections, Grade.CROSSED),
        "warnings": count(sections, Grade.WARNING),
        "sections": [
            {"title": section.title, "findings": [_finding(one) for one in section.checks]}
            for section in sections
        ],
    }


def _finding(one: Check) -> dict[str, str]:
    return {"name": one.name, "result": one.grade, "words": one.words, "mend": one.mend}
