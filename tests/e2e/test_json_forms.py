"""What a program reads on standard output is one JSON object and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.process import Place, csv_text, toml


def test_plan_and_check(tmp_path: Path) -> None:
    """What is said to a person goes to standard error; exit codes stay as they are."""
    place = Place(tmp_path)
    place.write("pairs.csv", csv_text([("a", "b"), ("b", "a"), ("c", "a")]))
    place.write("job.toml", toml("http://127.0.0.1:1", mode="two_way"))
    planned = place.run("plan", "--json", "job.toml")
    assert planned.code == 0
    told = json.loads(planned.out)
    assert told["rows"]["pairs"] == 3
    assert told["targets"]["tencent"]["fewest_calls"]["saves_calls"] == 2
    assert "Planning" in planned.err
    checked = place.run("check", "--json", "--offline", "job.toml")
    assert (checked.code, json.loads(checked.out)["exit_code"]) == (0, 0)
    place.write("job.toml", toml("http://127.0.0.1:1", tail="[guards]\nmax_pairs = 2\n"))
    checked = place.run("check", "--json", "--offline", "job.toml")
    assert (checked.code, json.loads(checked.out)["crosses"]) == (1, 1)
    assert checked.err == ""
