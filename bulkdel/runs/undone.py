"""What an undo left beside its ledger: what the provider added by itself to other lists."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.report.undone import OtherLists
from bulkdel.runs.side_status import look_beside

AFTER: Final = f"{files.UNDO}/after"


def other_list(run_dir: Path, target: str) -> Path:
    """The file of what was added to other lists at a target."""
    return run_dir / files.UNDO / f"other-lists-{target}.csv"


def other_lists(job: Job) -> dict[str, OtherLists]:
    """What such files hold, by target."""
    found = {}
    for target in job.targets:
        path = other_list(job.run_dir, target.name)
        if files.is_there(path):
            with files.open_to_read(path) as lines:
                found[target.name] = OtherLists(entries=sum(1 for _ in lines) - 1, file=path)
    return found


def unasked(run_dir: Path) -> int:
    """Of how many entries it could not be asked whether the other list has them now."""
    status = look_beside(run_dir, AFTER)
    return 0 if status is None else status.count("unknown") + status.unsettled
