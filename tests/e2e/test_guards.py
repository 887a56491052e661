"""What protects, asks and warns, as a user meets it."""

from __future__ import annotations

import json

import pytest

from tests.support.judge import Judge
from tests.support.process import Place, csv_text, ledger, toml
from tests.support.terminal import on_a_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CHANGED = (
    "From_Account,To_Account\n"
    'a0, b0\na1,b1 \na2,\\N\na3,"=""b3"""\na5,b5\u200b\na6,NULL\na7,1.23457E+17\n'
)
"""Friendships as an export changed them: every id of a friend is another one now."""
FRIENDS = [(f"a{n}", f"b{n}") for n in range(8)]


def test_an_export_that_changed_the_ids_is_no_success(place: Place) -> None:
    """All pairs are settled, exit 0 as the contract says, and everything begins with: no friends.

    The ids are sent as they stand, so not one friendship is gone.
    """
    place.write("pairs.csv", CHANGED)
    with Judge({"tencent": FRIENDS}) as judge:
        place.write("job.toml", toml(judge.address, mode="two_way"))
        done = place.run("run", "job.toml")
        assert judge.seen("tencent").left >= set(FRIENDS)
    assert done.code == 0, done.err
    begins = "Nearly nothing of what was asked was a friendship: at tencent 7 of 7 pairs"
    assert " ".join(done.out.split()).startswith(begins)
    told = place.status()
    assert told["no_friendships"]["targets"] == ["tencent"]
    assert told["no_friendships"]["told"].startswith(begins)
    assert told["targets"]["tencent"]["already_gone"] == 7
    page = " ".join(place.run("status", "job.toml").out.split())
    assert page.startswith(f"job: {begins}")
    report = json.loads((place.folder / "runs/job/report.json").read_bytes())
    assert report["no_friendships"] == told["no_friendships"]
    html = (place.folder / "runs/job/report.html").read_text("utf-8")
    assert f"<h1>{begins}" in html


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_odd_ids_are_asked_about(place: Place, command: str) -> None:
    """check, plan and what is shown before sending count them and ask whether they are ids."""
    place.write("pairs.csv", CHANGED)
    place.write("job.toml", toml("emulator", mode="two_way"))
    done = place.run(command, "job.toml")
    said = " ".join((done.out + done.err).split())
    assert "3 ids " in said
    assert "begin or end with a blank or an invisible character" in said
    for example in ('" a9"', '"\\N"', '"NULL"', '"="a9""', '"9.99999E+99"'):
        assert example in said
    assert "Are these ids" in said


PROTECT_FILES = {
    "comment": b"boss # do not touch\n",
    "old line ends": b"administrator\rboss\r",
    "columns": b"account,name\nboss,The Boss\n",
    "nobody": b"",
    "quoted": b'"boss"\n',
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbfboss\n",
    "zero width": "boss\u200b\n".encode(),
    "other encoding": "boss\n".encode("utf-16"),
}


@pytest.mark.parametrize("content", PROTECT_FILES.values(), ids=PROTECT_FILES)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_protect_file_that_is_not_understood_stops_all(
    place: Place, command: str, content: bytes
) -> None:
    """A list that would protect nobody: exit 2, naming it, and nothing is planned or sent."""
    place.write("staff.txt", content)
    place.write("pairs.csv", csv_text([("boss", "carol"), ("alice", "bob")]))
    place.write("job.toml", toml("emulator", tail='[guards]\nprotect_files = ["staff.txt"]\n'))
    done = place.run(command, "job.toml", *(["--yes"] if command == "run" else []))
    assert done.code == 2
    assert "staff.txt" in done.complaint
    assert not (place.folder / "runs/job/plan.parquet").exists()
    assert not (place.folder / "runs/job/ledger.jsonl").exists()
    assert place.run("check", "job.toml", "--offline").code == 1


def test_nobody_in_a_protect_file_is_touched(place: Place) -> None:
    """LF or CRLF, a mark at its beginning, blanks around an id: nobody named in it is touched."""
    place.write("staff.txt", b"\xef\xbb\xbfadministrator\r\n\r\n boss\r\n")
    place.write(
        "pairs.csv", csv_text([("boss", "carol"), ("dave", "administrator"), ("alice", "bob")])
    )
    place.write("job.toml", toml("emulator", tail='[guards]\nprotect_files = ["staff.txt"]\n'))
    assert place.run("run", "job.toml").code == 0
    lines = ledger(place.folder / "runs/job")
    assert [(line["from_account"], line["to_account"]) for line in lines] == [("alice", "bob")]


def test_a_list_that_protects_nobody_says_so(place: Place) -> None:
    """A protected account that no row names is told by plan and before sending."""
    place.write("pairs.csv", csv_text([("boss", "carol")]))
    place.write("job.toml", toml("emulator", tail='[guards]\nprotect = ["Boss"]\n'))
    for command in ("plan", "run"):
        done = place.run(command, "job.toml")
        assert done.code == 0, done.err
        said = " ".join((done.out + done.err).split())
        assert "guards.protect: no protected account stands in any row" in said


@pytest.mark.parametrize("answer", [b"y\n", b"Yes\n", b"yes please\n", b"\n", b"\xff\n", b"\x04"])
def test_only_yes_agrees(place: Place, answer: bytes) -> None:
    """On a terminal, whatever is not the whole word yes: exit 75, nothing sent, said plainly."""
    place.write("pairs.csv", csv_text([("a", "b")]))
    place.write("job.toml", toml("https://bulkdel.invalid"))
    done, said = on_a_terminal(place.folder, answer, "run", "job.toml", "--no-progress")
    assert done == 75
    assert "only the whole word yes" in " ".join(said.split())
    assert "nothing was sent" in " ".join(said.split())
    told = place.status()
    assert (told["state"], told["targets"]["tencent"]["calls"]) == ("planned", 0)
