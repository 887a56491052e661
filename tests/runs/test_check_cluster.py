"""What `check` says of [cluster]: how the job is cut, and whether its store can be used."""

from __future__ import annotations

import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import Cluster, Job
from bulkdel.job.secrets import store_address
from bulkdel.report.checks import Check, Grade
from bulkdel.runs.check_cluster import look_at_cluster
from tests.support import build

STORE = Cluster(store_env="A_STORE")


def job_of(cluster: Cluster | None, *, targets: int = 2) -> Job:
    """A job of targets of 200 calls/s."""
    named = [build.target(name=f"t{at}", app_id=at) for at in range(targets)]
    return build.job(*named, cluster=cluster)


def looked(job: Job, *, offline: bool = False) -> dict[str, Check]:
    """The findings by name."""
    return {one.name: one for one in look_at_cluster(job, offline=offline)}


def test_how_it_is_cut_is_said() -> None:
    """Shards and processes are counted; a job that [cluster] does not cut is warned of."""
    assert looked(job_of(None)) == {}
    seen = looked(job_of(Cluster(shard_qps=400), targets=12))
    assert seen["shards"].words == "6; all targets' rates take 3 processes"
    assert seen["store"].grade is Grade.SKIPPED
    one = looked(job_of(Cluster()))["shards"]
    assert one.grade is Grade.WARNING
    assert "one shard" in one.words


@pytest.mark.parametrize(
    "address",
    ["", "mysql://u:opensesame@h/d", "opensesame", "postgresql://u:opensesame@127.0.0.1:1/d"],
)
def test_a_store_of_no_use_is_crossed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address, none of PostgreSQL, nobody there: crossed, and never with the password."""
    monkeypatch.setenv("A_STORE", address)
    seen = looked(job_of(STORE))["store"]
    assert seen.grade is Grade.CROSSED
    assert seen.mend
    assert "opensesame" not in seen.words + seen.mend
    assert looked(job_of(STORE), offline=True)["store"].grade is Grade.SKIPPED


def test_the_address_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the variable that the job names; where it is not set, its name is said."""
    monkeypatch.setenv("A_STORE", "postgresql://h/d")
    assert store_address(job_of(STORE)) == "postgresql://h/d"
    monkeypatch.delenv("A_STORE")
    with pytest.raises(WrongInput, match="A_STORE is not set or empty"):
        store_address(job_of(STORE))
