"""`bulkdel run JOB --run-dir DIR` as it is, that also prints when its calls left.

    python -m tests.bench.leaving JOB DIR

What is printed is what the pacer says of each call: one JSON list of monotonic seconds.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

from bulkdel.cli.app import main
from bulkdel.send.pace import Pacer

_depart = Pacer.depart


def run(job: str, run_dir: str) -> list[float]:
    """A whole run; when its calls left."""
    left: list[float] = []

    async def depart(pacer: Pacer) -> float:
        at = await _depart(pacer)
        left.append(at)
        return at

    pacers: Any = Pacer
    pacers.depart = depart
    sys.argv = ["bulkdel", "run", job, "--run-dir", run_dir, "--no-progress"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main()
    sys.stderr.write(said.getvalue())
    return left


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(*sys.argv[1:])))
