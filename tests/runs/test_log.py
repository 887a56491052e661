"""run.log: JSON lines, private, bounded, without secrets."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.errors import WrongInput
from bulkdel.runs.log import TEXT_CAP, TRACE_CAP, _Writer, bounded, logging_to, trace


def lines(path: Path) -> list[dict[str, Any]]:
    """The log as it was written."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_one_json_object_a_line(tmp_path: Path) -> None:
    """An event is one line of JSON with its time, level and fields; the file is the owner's."""
    path = tmp_path / "run.log"
    with logging_to(path, warn=pytest.fail):
        structlog.get_logger().info("lane.ended", target="tencent", calls=12)
    (line,) = lines(path)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "info", "event": "lane.ended", "target": "tencent", "calls": 12}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_log_is_appended(tmp_path: Path) -> None:
    """A later sitting adds to the log of an earlier one."""
    path = tmp_path / "run.log"
    for event in ("one", "two"):
        with logging_to(path, warn=pytest.fail):
            structlog.get_logger().info(event)
    assert [line["event"] for line in lines(path)] == ["one", "two"]


def test_also_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """--json-logs writes the very same lines to standard error, and nothing to standard output."""
    path = tmp_path / "run.log"
    with logging_to(path, warn=pytest.fail, also_stderr=True):
        structlog.get_logger().info("lane.ended")
    out, err = capfd.readouterr()
    assert (out, err) == ("", path.read_text())


def test_tracebacks_show_no_locals(tmp_path: Path) -> None:
    """A traceback names files and lines; the value of a variable is never written."""
    path = tmp_path / "run.log"

    def fail(key: str) -> None:
        raise ValueError(f"{len(key)} characters")

    with logging_to(path, warn=pytest.fail):
        try:
            fail("2retnuh"[::-1])
        except ValueError:
            structlog.get_logger().exception("command.crashed")
    (line,) = lines(path)
    assert line["error"] == "ValueError"
    assert "ValueError: 7 characters" in line["traceback"]
    assert "test_log.py" in line["traceback"]
    assert "hunter2" not in path.read_text()


def test_signatures_in_addresses_are_masked() -> None:
    """Exceptions of HTTP libraries quote addresses: their signatures are stars."""
    url = "https://x.im/v4?sdkappid=1&identifier=a&usersig=eJw-abc*_&random=1"
    told = trace(ValueError(f"cannot reach {url} or ?Signature=0a1b&Timestamp=2"))
    assert "eJw-abc" not in told
    assert "0a1b" not in told
    assert "usersig=***&random=1" in told
    assert "Signature=***&Timestamp=2" in told


def test_fields_named_like_secrets_are_stars() -> None:
    """A field whose name speaks of a secret is never written, at any depth."""
    told = bounded(None, "", {"event": "x", "secret_key": "a", "query": {"UserSig": "b", "n": 1}})
    assert told == {"event": "x", "secret_key": "***", "query": {"UserSig": "***", "n": 1}}


def test_long_values_are_cut() -> None:
    """Text, bytes, lists and strange objects are all bounded, and it shows."""
    told = bounded(
        None,
        "",
        {
            "event": "x",
            "text": "a" * 10_000,
            "body": b"b" * 10_000,
            "items": list(range(1000)),
            "big": 2**80,
            "path": Path("/x"),
        },
    )
    assert told["text"] == "a" * TEXT_CAP + "... (10000 characters)"
    assert told["body"] == "(10000 bytes)"
    assert told["items"] == [*range(20), "(1000 in all)"]
    assert told["big"] == "1208925819614629174706176"
    assert told["path"] == "/x"


def test_many_fields_are_dropped() -> None:
    """Fields beyond the limit are dropped and counted; time, level and event are kept."""
    told = bounded(None, "", {**{f"f{number}": 1 for number in range(100)}, "event": "x"})
    assert told["event"] == "x"
    assert told["fields_dropped"] == 69
    assert len(told) == 33


def test_long_tracebacks_keep_their_end() -> None:
    """Of a long traceback the end is kept, where the error is named."""
    told = trace(ValueError("x" * 100_000 + "END"))
    assert len(told) == TRACE_CAP
    assert told.endswith("END\n")


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (b"\x00", "(1 bytes)"),
        ("x" * TRACE_CAP + "y", "x" * (TRACE_CAP - 1) + "y"),
        ("File \udcff.py", "File \\udcff.py"),
    ],
)
def test_a_traceback_of_any_kind(held: object, told: str) -> None:
    """A field that is called traceback is bounded and can be written, whatever it holds."""
    line = orjson.dumps(bounded(None, "", {"event": "x", "traceback": held}))
    assert orjson.loads(line)["traceback"] == told


@given(
    st.dictionaries(
        st.text(max_size=50),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=20,
        ),
        max_size=60,
    )
)
def test_any_event_is_one_bounded_line(event: dict[str, Any]) -> None:
    """Whatever an event holds, it becomes JSON of bounded size."""
    line = orjson.dumps(bounded(None, "", {**event, "event": "x"}))
    assert len(line) < 1_000_000


def test_libraries_are_heard(tmp_path: Path) -> None:
    """A library's warning goes to the log and not to the screen."""
    path = tmp_path / "run.log"
    with logging_to(path, warn=pytest.fail):
        logging.getLogger("aiohttp.client").warning("unclosed %s", "session")
        logging.getLogger("aiohttp.client").info("chatter")
    (line,) = lines(path)
    assert (line["event"], line["library"], line["said"]) == (
        "library.spoke",
        "aiohttp.client",
        "unclosed session",
    )


def test_a_full_disk_loses_only_the_line(capfd: pytest.CaptureFixture[str]) -> None:
    """What cannot be logged is lost without an error: the log is no record."""
    with Path("/dev/full").open("wb", buffering=0) as full:
        _Writer(full.fileno(), also_stderr=False).msg(b"{}\n")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("planted", ["link", "second name", "FIFO", "folder"])
def test_the_log_is_a_file_of_its_own(tmp_path: Path, planted: str) -> None:
    """What stands where run.log belongs is neither followed, waited for nor written to."""
    path, other = tmp_path / "run.log", tmp_path / "other"
    other.write_bytes(b"kept")
    match planted:
        case "link":
            path.symlink_to(other)
        case "second name":
            path.hardlink_to(other)
        case "FIFO":
            os.mkfifo(path)
        case _:
            path.mkdir()
    with (
        pytest.raises(WrongInput, match=r"run\.log (is|has) a"),
        logging_to(path, warn=pytest.fail),
    ):
        structlog.get_logger().info("lane.ended")
    assert other.read_bytes() == b"kept"


def test_a_log_that_cannot_be_opened_costs_one_warning(tmp_path: Path) -> None:
    """What is logged goes nowhere, and nothing else happens."""
    told: list[str] = []
    with logging_to(tmp_path / ("x" * 300), warn=told.append):
        structlog.get_logger().info("lane.ended")
    (words,) = told
    assert "cannot be written (File name too long): nothing is logged there" in words
