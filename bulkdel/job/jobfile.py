"""A job file, TOML, as a Job: read, checked against the schema and the providers, filled in."""

from __future__ import annotations

import difflib
import glob
import math
import os
import shlex
import tomllib
from collections.abc import Mapping
from datetime import time
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bulkdel import rundir
from bulkdel.errors import WrongInput
from bulkdel.job.checks import STANDARD_INPUT, id_rules, problems_of
from bulkdel.job.endpoint import Reach, reach_of
from bulkdel.job.evidence import EvidenceTable
from bulkdel.job.job import Guards, Job, ProxySource, SecretSource, Target
from bulkdel.job.keys import keys_of
from bulkdel.job.other_files import other_than_job
from bulkdel.job.problems import sentences
from bulkdel.job.schedule import Outside, ScheduleTable
from bulkdel.job.schema import JobTable
from bulkdel.job.shown import shown_text
from bulkdel.job.target_table import TargetTable
from bulkdel.job.toml_words import toml_fault
from bulkdel.job.window import Schedule, Window
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import Provider
from bulkdel.words import Operation

JOB_FILE_MOST_BYTES = 1 << 20
PROBLEMS_SHOWN = 10
RUNS: Final = "runs"
"""The folder beside a job file that holds the runs of jobs that name none."""

_LATENCY_S = 2.0
_IN_FLIGHT_LEAST = 8
_IN_FLIGHT_DEFAULT_MOST = 1000
_LOOKED_AT: Final = 1 << 16
_LISTED_MOST: Final = 1000
_JOBS_SHOWN: Final = 3


def load_job(
    path: Path, *, run_dir: Path | None = None, providers: Mapping[str, Provider] = PROVIDERS
) -> Job:
    """The job that the file at `path` describes.

    Args:
        path: the job file; what it names is relative to its directory, links not followed.
        run_dir: replaces the file's run_dir; relative to the current directory.
        providers: whose regions and limits count.

    Raises:
        WrongInput: the file cannot be read, is no TOML or no job: one line for each problem, with
            the file, the key, what stands there and what is allowed. No secret is shown.
    """
    document = _document(path)
    problems: list[str] = []
    count = 0
    table: JobTable | None = None
    try:
        table = JobTable.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        problems, count = list(islice(sentences(error), PROBLEMS_SHOWN)), error.error_count()
    # Raised outside the except clause: pydantic's error holds the file's values.
    if table is None:
        raise _refusal(path, problems, count)
    problems = list(problems_of(table, path.stem, providers))
    if problems:
        raise _refusal(path, problems, len(problems))
    return _job(path, table, run_dir, providers)


def duration_s(text: str, name: str) -> float:
    """The seconds of a duration such as "90m", given on a command line as `name`.

    Raises:
        WrongInput: it is none, or out of range.
    """
    try:
        return ScheduleTable.model_validate({"max_duration": text}).max_duration or 0.0
    except ValidationError:
        pass
    raise WrongInput(
        f"{name} is {shown_text(text)}",
        mend='it must be a duration such as "90s", "30m" or "5h", 1s…30d',
    )


def _document(path: Path) -> dict[str, object]:
    content = _content(path)
    if len(content) > JOB_FILE_MOST_BYTES:
        other = other_than_job(str(path), content[:_LOOKED_AT])
        what, mend = other or ("a job file holds at most 1 MiB, this one is larger", "")
        raise WrongInput(what, where=path, mend=mend)
    what = mend = text = ""
    document: dict[str, object] = {}
    try:
        text = content.decode("utf-8-sig")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what, mend = f"line {line} is not UTF-8 text", "save the file as UTF-8"
    except tomllib.TOMLDecodeError as error:
        what, mend = toml_fault(str(error), text)
    except RecursionError:
        what = "not valid TOML: nested too deeply"
    except ValueError:  # Python reads no integer of more than some thousand digits
        what = "not valid TOML: a number in it is too long"
    if not document.keys() & keys_of(JobTable).keys():
        what, mend = other_than_job(str(path), content) or (what, mend)
    # Raised here, since the parsers' errors hold the file's text.
    if what:
        raise WrongInput(what, where=path, mend=mend)
    return document


def _content(path: Path) -> bytes:
    """The file's bytes, or one more than a job file may have."""
    try:
        with path.open("rb") as file:
            return file.read(JOB_FILE_MOST_BYTES + 1)
    except FileNotFoundError:
        what, mend = "there is no such file", _near(path)
    except IsADirectoryError:
        what, mend = "is a directory", _inside(path)
    except OSError as error:
        what, mend = f"the job file cannot be read: {error.strerror}", ""
    raise WrongInput(what, where=path, mend=mend)


def _near(path: Path) -> str:
    """A question that names the job file nearest to one that is not there; or how one is made."""
    near = difflib.get_close_matches(path.name, _jobs_in(path.parent), n=1)
    if near:
        return f"did you mean {path.with_name(near[0])}?"
    return f"`bulkdel init {shlex.quote(str(path))}` writes one"


def _inside(path: Path) -> str:
    jobs = _jobs_in(path)[:_JOBS_SHOWN]
    return (
        f"name the job file in it: {', '.join(str(path / job) for job in jobs)}"
        if jobs
        else ("name a job file")
    )


def _jobs_in(folder: Path) -> list[str]:
    """Names that job files have, in a folder; none where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            names = (one.name for one in islice(entries, _LISTED_MOST))
            return sorted(name for name in names if name.endswith(".toml"))
    except (OSError, ValueError):
        return []


def _refusal(path: Path, problems: list[str], count: int) -> WrongInput:
    """The first of `count` problems, a line for each."""
    first, *others = problems[:PROBLEMS_SHOWN]
    if count > PROBLEMS_SHOWN:
        others.append(f"and {count - PROBLEMS_SHOWN} more")
    return WrongInput(first, *(f"{path}: {problem}" for problem in others), where=path)


def _job(
    path: Path, table: JobTable, run_dir: Path | None, providers: Mapping[str, Provider]
) -> Job:
    source = path.absolute()
    home = source.parent
    name = table.name or path.stem
    named = run_dir is not None or table.run_dir is not None
    if run_dir is None:
        run_dir = home / (table.run_dir or Path(RUNS, name))
    return Job(
        source=source,
        name=name,
        operation=table.operation,
        mode=table.mode,
        run_dir=rundir.placed(run_dir),
        run_dir_named=named,
        input=table.input.model_copy(
            update={"files": tuple(_input_file(name, home) for name in table.input.files)}
        ),
        targets=tuple(
            _target(name, target, table.operation, providers[target.provider], home)
            for name, target in table.targets.items()
        ),
        retry=table.retry,
        guards=Guards(
            **dict(table.guards)
            | {"protect_files": tuple(home / name for name in table.guards.protect_files)},
            id_rules=id_rules(table, providers),
            fields=(table.input.from_field, table.input.to_field),
        ),
        orient=table.plan.orient,
        memory_limit_mb=table.plan.memory_limit_mb,
        schedule=_schedule(table.schedule),
        notify=table.notify,
        backup=table.backup,
        canary=table.canary,
        cluster=table.cluster,
        request=table.request,
        signing_key=_signing_key(table.evidence, home),
    )


def _input_file(name: str, home: Path) -> str:
    """The path or glob made absolute. The directory's own brackets are no glob."""
    if name == STANDARD_INPUT:
        return name
    return str(Path(glob.escape(str(home))) / name)


def _target(
    name: str, table: TargetTable, operation: Operation, provider: Provider, home: Path
) -> Target:
    limits = provider.limits[operation]
    qps = limits.qps if table.qps is None else table.qps
    real = provider.regions[table.region] if table.region is not None else None
    address = table.endpoint or real
    if address is None:
        raise AssertionError("a target without region and endpoint was let through")
    reach = reach_of(address)
    return Target(
        name=name,
        provider=provider.name,
        region=table.region or "",
        app_id=table.app_id,
        admin=(table.admin or provider.admin) if provider.admin is not None else "",
        secret=None if reach is Reach.EMULATOR else _secret_source(table, home),
        address=None if reach is Reach.EMULATOR else address,
        reach=reach,
        qps=qps,
        max_in_flight=_max_in_flight(qps) if table.max_in_flight is None else table.max_in_flight,
        batch_size=_batch_size(table, operation, provider),
        over_ceiling=qps > limits.qps,
        proxy=None if reach is Reach.EMULATOR else _proxy_source(table),
    )


def _secret_source(table: TargetTable, home: Path) -> SecretSource:
    file = None if table.secret_file is None else home / table.secret_file
    return SecretSource(env=table.secret_env, file=file)


def _signing_key(table: EvidenceTable, home: Path) -> SecretSource | None:
    if table.signing_key_env is None and table.signing_key_file is None:
        return None
    file = None if table.signing_key_file is None else home / table.signing_key_file
    return SecretSource(env=table.signing_key_env, file=file)


def _proxy_source(table: TargetTable) -> ProxySource | None:
    return None if table.proxy is None else ProxySource(address=table.proxy, env=table.proxy_env)


def _max_in_flight(qps: float) -> int:
    """By Little's law, as if every answer took two seconds."""
    return min(max(math.ceil(qps * _LATENCY_S), _IN_FLIGHT_LEAST), _IN_FLIGHT_DEFAULT_MOST)


def _batch_size(table: TargetTable, operation: Operation, provider: Provider) -> int:
    if operation is Operation.DELETE_ALL_FRIENDS:
        return 1
    return table.batch_size or provider.limits[operation].batch_size


def _schedule(table: ScheduleTable) -> Schedule:
    window = None
    if table.window is not None and table.timezone is not None:
        begin, end = (time.fromisoformat(edge) for edge in table.window.split("-"))
        window = Window(begin=begin, end=end, zone=ZoneInfo(table.timezone))
    return Schedule(
        window=window,
        waits=table.outside is Outside.WAIT,
        max_duration_s=table.max_duration,
    )
