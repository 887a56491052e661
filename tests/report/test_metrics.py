"""Metrics: right numbers under right names, a whole file, a port of its own, nothing global."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from bulkdel.errors import WrongInput
from bulkdel.ledger.values import Counters
from bulkdel.report import metrics as module
from bulkdel.report.metrics import Metrics, metrics_file, metrics_port
from bulkdel.send.view import LaneView
from tests.support import front

COUNTERS = Counters(
    deleted=50, already_gone=20, failed=5, calls=9, retries=3, throttled=2, lost_answers=1
)


def view(target: str = "tencent", *, waiting: str = "") -> LaneView:
    """A lane under way: 75 of 100 pairs are settled."""
    return LaneView(
        target=target,
        pairs=100,
        counters=COUNTERS,
        qps=200.0,
        pace=100.5,
        rate=99.0,
        in_flight=7,
        waiting=waiting,
        ended="",
    )


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by the sample's name and its status, or else its target."""
    return {
        (one.name, one.labels.get("status") or one.labels.get("target", "")): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def written(metrics: Metrics, path: Path) -> str:
    """What the file holds at the end."""
    with metrics_file(metrics, path):
        pass
    return path.read_text("utf-8")


def test_every_number(tmp_path: Path) -> None:
    """Each number of a lane stands under its name, with its unit, and the books balance."""
    metrics = Metrics("purge")
    metrics.show([view()])
    assert samples(written(metrics, tmp_path / "b.prom")) == {
        ("bulkdel_running", ""): 1,
        ("bulkdel_pairs", "deleted"): 50,
        ("bulkdel_pairs", "already_gone"): 20,
        ("bulkdel_pairs", "failed"): 5,
        ("bulkdel_pairs", "unsettled"): 25,
        ("bulkdel_pairs_planned", "tencent"): 100,
        ("bulkdel_calls_total", "tencent"): 9,
        ("bulkdel_retries_total", "tencent"): 3,
        ("bulkdel_throttled_total", "tencent"): 2,
        ("bulkdel_lost_answers_total", "tencent"): 1,
        ("bulkdel_in_flight_calls", "tencent"): 7,
        ("bulkdel_pace_calls_per_second", "tencent"): 100.5,
        ("bulkdel_ceiling_calls_per_second", "tencent"): 200,
        ("bulkdel_waiting", "tencent"): 0,
    }


def test_counters_are_counters(tmp_path: Path) -> None:
    """Only what never falls is a counter, and each metric says what it is."""
    metrics = Metrics("purge")
    metrics.show([view()])
    families = list(text_string_to_metric_families(written(metrics, tmp_path / "b.prom")))
    counters = {family.name for family in families if family.type == "counter"}
    assert counters == {
        "bulkdel_calls",
        "bulkdel_retries",
        "bulkdel_throttled",
        "bulkdel_lost_answers",
    }
    assert {family.type for family in families} == {"counter", "gauge"}
    assert all(family.documentation for family in families)


def test_a_lane_that_waits_makes_no_new_series(tmp_path: Path) -> None:
    """The reason counts seconds down, so it is no label: 1 while a lane waits, and that is all."""
    metrics = Metrics("purge")
    metrics.show([view(waiting="held by the provider, 12 s to go"), view("zego")])
    text = written(metrics, tmp_path / "b.prom")
    assert samples(text)["bulkdel_waiting", "tencent"] == 1
    assert samples(text)["bulkdel_waiting", "zego"] == 0
    assert "12 s" not in text


def test_the_end_is_in_the_file(tmp_path: Path) -> None:
    """After the command the file says that nobody works, and the exit code."""
    metrics = Metrics("purge")
    path = tmp_path / "b.prom"
    with metrics_file(metrics, path):
        assert samples(path.read_text())["bulkdel_running", ""] == 1
        metrics.ended(75)
    assert samples(path.read_text())["bulkdel_running", ""] == 0
    assert samples(path.read_text())["bulkdel_exit_code", ""] == 75
    assert [one.name for one in tmp_path.iterdir()] == ["b.prom"]


def test_the_file_is_written_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of its own keeps it fresh, and ends with the block."""
    monkeypatch.setattr(module, "FILE_EVERY_S", 0.01)
    metrics = Metrics("purge")
    path = tmp_path / "b.prom"
    shown = threading.Event()
    with metrics_file(metrics, path):
        metrics.show([view()])
        while not shown.wait(0.01):
            if ("bulkdel_calls_total", "tencent") in samples(path.read_text()):
                shown.set()
    assert not [one for one in threading.enumerate() if one.name == "metrics-file"]


def test_a_file_that_goes_away_harms_nothing(tmp_path: Path) -> None:
    """What cannot be written later on is nobody's business but the file's."""
    folder = tmp_path / "gone"
    folder.mkdir()
    with metrics_file(Metrics("purge"), folder / "b.prom"):
        (folder / "b.prom").unlink()
        folder.rmdir()
    assert not folder.exists()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """At the beginning it is one sentence, exit 2."""
    with (
        pytest.raises(WrongInput, match=r"--metrics-file .*No such file.*nothing was sent"),
        metrics_file(Metrics("purge"), tmp_path / "no" / "b.prom"),
    ):
        pass


def test_the_port() -> None:
    """It serves what the file would hold, on this machine only, and closes at the end."""
    metrics = Metrics("purge")
    metrics.show([view()])
    with metrics_port(metrics, "127.0.0.1", 0) as port:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
            assert reply.headers["Content-Type"].startswith("text/plain")
            assert samples(reply.read().decode())["bulkdel_pairs", "deleted"] == 50
        with socket.socket() as outside:
            assert outside.connect_ex(("127.0.0.2", port)) != 0
    with socket.socket() as late:
        assert late.connect_ex(("127.0.0.1", port)) != 0


def test_a_busy_port() -> None:
    """A port that somebody else has is one sentence, exit 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(WrongInput, match=f"--metrics-port {port}: .*in use.*nothing was sent"),
            metrics_port(Metrics("purge"), "127.0.0.1", port),
        ):
            pass


def test_nothing_is_global() -> None:
    """Two runs in one process do not meet, and the client's own registry stays as it was."""
    before = set(REGISTRY._names_to_collectors)
    Metrics("a").show([view()])
    Metrics("b").show([view()])
    assert set(REGISTRY._names_to_collectors) == before


def test_at_rest(tmp_path: Path) -> None:
    """Before calls leave, and where nothing is left, the numbers are those of the status."""
    job = front.job(front.tencent())
    meta = front.plan(job, front.books(read=100, pairs=100), {"tencent": 1})
    metrics = Metrics(job.name)
    metrics.at_rest(front.status(job, meta, {"tencent": COUNTERS}))
    found = samples(written(metrics, tmp_path / "b.prom"))
    assert found["bulkdel_pairs", "unsettled"] == 25
    assert found["bulkdel_calls_total", "tencent"] == 9
    assert found["bulkdel_in_flight_calls", "tencent"] == 0
