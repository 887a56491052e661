"""`verify` and `close` as a user meets them: verdicts, damaged files, an end for every run."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from bulkdel.report.report_json import KEYS as REPORT_KEYS
from bulkdel.report.text.verification import KEYS as VERIFY_KEYS
from tests.support.json_keys import undocumented
from tests.support.judge import Judge
from tests.support.process import KEY, ROOT, Place, csv_text, ledger, statuses, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n % 10:02}", f"to{n:03}") for n in range(40)]
IMPATIENT = "[retry]\nmax_attempts = 2\nbase_delay_s = 0.01\nmax_delay_s = 0.02\n"


@pytest.fixture
def demo(place: Place) -> Place:
    """A place with a finished run of a small job."""
    with Judge({"tencent": PAIRS}) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address))
        assert place.run("run", "job.toml").code == 0
    return place


def test_one_changed_byte_is_named(demo: Place) -> None:
    """Exit 0 while all agrees; one changed byte is exit 1, told by line and byte, also as JSON."""
    done = demo.run("verify", "job.toml")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("job: all agrees. 40 lines of the ledger are, byte for byte,")
    file = demo.folder / "runs/job/ledger.jsonl"
    data = bytearray(file.read_bytes())
    at = data.index(b"deleted", 3000)
    data[at] ^= 0x20
    file.write_bytes(data)
    done = demo.run("verify", "job.toml")
    assert (done.code, done.err) == (1, "")
    line = data[:at].count(b"\n") + 1
    assert done.out.startswith("job: DAMAGED, 1 finding.")
    assert f"ledger.jsonl, line {line}, byte {at:,}\n" in done.out
    assert "What to do:" in done.out
    told = json.loads(demo.run("verify", "job.toml", "--json").out)
    assert (told["ok"], told["findings_count"]) == (False, 1)
    assert (told["findings"][0]["line"], told["findings"][0]["offset"]) == (line, at)
    assert told["targets"]["tencent"]["deleted"] == 40


def test_verify_and_report_say_the_same_figures(demo: Place) -> None:
    """Books, bytes, digest and chain of verify are those of the report that run wrote, and later.

    The digest is the file's own, so that anybody can compute it again.
    """
    run_dir = demo.folder / "runs/job"
    written = json.loads((run_dir / "report.json").read_bytes())
    told = json.loads(demo.run("verify", "job.toml", "--json").out)
    assert undocumented(told, VERIFY_KEYS) == set()
    ledger_file = (run_dir / "ledger.jsonl").read_bytes()
    assert told["ledger"]["sha256"] == hashlib.sha256(ledger_file).hexdigest()
    assert told["ledger"]["length"] == len(ledger_file)
    assert demo.run("report", "job.toml").code == 0
    for report in (written, json.loads((run_dir / "report.json").read_bytes())):
        assert undocumented(report, REPORT_KEYS) == set()
        assert {key: report["ledger"][key] for key in told["ledger"]} == told["ledger"]
        assert report["ledger"]["lines"] == told["lines"]
        assert report["ledger"]["settlements"] == told["settlements"]
        for name, books in told["targets"].items():
            assert {key: report["targets"][name][key] for key in books} == books
    text = demo.run("verify", "job.toml").out
    assert told["ledger"]["sha256"] in text
    assert told["ledger"]["head"] in text
    page = (run_dir / "report.html").read_text("utf-8")
    assert told["ledger"]["sha256"] in page
    assert told["ledger"]["head"] in page


def test_the_report_knows_its_input_and_its_command(demo: Place) -> None:
    """The input's digest is the file's own; the command is the one that was given, as a trial."""
    report = json.loads((demo.folder / "runs/job/report.json").read_bytes())
    (source,) = report["inputs"]
    content = (demo.folder / "pairs.csv").read_bytes()
    assert (source["size"], source["format"]) == (len(content), "csv")
    assert source["sha256"] == hashlib.sha256(content).hexdigest()
    (sitting,) = report["sittings"]
    assert sitting["command"].endswith("bulkdel run job.toml")
    assert (sitting["agreement"], sitting["agreed_in"], sitting["uid"]) == (
        "trial",
        1,
        os.geteuid(),
    )
    assert sitting["settings"]["targets"]["tencent"]["secret_env"] == KEY
    assert report["wall_s"] >= report["worked_s"] > 0


def test_without_a_run_there_is_nothing_to_verify_or_close(place: Place) -> None:
    """Without a run there is nothing to verify or to close: exit 2, one sentence, nothing made."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml("http://127.0.0.1:9"))
    assert "nothing to verify" in place.run("verify", "job.toml").complaint
    assert "nothing to close" in place.run("close", "job.toml", "--yes").complaint
    assert not (place.folder / "runs").exists()


def test_a_plan_alone_is_sound_and_cannot_be_closed(place: Place) -> None:
    """A plan that nothing was sent of is sound, and there is nothing to close."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml("http://127.0.0.1:9"))
    assert place.run("plan", "job.toml").code == 0
    done = place.run("verify", "job.toml")
    assert done.code == 0
    assert "Nothing is settled yet" in done.out
    done = place.run("close", "job.toml", "--yes")
    assert done.code == 2
    assert "nothing was sent from here yet" in done.complaint


def test_close_ends_what_a_provider_refuses_for_ever(place: Place) -> None:
    """An unknown code leaves pairs; status names it; closing settles them, and run exits 1."""
    pairs = [*PAIRS, ("poison", "to999")]
    with Judge({"tencent": pairs}, faults=("47110:1,account=poison",)) as judge:
        place.write("pairs.csv", csv_text(pairs))
        place.write("job.toml", toml(judge.address, tail=IMPATIENT))
        left = place.run("run", "job.toml")
        assert left.code == 75
        assert "bulkdel close job.toml" in left.out
        status = place.run("status", "job.toml").out
        assert "47110" in status
        assert "(for example poison)" not in status
        named = place.run("status", "job.toml", "--log-ids").out
        assert "(for example poison)" in " ".join(named.split())
        assert "bulkdel close job.toml" in status
        told = place.status("job.toml", "--log-ids")["targets"]["tencent"]
        assert [(one["code"], one["pairs"]) for one in told["unsettled_codes"]] == [(47110, 1)]
        assert told["unsettled_codes"][0]["example"] == "poison"
        assert place.run("verify", "job.toml").code == 0

        asked = place.run("close", "job.toml")
        assert asked.code == 2
        assert "add --yes" in asked.complaint
        assert "47110" in asked.err
        assert place.status()["state"] == "stopped"

        closed = place.run("close", "job.toml", "--yes")
        assert closed.code == 0, closed.err
        calls = judge.seen("tencent").calls
        assert place.status()["state"] == "finished"
        assert place.run("verify", "job.toml").code == 0
        assert place.run("run", "job.toml").code == 1
        assert judge.seen("tencent").calls == calls
    run_dir = place.folder / "runs/job"
    assert statuses(run_dir, "tencent") == {"deleted": 40, "failed": 1}
    [line] = [line for line in ledger(run_dir) if line["status"] == "failed"]
    assert (line["from_account"], line["code"], line["attempts"] > 1) == ("poison", 47110, True)
    assert place.run("close", "job.toml").code == 0  # nothing is left to ask about


def test_what_was_never_sent_can_be_closed(place: Place) -> None:
    """Pairs that no call has carried are closed with code -3; the input may be gone.

    --yes alone does not close them: a script that gives up what a stop has left settles nothing.
    """
    with Judge({"tencent": PAIRS}) as judge:
        place.write("pairs.csv", csv_text(PAIRS))
        place.write("job.toml", toml(judge.address, tencent="batch_size = 1\nmax_in_flight = 1\n"))
        assert place.run("run", "job.toml", "--limit", "10").code == 75
        (place.folder / "pairs.csv").unlink()
        kept = place.status()
        refused = place.run("close", "job.toml", "--yes")
        assert refused.code == 2
        left = kept["targets"]["tencent"]["unsettled"]
        assert f"{left} pairs of job could still be settled, {left} of them were never sent" in (
            refused.complaint
        )
        assert "OF THEM WERE NEVER SENT" in refused.err
        assert place.status()["targets"] == kept["targets"]
        done = place.run("close", "job.toml", "--yes", "--all")
        assert done.code == 0, done.err
    run_dir = place.folder / "runs/job"
    found = statuses(run_dir, "tencent")
    assert found["deleted"] + found["failed"] == 40
    never = [line for line in ledger(run_dir) if line["status"] == "failed"]
    assert never
    assert {(line["code"], line["attempts"]) for line in never} == {(-3, 0)}
    assert place.run("verify", "job.toml").code == 0
    assert place.run("report", "job.toml").code == 0
    report = json.loads((run_dir / "report.json").read_bytes())
    codes = {one["code"]: one for one in report["targets"]["tencent"]["codes"]}
    assert codes[-3]["purge"]["friendship"] == "still_there"
    sent, closed = report["sittings"]
    assert (sent["limit"], sent["sends"], sent["agreement"]) == (10, True, "trial")
    assert (closed["sends"], closed["agreement"]) == (False, "option")
    assert closed["why"] == "closed by the operator"
    assert closed["command"].endswith("bulkdel close job.toml --yes --all")


@pytest.mark.parametrize("name", ["journal.db", "plan.parquet"])
def test_damaged_files_are_named(demo: Place, name: str) -> None:
    """Whatever the bytes of a file are: a sentence, no traceback, and no wrong number of deleted.

    Some flipped bytes hit nothing that is used; then every command says what it said before.
    """
    run_dir = demo.folder / "runs/job"
    kept = shutil.copytree(run_dir, demo.folder / "kept")
    data = (kept / name).read_bytes()
    chance = random.Random(name)
    spoiled = [b"", data[: len(data) // 2], b"x" * 5000, data + b"\0"]
    for _ in range(6):
        one = bytearray(data)
        for at in chance.sample(range(len(data)), 40):
            one[at] ^= chance.randrange(1, 256)
        spoiled.append(bytes(one))
    for content in spoiled:
        shutil.rmtree(run_dir)
        shutil.copytree(kept, run_dir)
        (run_dir / name).write_bytes(content)
        for suffix in ("-wal", "-shm"):
            Path(f"{run_dir / name}{suffix}").unlink(missing_ok=True)
        verified = demo.run("verify", "job.toml")
        assert verified.code in (0, 1), verified.err
        assert verified.err == ""
        if verified.code == 0:
            assert demo.status()["targets"]["tencent"]["deleted"] == 40
        assert demo.run("status", "job.toml").code in (0, 2)
        before = (run_dir / "ledger.jsonl").read_bytes()
        continued = demo.run("run", "job.toml")
        assert continued.code in (0, 2)
        if name == "plan.parquet":  # any byte of it may be an id
            assert (verified.code, continued.code) == (1, 2)
        assert "should not have happened" not in verified.err + continued.err
        assert (run_dir / "ledger.jsonl").read_bytes()[: len(before)] == before


def test_the_manual_promises_no_proof_against_the_owner() -> None:
    """The manual does not promise a proof against the owner of the files."""
    text = " ".join(Place(ROOT).run("verify", "--help").out.split())
    assert "no proof against an owner of the files who writes all of them anew" in text
