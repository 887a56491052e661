"""Metrics: right numbers under right names, a whole file, a port of its own, nothing global."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from bulkdel.errors import WrongInput
from bulkdel.ledger.values import Counters
from bulkdel.report import metrics_file as module
from bulkdel.report import metrics_port as ports
from bulkdel.report.metrics import Metrics
from bulkdel.report.metrics_file import metrics_file
from bulkdel.report.metrics_port import metrics_port
from bulkdel.report.status import fold
from bulkdel.report.version import version
from bulkdel.send.answers import BOUNDS_S, Answers
from bulkdel.send.state import KEPT, Doing, End, LaneState
from bulkdel.send.view import LaneView
from tests.support import front

COUNTERS = Counters(
    deleted=50, already_gone=20, failed=5, calls=9, retries=3, throttled=2, lost_answers=1
)


NOW_S = 1_795_300_000.0
BEFORE_S = NOW_S - 3600


def view(
    target: str = "tencent",
    *,
    doing: Doing = Doing.SENDING,
    counters: Counters = COUNTERS,
    end: End | None = None,
) -> LaneView:
    """A lane under way: 75 of 100 pairs are settled, two answers have come."""
    return LaneView(
        target=target,
        pairs=100,
        counters=counters,
        qps=200.0,
        pace=100.5,
        rate=99.0,
        in_flight=7,
        state=LaneState(doing=doing, end=end),
        answers=Answers(counts=(0, 0, 1, *[0] * 10, 1), sum_s=40.04),
    )


def shown(*views: LaneView) -> Metrics:
    """The metrics of lanes under way at NOW_S."""
    metrics = Metrics("purge", now_s=lambda: NOW_S)
    metrics.show(views)
    return metrics


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by the sample's name and what tells it from others of that name."""
    told_by = ("status", "reason", "end", "le", "target", "version")
    return {
        (
            one.name,
            next((one.labels[name] for name in told_by if name in one.labels), ""),
        ): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def written(metrics: Metrics, path: Path) -> str:
    """What the file holds at the end."""
    with metrics_file(metrics, path, print):
        pass
    return path.read_text("utf-8")


def test_every_number(tmp_path: Path) -> None:
    """Each number of a lane stands under its name, with its unit, and the books balance."""
    times = {(f"bulkdel_answer_seconds_{part}", "tencent") for part in ("sum", "count")}
    found = samples(written(shown(view()), tmp_path / "b.prom"))
    assert {key for key in found if key[0].startswith("bulkdel_answer")} == times | {
        ("bulkdel_answer_seconds_bucket", le) for le in (*map(str, BOUNDS_S), "+Inf")
    }
    assert {key: found[key] for key in found if not key[0].startswith("bulkdel_answer")} == {
        ("bulkdel_build_info", version()): 1,
        ("bulkdel_running", ""): 1,
        ("bulkdel_updated_timestamp_seconds", ""): NOW_S,
        ("bulkdel_last_progress_timestamp_seconds", "tencent"): NOW_S,
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
        **dict.fromkeys((("bulkdel_waiting", str(reason)) for reason in KEPT), 0.0),
    }


def test_the_histogram_adds_up(tmp_path: Path) -> None:
    """A bucket holds all answers that took no longer; what is longer than all is in the last."""
    found = samples(written(shown(view()), tmp_path / "b.prom"))
    assert found["bulkdel_answer_seconds_bucket", "0.025"] == 0
    assert found["bulkdel_answer_seconds_bucket", "0.05"] == 1
    assert found["bulkdel_answer_seconds_bucket", "30.0"] == 1
    assert found["bulkdel_answer_seconds_bucket", "+Inf"] == 2
    assert found["bulkdel_answer_seconds_count", "tencent"] == 2
    assert found["bulkdel_answer_seconds_sum", "tencent"] == 40.04


def test_counters_are_counters(tmp_path: Path) -> None:
    """Only what never falls is a counter, and each metric says what it is."""
    families = list(text_string_to_metric_families(written(shown(view()), tmp_path / "b.prom")))
    counters = {family.name for family in families if family.type == "counter"}
    assert counters == {
        "bulkdel_calls",
        "bulkdel_retries",
        "bulkdel_throttled",
        "bulkdel_lost_answers",
    }
    assert {family.type for family in families} == {"counter", "gauge", "histogram"}
    assert all(family.documentation for family in families)


def test_one_reason_holds(tmp_path: Path) -> None:
    """A target that waits has a 1 for its reason and 0 for the others; a sending one has no 1."""
    text = written(shown(view(doing=Doing.HELD), view("zego")), tmp_path / "b.prom")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    waiting = {
        (one.labels["target"], one.labels["reason"]): one.value
        for one in families["bulkdel_waiting"].samples
    }
    assert len(waiting) == 2 * len(KEPT)
    assert [key for key, value in waiting.items() if value] == [("tencent", "held")]


def test_why_a_target_ended(tmp_path: Path) -> None:
    """A refused target is seen while the others go on."""
    refused = view(doing=Doing.ENDED, end=End.REFUSED)
    text = written(shown(refused, view("zego")), tmp_path / "b.prom")
    assert 'bulkdel_ended{end="refused",run="purge",target="tencent"} 1.0' in text
    assert text.count("bulkdel_ended{") == 1


def test_progress_is_when_a_pair_was_settled(tmp_path: Path) -> None:
    """Of each target, and known from the run directory before this process settled any."""
    job = front.job(front.tencent(), front.zego())
    meta = front.plan(job, front.books(read=100, pairs=100), {"tencent": 1, "zego": 1})
    status = fold(
        meta,
        {"tencent": COUNTERS},
        job=job,
        now_ms=int(NOW_S * 1000),
        began_ms=int(BEFORE_S * 1000) - 5000,
        settled_ms={"tencent": int(BEFORE_S * 1000)},
    )
    metrics = Metrics(job.name, now_s=lambda: NOW_S)
    path = tmp_path / "b.prom"

    def progress() -> tuple[float, float]:
        found = samples(written(metrics, path))
        name = "bulkdel_last_progress_timestamp_seconds"
        return found[name, "tencent"], found[name, "zego"]

    metrics.at_rest(status)
    assert progress() == (BEFORE_S, BEFORE_S - 5)  # the second: since the run began
    metrics.show([view(), view("zego", counters=Counters())])
    assert progress() == (BEFORE_S, BEFORE_S - 5)
    metrics.show([view(), view("zego", counters=Counters(deleted=1))])
    assert progress() == (BEFORE_S, NOW_S)
    metrics.at_rest(status)
    assert progress() == (BEFORE_S, NOW_S)


def test_the_histogram_is_there_at_the_end(tmp_path: Path) -> None:
    """What is written after the last call still holds how long answers took."""
    job = front.job(front.tencent())
    meta = front.plan(job, front.books(read=100, pairs=100), {"tencent": 1})
    metrics = shown(view())
    metrics.at_rest(front.status(job, meta, {"tencent": COUNTERS}))
    assert samples(written(metrics, tmp_path / "b.prom"))["bulkdel_answer_seconds_count", "tencent"]


def test_the_end_is_in_the_file(tmp_path: Path) -> None:
    """After the command the file says that nobody works, and the exit code."""
    metrics = Metrics("purge")
    path = tmp_path / "b.prom"
    with metrics_file(metrics, path, print):
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
    with metrics_file(metrics, path, print):
        metrics.show([view()])
        while not shown.wait(0.01):
            if ("bulkdel_calls_total", "tencent") in samples(path.read_text()):
                shown.set()
    assert not [one for one in threading.enumerate() if one.name == "metrics-file"]


def test_a_file_that_goes_away_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written later on is told once, and is nobody's business but the file's."""
    monkeypatch.setattr(module, "FILE_EVERY_S", 0.01)
    folder = tmp_path / "gone"
    folder.mkdir()
    said: list[str] = []
    with metrics_file(Metrics("purge"), folder / "b.prom", said.append):
        (folder / "b.prom").unlink()
        folder.rmdir()
        while not said:
            time.sleep(0.01)
        time.sleep(0.05)
    assert not folder.exists()
    (warning,) = said
    assert "No such file" in warning


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "directory", "socket"])
def test_only_a_regular_file_is_replaced(tmp_path: Path, kind: str) -> None:
    """A link, a pipe, a device: it stays what it is, and nothing is sent."""
    path = tmp_path / "b.prom"
    (tmp_path / "other").write_text("kept")
    match kind:
        case "link":
            path.symlink_to("other")
        case "dangling":
            path.symlink_to("nowhere")
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case _:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
    before = path.lstat()
    with (
        pytest.raises(WrongInput, match=r"which is not replaced; .*nothing was sent"),
        metrics_file(Metrics("purge"), path, print),
    ):
        pass
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert (tmp_path / "other").read_text() == "kept"
    assert not list(tmp_path.glob("*.tmp"))


def test_a_link_that_is_put_there_later(tmp_path: Path) -> None:
    """It is looked at before each writing."""
    path = tmp_path / "b.prom"
    said: list[str] = []
    with metrics_file(Metrics("purge"), path, said.append):
        path.unlink()
        path.symlink_to("other")
    assert path.is_symlink()
    assert len(said) == 1


def test_a_planted_name_is_not_followed(tmp_path: Path) -> None:
    """The name that the file has while it is written may be guessed: a link there is not obeyed."""
    (tmp_path / "victim").write_text("kept")
    (tmp_path / f"b.prom.{os.getpid()}.tmp").symlink_to("victim")
    assert written(Metrics("purge"), tmp_path / "b.prom")
    assert (tmp_path / "victim").read_text() == "kept"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """At the beginning it is one sentence, exit 2."""
    with (
        pytest.raises(WrongInput, match=r"--metrics-file .*No such file.*nothing was sent"),
        metrics_file(Metrics("purge"), tmp_path / "no" / "b.prom", print),
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


def test_clients_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who drips bytes, says nothing or floods is cut, and the end of the run waits for nobody."""
    monkeypatch.setattr(ports, "CLIENT_S", 0.5)
    clients = [socket.socket() for _ in range(3 * ports.CLIENTS_MOST)]
    with ExitStack() as stack:
        with metrics_port(Metrics("purge"), "127.0.0.1", 0) as port:
            for number, client in enumerate(clients):
                stack.enter_context(client)
                client.settimeout(10)
                client.connect(("127.0.0.1", port))
                with suppress(OSError):
                    client.sendall((b"GET / HTTP/1.1\r\nX: ", b"", b"x" * 50_000)[number % 3])
            assert threading.active_count() < 3 * ports.CLIENTS_MOST
            began = time.monotonic()
            cut = 0
            while cut < len(clients) and time.monotonic() - began < 10:
                cut = sum(ended(client) for client in clients)
            assert cut == len(clients)
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
                assert b"bulkdel_running" in reply.read()
            last = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            last.sendall(b"GET /")
            began = time.monotonic()
        assert time.monotonic() - began < 3


def ended(client: socket.socket) -> bool:
    """Whether the connection is over; a byte that drips keeps no deadline from coming."""
    client.settimeout(0.02)
    try:
        client.sendall(b"x")
        return not client.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_request_that_is_too_long() -> None:
    """A head of more than some kilobytes is no request."""
    with (
        metrics_port(Metrics("purge"), "127.0.0.1", 0) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * ports.HEAD_MOST)
        with suppress(ConnectionResetError):
            assert client.recv(100) == b""


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
