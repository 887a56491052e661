"""The job file's JSON schema: valid, and it judges as the loader does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.job.jobfile import load_job
from bulkdel.job.json_schema import job_schema
from bulkdel.job.keys import Table, keys_of
from bulkdel.job.schema import JobTable

JOBS = sorted((Path(__file__).parents[2] / "jobs").glob("*.toml"))
TOP = 'operation = "delete_friends"\nmode = "one_way"\n'
INPUT = '[input]\nfiles = ["pairs.csv"]\n'
ZEGO = '[targets.z]\nprovider = "zego"\nregion = "global"\napp_id = 5\nsecret_env = "S"\n'
TWO_WAY = TOP.replace("one_way", "two_way")
FEWEST = '[plan]\norient = "fewest_calls"\n'


def complaints(text: str) -> list[str]:
    """What the schema has against a job file."""
    judge = jsonschema.Draft202012Validator(job_schema())
    return [error.message for error in judge.iter_errors(tomllib.loads(text))]


def tables(table: type[Table]) -> list[type[Table]]:
    """A table and all that its keys hold."""
    found = [table]
    for field in table.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, Table):
                found += tables(kind)
    return found


def test_it_is_a_schema() -> None:
    """Draft 2020-12, and it says so."""
    made = job_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("file", JOBS, ids=lambda file: file.stem)
def test_shipped_jobs_are_right(file: Path) -> None:
    """Every job that is shipped is right by the schema."""
    assert complaints(file.read_text("utf-8")) == []


def test_every_key_and_no_other() -> None:
    """Each key of each table is there with a description; none that the loader does not know."""
    made = job_schema()
    shown: dict[str, Any] = {"JobTable": made, **made["$defs"]}
    found = tables(JobTable)
    assert len(found) >= 6
    for table in found:
        keys = shown[table.__name__]["properties"]
        assert set(keys) == set(keys_of(table))
        assert all(key.get("description") or "$ref" in key for key in keys.values()), table.__name__
        assert shown[table.__name__]["additionalProperties"] is False


def test_no_null_anywhere() -> None:
    """TOML has no null, so the schema offers none."""
    assert "null" not in str(job_schema()).lower().replace("'default': none", "")


def test_formats_are_named() -> None:
    """An enumeration lists its words."""
    assert job_schema()["$defs"]["Format"]["enum"] == [str(one) for one in Format]


@pytest.mark.parametrize(
    "text",
    [
        TOP + INPUT + ZEGO + '[plan]\norient = "as_given"\n',
        TOP + INPUT + ZEGO + "[plan]\n",
        TWO_WAY + INPUT + ZEGO + FEWEST,
        TOP + INPUT + ZEGO + '[backup]\nenabled = true\non_failure = "go"\nkeep = "30d"\n',
        TOP + INPUT + ZEGO + "[canary]\naccounts = 20\n",
        TOP + INPUT + ZEGO + '[canary]\naccounts = 20\nthen = "go"\n',
        TOP + INPUT + ZEGO + '[canary]\naccounts = 20\nthen = "30m"\n',
        TOP + INPUT + ZEGO + "[cluster]\n",
        TOP + INPUT + ZEGO + '[cluster]\nlease = "15s"\nshard_qps = 5\nstore_env = "S_T"\n',
        TOP + INPUT + ZEGO + "[cluster]\nslices = { z = 4 }\n",
        TWO_WAY + INPUT + ZEGO + "[cluster]\nslices = {}\n",
    ],
)
def test_right_for_both(tmp_path: Path, text: str) -> None:
    """What the loader takes, the schema does not mark."""
    file = tmp_path / "job.toml"
    file.write_text(text)
    load_job(file)
    assert complaints(text) == []


@pytest.mark.parametrize(
    "text",
    [
        INPUT + ZEGO,
        TOP.replace("one_way", "both") + INPUT + ZEGO,
        TOP + ZEGO,
        TOP + INPUT,
        TOP + INPUT + ZEGO.replace("global", "singapur"),
        TOP + INPUT + ZEGO.replace("global", "tokyo"),
        TOP + INPUT + ZEGO.replace("zego", "zega"),
        TOP + INPUT + ZEGO.replace("app_id = 5", 'app_id = "5"'),
        TOP + INPUT + ZEGO + "qps = 0\n",
        TOP + INPUT + ZEGO + "batch_size = 51\n",
        TOP + INPUT + ZEGO + 'admin = "x"\n',
        TOP + INPUT + ZEGO + "speed = 5\n",
        TOP + INPUT + ZEGO.replace("targets.z", 'targets."z z"'),
        TOP + INPUT + ZEGO + "[retry]\ntimeout_s = 3\n",
        TOP + INPUT + ZEGO + '[retry]\noutage_limit = "1 h"\n',
        TOP + INPUT + ZEGO + '[notify]\non = ["end"]\n',
        TOP + INPUT + ZEGO + "[backup]\nenabled = 1\n",
        TOP + INPUT + ZEGO + '[backup]\non_failure = "skip"\n',
        TOP + INPUT + ZEGO + "[canary]\n",
        TOP + INPUT + ZEGO + '[canary]\naccounts = 20\nthen = "wait"\n',
        TOP + INPUT + ZEGO + '[plan]\norient = "best"\n',
        TOP + INPUT + ZEGO + FEWEST,
        TOP + INPUT + ZEGO + "[cluster]\nshards = 5\n",
        TOP + INPUT + ZEGO + "[cluster]\nshard_qps = 0\n",
        TOP + INPUT + ZEGO + '[cluster]\nstore_env = "postgresql://host/name"\n',
        TOP + INPUT + ZEGO + '[cluster]\nlease = "15 s"\n',
        TOP + INPUT + ZEGO + "[cluster]\nslices = { z = 1 }\n",
        TOP + INPUT + ZEGO + '[cluster]\nslices = { "z z" = 2 }\n',
        TWO_WAY + INPUT + ZEGO + "[cluster]\nslices = { z = 4 }\n",
        TWO_WAY.replace("friends", "all_friends") + INPUT + ZEGO + FEWEST,
    ],
)
def test_wrong_for_both(tmp_path: Path, text: str) -> None:
    """What the loader refuses for a single key, the schema marks as well."""
    file = tmp_path / "job.toml"
    file.write_text(text)
    with pytest.raises(WrongInput):
        load_job(file)
    assert complaints(text)
