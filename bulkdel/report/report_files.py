"""report.html and report.json: each whole, or as it was before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.report.facts import RunFacts
from bulkdel.report.page.html import report_html
from bulkdel.report.report_json import report_json


def write_report(facts: RunFacts, folder: Path, command: Callable[..., str]) -> tuple[Path, Path]:
    """Write both, 0600, and return their paths; `command` is as in `report_html`.

    Raises:
        WrongInput: they cannot be written.
    """
    written = (folder / files.PAGE, folder / files.FIGURES)
    contents = (report_html(facts, command), report_json(facts))
    for path, content in zip(written, contents, strict=True):
        try:
            files.replace(path, content)
        except OSError as error:
            raise WrongInput(f"cannot be written: {files.reason(error)}", where=path) from error
    return written
