"""[notify] by the real command: who is told of one target while the others go on."""

from __future__ import annotations

import json
import sys

import pytest

from bulkdel.runs.observers import KEYS
from tests.e2e.hostile import Hostile, json_echo
from tests.support.json_keys import undocumented, unwritten
from tests.support.judge import Judge
from tests.support.process import KEY, Place, csv_text, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n:02}", f"to{n:02}") for n in range(40)]
BAD_APP = 60006
KEEP = """
import pathlib, sys, tempfile
pathlib.Path(tempfile.mktemp(".told", dir=".")).write_bytes(sys.stdin.buffer.read())
"""


def test_a_refused_target_is_told_while_the_other_goes_on(place: Place) -> None:
    """At once, with the run as it stands then; the command's own end is told when it ends."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("keep.py", KEEP)
    with Hostile([json_echo(BAD_APP)]) as refuses, Judge({"zego": PAIRS}) as judge:
        notify = f"[notify]\ncommand = {json.dumps([sys.executable, 'keep.py'])}\n"
        text = toml(judge.address, zego="qps = 8", tail=notify)
        text = text.replace(
            f'1400000000\nsecret_env = "{KEY}"\nendpoint = "{judge.address}"',
            f'1400000000\nsecret_env = "{KEY}"\nendpoint = "http://127.0.0.1:{refuses.port}"',
        )
        place.write("job.toml", text)
        done = place.run("run", "job.toml")
    assert done.code == 77, done.err
    told = [json.loads(file.read_bytes()) for file in place.folder.glob("*.told")]
    by_kind = {(one["event"], one["target"]): one for one in told}
    assert {*by_kind} == {("start", None), ("credentials", "tencent"), ("credentials", None)}
    at_once, at_the_end = by_kind["credentials", "tencent"], by_kind["credentials", None]
    assert (at_once["exit_code"], at_once["end"], at_once["state"]) == (None, "refused", "running")
    assert at_once["text"].startswith("job: tencent: refused: ")
    assert f"code {BAD_APP}" in at_once["text"]
    assert at_once["text"].endswith("; zego goes on")
    states = {name: target["state"] for name, target in at_once["targets"].items()}
    assert (states["tencent"]["end"], states["zego"]["end"]) == ("refused", None)
    assert at_once["targets"]["zego"]["unsettled"] > 0
    assert (at_the_end["exit_code"], at_the_end["end"]) == (77, None)
    assert at_the_end["targets"]["zego"]["unsettled"] == 0
    for one in told:
        assert undocumented(one, KEYS) == set()
        assert not {key for key in unwritten(one, KEYS) if key.count(".") == 0}
    log = (place.folder / "runs/job/run.log").read_text()
    assert log.count('"event":"notify.told"') == 3
