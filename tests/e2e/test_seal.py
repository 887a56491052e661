"""`seal` over every kind of run, and what the other commands say of a run that was sealed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bulkdel.report.judged_json import KEYS
from bulkdel.report.status_json import KEYS as STATUS_KEYS
from tests.support.commands import COMMANDS
from tests.support.json_keys import undocumented
from tests.support.judge import Judge
from tests.support.process import Done, Place, csv_text, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [(f"from{n % 10:02}", f"to{n:03}") for n in range(40)]
BOTH = [*PAIRS, *((other, one) for one, other in PAIRS)]
EVIDENCE = (
    '[request]\nid = "R-17"\nreason = "GDPR Art. 17"\ndeadline = 2999-12-01\n'
    '[evidence]\nsigning_key_file = "key.pem"\n[retry]\nbase_delay_s = 0.02\n'
)
CUT = "[cluster]\nshard_qps = 1\nslices = { tencent = 2 }\n"


def run_dir(place: Place) -> Path:
    """Of the run."""
    return place.folder / "runs/job"


def done(place: Place, *arguments: str, code: int = 0) -> Done:
    """The command, which leaves with this code."""
    found = place.run(*arguments)
    assert found.code == code, found.out + found.err
    return found


def purged(place: Place, judge: Judge, *, code: int = 0, tail: str = "", **job: Any) -> None:
    """A run that has ended, and a key to sign with."""
    clears = job.get("operation") == "delete_all_friends"
    accounts = "From_Account\n" + "".join(f"from{n:02}\n" for n in range(10))
    place.write("pairs.csv", accounts if clears else csv_text(PAIRS))
    place.write("job.toml", toml(judge.address, tail=EVIDENCE + tail, **job))
    done(place, "seal", "--new-key", "key.pem")
    done(place, "run", "job.toml", code=code)


def sealed(place: Place) -> dict[str, Any]:
    """The statement of the run, which is sealed now and holds, as its JSON says too."""
    done(place, "seal", "job.toml", "--yes")
    judged = json.loads(
        done(place, "verify", str(run_dir(place)), "--public-key", "key.pem.pub", "--json").out
    )
    assert (judged["ok"], judged["faults"]) == (True, [])
    assert {one.partition(".")[0] for one in undocumented(judged, KEYS)} <= {"statement"}
    left = {path.name for path in run_dir(place).iterdir()}
    assert left <= {"sealed", "lock"}
    statement: dict[str, Any] = json.loads((run_dir(place) / "sealed/statement.json").read_text())
    assert statement["request"]["id"] == "R-17"
    return statement


def lines(place: Place, name: str = "ledger.jsonl") -> list[dict[str, Any]]:
    """The sealed lines."""
    text = (run_dir(place) / "sealed" / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_command_knows_a_sealed_run(place: Place) -> None:
    """Each command that takes a JOB refuses it, says what goes on, and changes no byte of it.

    Shown it is by status (--watch too), verify, prove, and by seal itself, which ends at once.
    """
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge)
        sealed(place)
        calls = judge.calls
        folder = run_dir(place) / "sealed"
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        more = {
            "rate": ("tencent", "10"),
            "who": ("0a1b2c3d",),
            "undo": ("--yes",),
            "export": ("--status", "deleted", "--output", "x.csv"),
            "rehearse": ("tencent", "--accounts", "a,b,c"),
            "forget": ("--yes",),
            "close": ("--yes",),
        }
        takes = {
            name
            for name, command in COMMANDS.items()
            if any(one.name == "job" for one in command.params)
        }
        shown = {"status", "verify", "prove", "seal", "init", "demo"}
        assert {"run", "plan", "check", "backup", "report", "pause", "worker"} <= takes - shown
        for name in sorted(takes - shown):
            refused = done(place, name, "job.toml", *more.get(name, ()), code=2)
            assert "this run was sealed" in refused.complaint, name
            assert "bulkdel verify job.toml" in refused.complaint, name
        done(place, "verify", "job.toml", "--remote", code=2)
        for options in ((), ("--watch",)):
            assert (
                "sealed. Nothing of it goes on." in done(place, "status", "job.toml", *options).out
            )
        told = json.loads(done(place, "status", "--json", "job.toml").out)
        assert undocumented(told, STATUS_KEYS) == set()
        assert told["sealed"]
        assert told["request"]["reason"] == "GDPR Art. 17"
        done(place, "verify", "job.toml")
        done(place, "seal", "job.toml")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert judge.calls == calls


def test_what_a_kill_has_left_is_told_of(place: Place) -> None:
    """Killed after its name and before the last removal: told by all, ended by seal unasked."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge)
        ledger = (run_dir(place) / "ledger.jsonl").read_bytes()
        sealed(place)
    (run_dir(place) / "ledger.jsonl").write_bytes(ledger)
    refused = done(place, "report", "job.toml", code=2)
    assert "bulkdel seal job.toml` removes what is left" in refused.complaint
    done(place, "seal", "job.toml")
    assert not (run_dir(place) / "ledger.jsonl").exists()


@pytest.mark.parametrize("kind", ["fewest_calls", "two_way", "cleared", "failed", "closed", "cut"])
def test_every_kind_of_run_is_sealed(place: Place, kind: str) -> None:
    """A line for each pair and target, in the statement's books; no account in any file of it."""
    job: dict[str, Any] = {
        "fewest_calls": {"head": '[plan]\norient = "fewest_calls"\n', "mode": "two_way"},
        "two_way": {"mode": "two_way", "zego": ""},
        "cleared": {"operation": "delete_all_friends", "mode": "two_way"},
        "cut": {"zego": "", "tail": CUT},
    }.get(kind, {})
    world = {"tencent": BOTH, "zego": BOTH}
    some = [account for pair in PAIRS[:20] for account in pair]
    existing = some if kind == "failed" else None
    with Judge(world, secret=place.secret, existing=existing) as judge:
        if kind == "closed":
            place.write("pairs.csv", csv_text(PAIRS))
            place.write("job.toml", toml(judge.address, tail=EVIDENCE))
            done(place, "seal", "--new-key", "key.pem")
            done(place, "run", "job.toml", "--limit", "10", code=75)
            refused = done(place, "seal", "job.toml", "--yes", code=2)
            assert "no final status" in refused.complaint
            done(place, "close", "job.toml", "--yes", "--all")
        else:
            purged(place, judge, code=1 if kind == "failed" else 0, **job)
        done(place, "verify", "job.toml", "--remote", code=0)
        statement = sealed(place)
    statuses = Counter((one["target"], one["status"]) for one in lines(place))
    for target in statement["targets"]:
        for status in ("deleted", "already_gone", "failed"):
            assert statuses[target["name"], status] == target[status]
    assert (
        statement["lines"]
        == sum(statuses.values())
        == sum(one["pairs"] for one in statement["targets"])
    )
    assert statement["verification_lines"] == len(lines(place, "verification.jsonl"))
    assert sum(one["gone"] for one in statement["verification"]) == statement["verification_lines"]
    whole = b"".join(path.read_bytes() for path in run_dir(place).rglob("*") if path.is_file())
    assert not [account for pair in PAIRS for account in pair if account.encode() in whole]


def test_the_latest_finished_verification_counts(place: Place) -> None:
    """A sample with its bound was finished, another was stopped: the first is sealed, and said."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge)
        done(place, "verify", "job.toml", "--remote", "--sample", "10")
        judge.break_with("http502:1")
        place.write("job.toml", (place.folder / "job.toml").read_text() + 'outage_limit = "1s"\n')
        place.run("verify", "job.toml", "--remote", "--again")
        shown = done(place, "seal", "job.toml", code=2)
        assert "verification-2/ is not finished" in " ".join(shown.err.split())
        [check] = sealed(place)["verification"]
    assert (check["asked"], check["gone"], check["pairs"]) == (10, 10, 40)
    assert 0 < check["share_most"] < 1


def test_a_living_backup_and_an_undo(place: Place) -> None:
    """What a backup holds is said before it is destroyed; what was put back is in the statement."""
    with Judge({"tencent": BOTH}, secret=place.secret) as judge:
        purged(place, judge, tail="[backup]\nenabled = true\n")
        done(place, "undo", "job.toml", "--yes")
        shown = done(place, "seal", "job.toml", code=2)
        assert "THE BACKUP IS DESTROYED WITH IT" in shown.err
        assert "add --yes" in " ".join(shown.err.split())
        assert not (run_dir(place) / "sealed").exists()
        statement = sealed(place)
    assert statement["undone"] == len(PAIRS)
