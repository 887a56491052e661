"""One account with millions of pairs: planned in bounded memory, cut like any other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bulkdel.plan.scale import Scale
from bulkdel.plan.values import Heavy
from bulkdel.words import Operation
from tests.plan.jobs import plan_text

ROOT = Path(__file__).resolve().parents[2]
_PLAN = """
import json, resource, sys
from pathlib import Path
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from tests.plan.jobs import a_job
job = a_job(Path(sys.argv[1]), ["in.csv"])
meta = make_plan(job)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with PlanReader(job.run_dir, meta) as reader:
    entries = [entry for some in reader.scan(0, meta.shares[0].batches) for entry in some]
told = [to for entry in entries for to in entry.to_accounts]
print(json.dumps([meta.books.pairs, meta.books.duplicates, len(entries), len(set(told)),
                  told == sorted(told), peak]))
"""


@pytest.mark.timeout(180)
def test_an_account_with_two_million_rows(tmp_path: Path) -> None:
    """2 M rows of one account, each pair twice, are 1 M pairs in 1000 batches, cut in order."""
    with (tmp_path / "in.csv").open("w", encoding="utf-8") as out:
        out.write("From_Account,To_Account\n")
        for at in range(2_000_000):
            out.write(f"giant,user{at * 7919 % 1_000_000:07d}\n")
    told = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _PLAN, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    pairs, duplicates, batches, distinct, ordered, peak_mb = json.loads(told.stdout)
    assert (pairs, duplicates, batches, distinct) == (1_000_000, 1_000_000, 1000, 1_000_000)
    assert ordered
    assert peak_mb < 700


def test_an_account_to_clear_in_very_many_rows(tmp_path: Path) -> None:
    """Where lists are cleared, an account that repeats beyond what is held is one all the same."""
    text = "From_Account\n" + "again\n" * 5000 + "".join(f"a{at}\n" for at in range(50))
    planned = plan_text(
        tmp_path,
        text,
        operation=Operation.DELETE_ALL_FRIENDS,
        scale=Scale(chunk=4096, part=20_000, giant=300),
    )
    assert planned.meta.books.duplicates == 4999
    assert {entry.from_account for entry in planned.entries} == {
        "again", *(f"a{at}" for at in range(50))
    }  # fmt: skip
    assert len(planned.entries) == 51
    assert planned.meta.shares[0].heavy == Heavy()
