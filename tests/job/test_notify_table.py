"""[notify] as it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import Event, Notify
from bulkdel.job.jobfile import load_job

JOB = """
operation = "delete_friends"
mode = "one_way"
[input]
files = ["pairs.csv"]
[targets.t]
provider = "zego"
app_id = 5
endpoint = "emulator"
"""


def load(folder: Path, table: str) -> Notify:
    """What the job file's [notify] says."""
    file = folder / "job.toml"
    file.write_text(JOB + table)
    return load_job(file).notify


def test_nobody_is_told_by_default(tmp_path: Path) -> None:
    """Without [notify] there is neither command nor address."""
    assert load(tmp_path, "") == Notify(command=(), url=None, on=tuple(Event))


def test_all_of_it(tmp_path: Path) -> None:
    """A command is kept as its arguments, an address as it stands."""
    table = '[notify]\ncommand = ["a", "b c"]\nurl = "http://127.0.0.1:9/x?y=Z"\non = ["guard"]\n'
    assert load(tmp_path, table) == Notify(
        command=("a", "b c"), url="http://127.0.0.1:9/x?y=Z", on=(Event.GUARD,)
    )


def test_the_address_is_shown_to_nobody(tmp_path: Path) -> None:
    """The address of a hook may be a secret: no repr and no error shows it."""
    assert "T0P" not in repr(load(tmp_path, '[notify]\nurl = "https://h.example/T0P"\n'))
    for wrong in (
        "ftp://h.example/T0P",
        "http://h.example/T0P",
        "https://h.example/ T0P",
        "https://u:T0P@h.example/",
        "https://h.example:0/T0P",
        "https://h.example:65536/T0P",
        "https://h.example:/T0P",
        "https://[::1::2]/T0P",
        "https://[::z]/T0P",
        "https://[::1/T0P",
        "https:///T0P",
        "https://-h.example/T0P",
        f"https://{'h.' * 127}example/T0P",
        "https://h.example\\T0P",
        "https://h.\\texample/T0P",
        "https://h.example/T0P" + "x" * 5000,
    ):
        with pytest.raises(WrongInput) as refused:
            load(tmp_path, f'[notify]\nurl = "{wrong}"\n')
        assert "T0P" not in str(refused.value)
