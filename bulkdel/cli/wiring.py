"""Where the commands meet the stages: the only file of the command line that knows them all.

Each function imports what it needs, so that `bulkdel --help` need not.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from bulkdel.cli.stages import Say, Stages
from bulkdel.job.job import Job
from bulkdel.plan.values import PlanMeta
from bulkdel.report.phrases import Face
from bulkdel.report.status import Status


def load(path: Path, run_dir: Path | None) -> Job:
    """The job that the file describes; `run_dir` replaces the file's own."""
    raise NotImplementedError


def faces() -> Mapping[str, Face]:
    """The providers, by name."""
    raise NotImplementedError


def open_stages(job: Job) -> AbstractContextManager[Stages]:
    """The stages of a job whose run directory this process holds from now on."""
    raise NotImplementedError


def plan_only(job: Job, say: Say) -> PlanMeta:
    """The job's plan, made if there is none that fits; sends nothing."""
    raise NotImplementedError


def look(job: Job) -> Status:
    """How a run stands, whoever works on it. Takes no lock and changes nothing."""
    raise NotImplementedError


def serve(*, port: int, providers: tuple[str, ...], faults: tuple[str, ...]) -> None:
    """The emulator on a loopback port, until a signal comes."""
    raise NotImplementedError
