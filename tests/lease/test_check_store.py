"""What `check` says of a PostgreSQL that is there."""

from __future__ import annotations

import pytest

from bulkdel.job.job import Cluster
from bulkdel.lease.orders import register
from bulkdel.report.checks import Grade
from bulkdel.runs.check_cluster import look_at_cluster
from tests.support import build


def test_a_store_is_looked_at_and_left_as_it_is(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without our tables it is good too, however often it is looked at; with them it is no news."""
    monkeypatch.setenv("A_STORE", address)
    job = build.job(build.target(), cluster=Cluster(store_env="A_STORE"))

    def seen() -> str:
        (one,) = [one for one in look_at_cluster(job, offline=False) if one.name == "store"]
        assert one.grade is Grade.GOOD
        assert one.words.startswith("PostgreSQL 1")
        return one.words

    assert seen() == seen()
    assert "new" in seen()
    register(address, "0a1b2c3d-0000-4000-8000-000000000000", "/runs/a", [])
    assert "new" not in seen()
