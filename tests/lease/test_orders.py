"""What an operator tells the workers of a run goes through the store that they share."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from bulkdel.errors import Busy, WrongInput
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.lease.fence import Fence
from bulkdel.lease.orders import register, tell
from bulkdel.lease.postgres import PostgresStore
from bulkdel.lease.values import Member, Order, Pause, Resume, ShardRow, SlowTo
from bulkdel.plan.cut import Cut
from bulkdel.plan.make_shards import make_shards
from bulkdel.runs.orders import give
from bulkdel.runs.shards import held_whole

JOB = """
operation = "delete_friends"
mode = "one_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
[cluster]
store_env = "TRIAL_STORE"
[targets.app]
provider = "tencent"
app_id = 1
qps = 50
endpoint = "emulator"
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose workers share a store; nothing is planned."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    (tmp_path / "job.toml").write_text(JOB)
    return load_job(tmp_path / "job.toml")


@pytest.fixture
def cut(job: Job, address: str, monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Its cut, of which the store does not know yet."""
    monkeypatch.setenv("TRIAL_STORE", address)
    return make_shards(job)


def joined(address: str, run_id: str, began_s: float) -> PostgresStore:
    """A process that works on the run."""
    member = Member(
        run_id=run_id,
        session=str(uuid.uuid4()),
        host="h",
        pid=1,
        version="1",
        lease_s=15,
        timeout_s=10,
        began_s=began_s,
    )
    store = PostgresStore(address, member, Fence())
    store.join()
    return store


def test_orders_are_kept_and_it_is_said_whom_they_reach(job: Job, cut: Cut, address: str) -> None:
    """How many processes will know it and when; where none works, that it holds for later ones."""
    rows = [ShardRow(name="1", apps=("app",), qps=50)]
    began_s = register(address, cut.run_id, str(job.run_dir), rows)
    orders: list[tuple[Order, str]] = [
        (Pause(by="anna"), "Paused until"),
        (SlowTo(target="app", qps=5.0), "app: at most 5 calls/s"),
        (Resume(), "Sending again."),
    ]
    for order, words in orders:
        said = give(job, order)
        assert said.startswith(words)
        assert said.endswith("No process works on this run now; it holds for those that begin.")
    assert dict(tell(address, cut.run_id).rates) == {"app": 5.0}
    store = joined(address, cut.run_id, began_s)
    try:
        assert give(job, SlowTo(target="app", qps=50)).startswith("app: at most 50 calls/s")
        said = give(job, Pause(by="anna"))
        assert said.endswith(" 1 process will know it within 3 s.")
        standing = tell(address, cut.run_id)
        assert (standing.paused, standing.by, dict(standing.rates)) == (True, "anna", {})
        with (
            pytest.raises(Busy, match="1 process works on this run, as its store says"),
            held_whole(job),
        ):
            raise AssertionError
    finally:
        store.leave()
    with held_whole(job) as parts:
        assert [part.run_dir.name for part in parts] == ["1"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (SlowTo(target="other", qps=5), "there is no target other"),
        (SlowTo(target="app", qps=51), "51 calls/s is not possible for app"),
        (SlowTo(target="app", qps=0), "0 calls/s is not possible for app"),
        (Pause(), "the store does not know this run"),
    ],
)
def test_what_cannot_be_ordered(job: Job, cut: Cut, order: Order, words: str) -> None:
    """A rate that the job does not allow, and a run that nobody has begun."""
    assert cut.shards
    with pytest.raises(WrongInput, match=words):
        give(job, order)


def test_without_a_plan_a_store_or_its_address(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what is missing; the address, which holds a password, is never said."""
    with pytest.raises(WrongInput, match="there is no plan yet"):
        give(job, Pause())
    make_shards(job)
    with pytest.raises(WrongInput, match="variable TRIAL_STORE is not set"):
        give(job, Pause())
    monkeypatch.setenv("TRIAL_STORE", "postgresql://u:secret-word@127.0.0.1:1/d")
    with pytest.raises(WrongInput) as error:
        give(job, Pause())
    assert "secret-word" not in str(error.value)
    with pytest.raises(WrongInput, match="store"), held_whole(job):
        raise AssertionError
