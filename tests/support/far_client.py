"""Carries a job out at an address in another network: `python -m … JOB ADDRESS`.

A job file allows plain http to this machine only, so the address is put in here.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from bulkdel import load_job, run


async def main(path: Path, address: str) -> None:
    """Until all is settled, or nothing more can be."""
    job = load_job(path)
    job = replace(job, targets=tuple(replace(one, address=address) for one in job.targets))
    async for _ in run(job):
        pass


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
