"""The morning after: the page, its figures, and what is exported for a new job."""

from __future__ import annotations

import json

import pytest

from tests.support.judge import Judge
from tests.support.process import Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n % 40:02}", f"to{n:03}") for n in range(120)]


def test_the_morning_after_has_a_page_and_what_is_left(place: Place) -> None:
    """`run` leaves a page with the ledger's figures, and what is left can be exported."""
    place.write("pairs.csv", csv_text(PAIRS) + "from00,\nfrom01,\n")
    with Judge({"tencent": PAIRS}) as judge:
        place.write("job.toml", toml(judge.address))
        done = place.run("run", "job.toml", "--limit", "50")
    run_dir = place.folder / "runs/job"
    assert done.code == 75
    assert f"Report: {run_dir / 'report.html'}" in done.err
    page, figures = place.run("report", "job.toml").out.splitlines()
    told = json.loads((run_dir / "report.json").read_bytes())
    assert [page, figures] == [str(run_dir / "report.html"), str(run_dir / "report.json")]
    tencent = told["targets"]["tencent"]
    assert (tencent["deleted"], tencent["unsettled"], told["ledger"]["lines"]) == (50, 70, 50)
    assert told["ledger"]["length"] == (run_dir / "ledger.jsonl").stat().st_size
    spans = tencent["timeline"]["spans"]
    assert sum(span["calls"] for span in spans) == tencent["calls"]
    assert sum(span["settled"] for span in spans) == 50
    assert [sitting["settled"] for sitting in told["sittings"]] == [50]
    settled = {(line["from_account"], line["to_account"]) for line in ledger(run_dir)}
    rest = place.run("export", "job.toml", "--status", "unsettled").out.splitlines()
    assert {tuple(line.split(",")) for line in rest[1:]} == set(PAIRS) - settled
    assert place.run("export", "job.toml", "--rejects").out == (
        "From_Account,To_Account\nfrom00,\nfrom01,\n"
    )


def test_a_page_that_cannot_be_written_changes_no_run(place: Place) -> None:
    """A report that fails is said, and changes neither the run nor its exit code."""
    place.write("pairs.csv", csv_text(PAIRS))
    page = place.folder / "runs/job/report.html"
    with Judge({"tencent": PAIRS}) as judge:
        place.write("job.toml", toml(judge.address))
        assert place.run("run", "job.toml", "--limit", "10").code == 75
        page.unlink()
        page.mkdir()
        done = place.run("run", "job.toml")
    assert done.code == 0
    assert "Warning: no report was written: " in done.err
    assert len(ledger(place.folder / "runs/job")) == 120


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rejects", "--full"], "--rejects writes rows as they stood"),
        (["--source", "x.csv"], "--source goes with --rejects"),
        (["--target", "zego"], "--target zego: this run has only tencent"),
        (["--output", "pairs.csv"], "is there already"),
    ],
)
def test_options_of_export_that_make_no_sense_are_refused(
    place: Place, options: list[str], said: str
) -> None:
    """Options that make no sense together, or a file in the way: one sentence, exit 2."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml("http://127.0.0.1:9"))
    assert place.run("plan", "job.toml").code == 0
    done = place.run("export", "job.toml", *options)
    assert done.code == 2
    assert said in done.complaint


@pytest.mark.parametrize("command", ["report", "export"])
def test_without_a_plan_there_is_nothing_to_show(place: Place, command: str) -> None:
    """Before there is a plan there is nothing to show: exit 2, and what to do."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml("http://127.0.0.1:9"))
    done = place.run(command, "job.toml")
    assert done.code == 2
    assert "there is no plan yet" in done.complaint
