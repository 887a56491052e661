"""report.html and report.json in the run directory: each whole, or as it was before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bulkdel.errors import WrongInput
from bulkdel.report.findings import Findings
from bulkdel.report.page_html import report_html
from bulkdel.report.report_json import report_json

PAGE = "report.html"
FIGURES = "report.json"


def write_report(
    findings: Findings, run_dir: Path, command: Callable[..., str]
) -> tuple[Path, Path]:
    """Write both, 0600, and return their paths; `command` is as in `report_html`.

    Raises:
        WrongInput: they cannot be written.
    """
    written = (run_dir / PAGE, run_dir / FIGURES)
    contents = (report_html(findings, command), report_json(findings))
    for path, content in zip(written, contents, strict=True):
        try:
            _replace(path, content)
        except OSError as error:
            raise WrongInput(f"{path}: cannot be written: {error.strerror}") from error
    return written


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
