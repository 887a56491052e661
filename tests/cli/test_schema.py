"""`bulkdel schema`: the forms that programs read are documented key by key, all of them."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module

import pytest
from typer.testing import CliRunner

import bulkdel.report
from bulkdel.cli.app import app
from bulkdel.cli.schema import FORMS, Form, form_keys
from bulkdel.job.json_schema import job_schema


def printed(*words: str) -> object:
    """What the command prints, read."""
    done = CliRunner().invoke(app, ["schema", *words])
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize("words", [(), ("--of", "job")])
def test_the_job_files_schema(words: tuple[str, ...]) -> None:
    """Rule: without a word about a form it is the job file's, as an editor reads it."""
    assert printed(*words) == job_schema()


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.JOB])
def test_the_keys_of_a_form(form: Form) -> None:
    """Rule: each key has its meaning, and the version comes first."""
    told = printed("--of", form)
    assert told == form_keys(form)
    version, keys = FORMS[form]
    assert form_keys(form)["version"] == version
    assert [one["name"] for one in form_keys(form)["keys"]] == [*keys]
    assert next(iter(keys)) == "version"
    assert all(keys.values())


def test_no_form_is_missing() -> None:
    """Rule: whatever is written with a version of its own and documented is printed here."""
    found = pkgutil.walk_packages(bulkdel.report.__path__, "bulkdel.report.")
    modules = [import_module(one.name) for one in found]
    written = [vars(one) for one in modules if {"VERSION", "KEYS"} <= vars(one).keys()]
    assert len(written) == len(FORMS) == len(Form) - 1
    assert all((one["VERSION"], one["KEYS"]) in FORMS.values() for one in written)
