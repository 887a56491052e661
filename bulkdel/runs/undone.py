"""What an undo left beside its ledger: what the provider added by itself to other lists."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.report.undone import OtherLists, missing_fields
from bulkdel.runs.shards import everywhere, parts_of
from bulkdel.runs.side_status import look_beside

AFTER: Final = f"{files.UNDO}/after"


def other_list(run_dir: Path, target: str) -> Path:
    """The file of what was added to other lists at a target."""
    return run_dir / files.UNDO / f"other-lists-{target}.csv"


def other_lists(job: Job) -> dict[str, OtherLists]:
    """What such files hold, by target, over all parts of the run."""
    runs = parts_of(job)
    found: dict[str, OtherLists] = {}
    for part in runs:
        for target in part.targets:
            path = other_list(part.run_dir, target.name)
            if not files.is_there(path):
                continue
            with files.open_to_read(path) as lines:
                entries = sum(1 for _ in lines) - 1
            if seen := found.get(target.name):  # a pattern, as a job's input takes it
                path = other_list(everywhere(job).run_dir, target.name)
                entries += seen.entries
            found[target.name] = OtherLists(entries=entries, file=path)
    return found


def missing(job: Job) -> dict[str, int]:
    """By field, of how many entries it could not be put back, over all parts of the run."""
    found: Counter[str] = Counter()
    for part in parts_of(job):
        found.update(missing_fields(part.run_dir))
    return dict(found.most_common())


def unasked(job: Job) -> int:
    """Of how many entries it could not be asked whether the other list has them now."""
    looked = [look_beside(part.run_dir, AFTER) for part in parts_of(job)]
    return sum(one.count("unknown") + one.unsettled for one in looked if one is not None)
