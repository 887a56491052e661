"""The real command on a disk that cannot be read.

Each single read is tried in tests/simulation/test_reads.py, and each call to the system in
tests/faults.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [("ann", "bob"), ("cid", "dee"), ("eve", "fay")]
FRIENDS = [*PAIRS[:2], *((to, of) for of, to in PAIRS[:2])]
"""The last pair is on no list: the other side is asked in the second phase."""
TAIL = '[plan]\norient = "fewest_calls"\n[retry]\nmax_attempts = 1\n'
STUBBORN = "30006,account=ann,account=bob"
FAILS = str(Path(__file__).with_name("fails.py"))


@pytest.mark.parametrize(
    ("read", "number", "left"),
    [
        ("plan", "2", 3),  # the first page; the first read is the comparison before sending
        ("plan", "3+", 2),  # an entry of the second round, and what the summary would name
        ("stored", "1", 3),
        ("open", "3", 2),
        ("second", "1", 2),
    ],
)
def test_the_run_stops_in_order_and_goes_on(
    tmp_path: Path, read: str, number: str, left: int
) -> None:
    """A summary, exit 75, a status that names the cause, and the next sitting continues."""
    place = Place(tmp_path)
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": FRIENDS}, faults=[STUBBORN]) as judge:
        place.write("job.toml", toml(judge.address, mode="two_way", tail=TAIL))
        done = place.run("run", "job.toml", program=[FAILS, read, number])
        assert done.code == 75, done.err
        summary = " ".join(done.out.split())
        assert f"read from it. {left} pair{'s' * (left > 1)} left" in summary
        assert "run the same command again" in summary
        status = place.status()
        assert status["state"] == "stopped"
        assert "cannot be read" in status["reason"]
        assert len(ledger(tmp_path / "runs/job")) == 3 - left
        assert status["targets"]["tencent"]["calls"] == judge.calls
    with Judge({"tencent": FRIENDS}) as judge:
        place.write("job.toml", toml(judge.address, mode="two_way", tail=TAIL))
        assert place.run("run", "job.toml").code == 0
        assert len(ledger(tmp_path / "runs/job")) == 3


@pytest.mark.parametrize(("read", "number"), [("open", "2"), ("second", "3")])
def test_where_all_is_settled_the_last_look_may_fail(
    tmp_path: Path, read: str, number: str
) -> None:
    """The exit code is that of the books."""
    place = Place(tmp_path)
    place.write("pairs.csv", csv_text(PAIRS[:2] if read != "second" else PAIRS))
    with Judge({"tencent": FRIENDS}) as judge:
        place.write("job.toml", toml(judge.address, mode="two_way", tail=TAIL))
        done = place.run("run", "job.toml", program=[FAILS, read, number])
        assert done.code == 0, done.err
        assert place.status()["state"] == "finished"
