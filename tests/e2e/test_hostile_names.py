"""Nothing that a terminal obeys, hides or turns around comes out of any command but as data."""

from __future__ import annotations

import json
import unicodedata

import pytest

from tests.e2e.hostile import Hostile, reply
from tests.support.process import KEY, Done, Place, csv_text, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

EVIL = "\x1b]0;x\x07\x1b[31m\x9b2J\u202e\u200b\u2028\ufeff\r\nbulkdel: all is well \U000e0041"
"""Escapes in 7 and 8 bits, a turn, nothing to see, new lines, a sentence as if it were ours."""
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


def plain(done: Done) -> None:
    """That only line feeds control the screen, and no line is another's."""
    for text in (done.out, done.err):
        shown = {hex(ord(one)) for one in text if unicodedata.category(one) in HIDDEN}
        assert shown <= {"0xa"}, text
        assert not [line for line in text.splitlines() if line.startswith("bulkdel: all is well")]
    assert "should not have happened" not in done.err


@pytest.fixture
def evil(place: Place) -> Place:
    """A place whose folder, job and inputs have hostile names, and rows with hostile ids."""
    folder = place.folder / f"in {EVIL}"
    folder.mkdir()
    evil = Place(folder)
    row = f'"{EVIL.replace(chr(10), "")}",b\n'
    evil.write(f"{EVIL}.csv", csv_text([("a", "b"), ("\u202ec", "d\u200b"), ("e", "")]) + row)
    evil.write(f"2{EVIL}.csv", csv_text([("a", "b"), ("\u202ec", "d")]))
    job = toml("http://127.0.0.1:9", files='"*.csv"', tencent="qps = 100", tail="")
    evil.write(f"{EVIL}.toml", 'name = "t"\n' + job.replace('"http://127.0.0.1:9"', '"emulator"'))
    return evil


def test_every_command_shows_hostile_names_as_text(evil: Place) -> None:
    """Planned, sent, shown and closed: names of files and ids are told, and tell nothing else."""
    job = f"{EVIL}.toml"
    for command in (
        ["check", job],
        ["plan", job],
        ["run", job, "--limit", "1", "--json-logs"],
        ["status", job],
        ["status", job, "--json"],
        ["run", job],
        ["export", job, "--rejects"],
        ["export", job, "--source", EVIL],
        ["export", job, "--target", EVIL],
        ["export", job, "--output", f"{EVIL}.csv"],
        ["report", job],
        ["verify", job],
        ["verify", job, "--json"],
        ["close", job],
        ["pause", job],
        ["rate", job, EVIL, "5"],
        ["rate", job, "tencent", EVIL],
        ["run", job, "--run-dir", f"{EVIL}/{EVIL}"],
        ["run", job, "--max-duration", EVIL],
        ["run", job, "--metrics-file", f"{EVIL}/{EVIL}"],
        ["run", job, "--metrics-port", "0", "--metrics-host", EVIL],
        ["status", EVIL],
        [EVIL],
        ["run", job, EVIL],
        ["run", f"--{EVIL}"],
        ["emulator", "--friends", EVIL],
        ["emulator", "--fault", EVIL],
        ["emulator", "--provider", EVIL],
        ["init", "new.toml", "--operation", EVIL],
        ["init", job],
        ["init", "x.toml", "--operation", "delete_friends", "--mode", "one_way", "--provider",
         "tencent", "--app-id", "1", "--endpoint", "emulator", "--input", f"{EVIL}/{EVIL}.csv"],
    ):  # fmt: skip
        done = evil.run(*command)
        if command[:3] != ["export", job, "--rejects"]:
            plain(done)
    log = (evil.folder / "runs/t/run.log").read_text()
    assert not [one for one in log if unicodedata.category(one) in HIDDEN - {"Cc"}]
    page = (evil.folder / "runs/t/report.html").read_text()
    assert not [one for one in page if unicodedata.category(one) in HIDDEN and one != "\n"]
    assert json.loads((evil.folder / "runs/t/report.json").read_text())["rows"]["rejected"] == 2


@pytest.mark.parametrize(
    "head",
    [EVIL, "x\x1b[31m,y", f'"{EVIL}",From_Account,To_Account,"{EVIL}"', "From_Account\u202e,b"],
)
def test_a_hostile_header_is_shown_as_text(place: Place, head: str) -> None:
    """Columns are named in errors, and the file is as well."""
    place.write(f"in{EVIL}.csv", f"{head}\na,b\n")
    text = toml("http://127.0.0.1:9", files='"*.csv"').replace('"http://127.0.0.1:9"', '"emulator"')
    place.write("job.toml", text)
    for command in ("check", "plan", "run"):
        plain(place.run(command, "job.toml"))


def test_a_hostile_providers_words_are_shown_as_text(place: Place) -> None:
    """Texts of a provider: in the summary, in status, log, page and the exported rows' note."""
    place.write("pairs.csv", csv_text([("a", "b")]))
    body = json.dumps({"ActionStatus": "FAIL", "ErrorCode": 70003, "ErrorInfo": EVIL}).encode()
    with Hostile([lambda _: reply(body)]) as server:
        place.write("job.toml", toml(f"http://127.0.0.1:{server.port}"))
        done = place.run("run", "job.toml", "--json-logs")
        assert done.code == 77, done.err
        plain(done)
        plain(place.run("check", "job.toml"))
    for command in (["status"], ["status", "--json"], ["report"], ["verify"], ["export"]):
        plain(place.run(*command, "job.toml"))


def test_a_hostile_job_file_is_shown_as_text(place: Place) -> None:
    """Keys and values that are wrong are shown on their line."""
    evil = json.dumps(EVIL)
    text = toml("emulator").replace('"one_way"', evil)
    text += f"\n[{evil}]\n{evil} = 1\n[notify]\ncommand = [{evil}]\nurl = {evil}\n"
    place.write("job.toml", text.replace(f'"{KEY}"', evil))
    done = place.run("check", "job.toml")
    assert done.code == 2
    plain(done)
