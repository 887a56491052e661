"""Every command that the program prints is carried out as printed, where it was printed.

It works, and nothing is lost: what was settled stays as it was, nobody loses a friend that the plan
does not name, and nothing that could still succeed is settled as failed.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bulkdel.report import export_json, run_json
from bulkdel.report.text import verification
from tests.support.hints import PROGRAM, follow, hints, page_hints, read_by_a_shell, verbs
from tests.support.json_keys import undocumented
from tests.support.judge import Judge, Pair
from tests.support.process import ROOT, Done, Place, csv_text, finished, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

JOB = "it's my job.toml"
"""What needs quotes."""
PAIRS = [(f"from{n % 8:02}", f"to{n:03}") for n in range(40)]
OTHERS = [("stranger", "friend"), ("from00", "dear")]
"""Friendships that no job names."""
IMPATIENT = "[retry]\nmax_attempts = 2\nbase_delay_s = 0.01\nmax_delay_s = 0.02\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A job in a place, and the providers it is sent to."""

    place: Place
    judge: Judge
    pairs: list[Pair]
    targets: tuple[str, ...]

    @property
    def run_dir(self) -> Path:
        """Of the job's run."""
        return self.place.folder / "runs" / JOB.removesuffix(".toml")

    def run(self, *options: str, code: int) -> Done:
        """`run`, which leaves with this code."""
        done = self.place.run("run", JOB, *options)
        assert done.code == code, done.out + done.err
        return done

    def lines(self) -> list[dict[str, Any]]:
        """Of the ledger."""
        return ledger(self.run_dir) if (self.run_dir / "ledger.jsonl").exists() else []

    def follow(self, hint: str, *codes: int) -> Done:
        """A hint, carried out: it leaves with one of the codes, and nothing is lost."""
        before = self.lines()
        done = follow(self.place, hint)
        assert done.code in codes, f"{hint}\n{done.code}\n{done.out}{done.err}"
        self.nothing_is_lost(before)
        return done

    def nothing_is_lost(self, before: list[dict[str, Any]]) -> None:
        """That what was settled is as it was, and nobody else lost anybody."""
        now = self.lines()
        assert now[: len(before)] == before
        assert not [line for line in now if line["code"] == -3]
        for target in self.targets:
            left = self.judge.seen(target).left
            assert set(OTHERS) <= left
            done = {(one["from_account"], one["to_account"]) for one in now}
            assert {pair for pair in self.pairs if pair not in done} <= left


@contextmanager
def trial(
    place: Place,
    *faults: str,
    rows: str | None = None,
    pairs: list[Pair] = PAIRS,
    two: bool = False,
    **job: str,
) -> Iterator[Trial]:
    """A job over the pairs, at one provider or at two, whose calls meet these faults."""
    targets = ("tencent", "zego") if two else ("tencent",)
    friends = [*pairs, *OTHERS]
    with Judge(dict.fromkeys(targets, friends), secret=place.secret, faults=faults) as judge:
        place.write("pairs.csv", csv_text(pairs) + (rows or ""))
        place.write(JOB, toml(judge.address, zego="" if two else None, **job))
        yield Trial(place=place, judge=judge, pairs=pairs, targets=targets)


def test_before_anything_is_sent(place: Place) -> None:
    """Check leads to plan, plan to run; what has no plan yet leads to plan, from anywhere."""
    with trial(place) as it:
        for verb in ("status", "export", "verify"):
            done = place.run(verb, JOB)
            assert done.code == 2
            assert verbs(hints(done.err)) in ([], ["plan"]), done.err
        assert verbs(hints(place.run("status", JOB).err)) == ["plan"]
        assert verbs(hints(place.run("export", JOB).err)) == ["plan"]
        [planning] = hints(place.run("check", JOB).out)
        [sending] = hints(it.follow(planning, 0).out)
        refused = place.run("close", JOB, "--yes")
        assert verbs(hints(refused.err)) == ["run"]
        assert verbs(hints(place.run("status", JOB).out)) == ["run"]
        it.follow(sending, 0)
        assert len(it.lines()) == 40


def test_after_a_limit(place: Place) -> None:
    """What is left can still be sent: the hint is for the rest, and close is not offered."""
    with trial(place, two=True) as it:
        stopped = it.run("--limit", "10", "--json-logs", code=75)
        assert verbs(hints(stopped.out)) == ["run"]
        status = hints(place.run("status", JOB).out)
        page = page_hints(it.run_dir)
        assert verbs(status) == verbs(page) == ["run"]
        refused = place.run("close", JOB, "--yes")
        assert refused.code == 2
        assert verbs(hints(refused.err)) == ["run"]
        [rest] = hints(stopped.out)
        assert "--limit" not in rest
        assert "--json-logs" in rest
        it.follow(rest, 0)
        elsewhere = Place(Path("/"), secret=place.secret)
        assert follow(elsewhere, page[0]).code == 0  # finished: it shows the end again


def test_a_printed_command_is_carried_out_by_a_shell(place: Place) -> None:
    """The whole line, the program in it: as it was started, here and from the root."""
    with trial(place) as it:
        [hint] = hints(it.run("--limit", "10", code=75).out)
        env = {"PATH": "/usr/bin:/bin", "TRIAL_KEY": place.secret, "PYTHONPATH": str(ROOT)}
        for command, folder in ((hint, place.folder), (page_hints(it.run_dir)[0], Path("/"))):
            done = subprocess.run(  # noqa: S603  # what is tried here
                ["/bin/sh", "-c", command], cwd=folder, env=env, capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr
        assert len(it.lines()) == 40


def test_a_refused_key(place: Place) -> None:
    """The key is mended first, and tried with one harmless call; only then is anything sent."""
    with trial(place, "70009:1,provider=tencent", two=True) as it:
        refused = it.run(code=77)
        for text in (refused.out, place.run("status", JOB).out):
            assert verbs(hints(text)) == ["check", "run"]
            plain = " ".join(text.split())
            mend = plain.index("tencent was refused (code 70009): put the secret key of this very")
            assert "; its key is read from the variable TRIAL_KEY." in plain
            assert mend < plain.index(" check ") < plain.rindex(" run ")
        trying, sending = hints(refused.out)
        it.follow(trying, 1)
        it.judge.break_with()
        it.follow(trying, 0)
        it.follow(sending, 0)


def test_a_guard(place: Place) -> None:
    """What failed is looked at before the guard is changed; sent again it stops again."""
    one = "batch_size = 1\nmax_in_flight = 1\n"
    guards = "[guards]\nmax_failure_ratio = 0.1\nmin_sample = 5\n"
    with trial(
        place, "30003:1,account=from01", "30003:1,account=from02", tencent=one, tail=guards
    ) as it:
        stopped = it.run(code=3)
        looking, sending, listing = hints(stopped.out)
        assert verbs([looking, sending, listing]) == ["status", "run", "export"]
        it.follow(looking, 0)
        it.follow(listing, 0)
        it.follow(sending, 3)
        place.write(JOB, (place.folder / JOB).read_text().replace(guards, ""))
        it.follow(sending, 1)


def test_the_tries_are_used_up(place: Place) -> None:
    """A code that no documentation explains: close is offered, with the count, and it asks."""
    pairs = [*PAIRS, ("poison", "to999")]
    with trial(place, "47110:1,account=poison", pairs=pairs, tail=IMPATIENT) as it:
        left = it.run(code=75)
        for text in (left.out, place.run("status", JOB).out):
            assert verbs(hints(text)) == ["run", "export", "close"]
            assert "to settle the 1 pair that are left as failed" in " ".join(text.split())
        sending, listing, closing = hints(left.out)
        it.follow(listing, 0)
        assert "poison,to999,unsettled,47110" in (place.folder / "unsettled.csv").read_text()
        it.follow(closing, 2)  # nobody agreed
        assert place.status(JOB)["targets"]["tencent"]["unsettled"] == 1
        it.judge.break_with()
        it.follow(sending, 0)


@pytest.mark.parametrize("fault", ["30006:1,account=from01", "http500:1,account=from01"])
def test_a_fault_that_passes_is_not_given_up(place: Place, fault: str) -> None:
    """Where the last answer passes, or there was none, close is not offered."""
    with trial(place, fault, tail=IMPATIENT) as it:
        left = it.run(code=75)
        assert verbs(hints(left.out)) == ["run", "export"]
        assert "close" not in verbs(hints(place.run("status", JOB).out) + page_hints(it.run_dir))
        refused = place.run("close", JOB)
        assert "had no answer, or one that passes" in " ".join(refused.err.split())
        assert place.run("close", JOB, "--yes").code == 2
        it.judge.break_with()
        it.follow(hints(left.out)[0], 0)


def test_a_pair_that_was_never_sent_keeps_close_away(place: Place) -> None:
    """Beside what may be refused for ever, one pair that no call has carried: not offered."""
    pairs = [*PAIRS, ("poison", "to999")]
    slow = "batch_size = 1\nmax_in_flight = 1\n"
    fault = "47110:1,account=poison"
    with trial(place, fault, pairs=pairs, tencent=slow, tail=IMPATIENT) as it:
        stopped = it.run("--limit", "20", code=75)
        assert "close" not in verbs(hints(stopped.out) + hints(place.run("status", JOB).out))


def test_an_outage(place: Place) -> None:
    """Whether the provider answers again is asked first, with one call that changes nothing."""
    tail = IMPATIENT + 'outage_limit = "1s"\n'
    with trial(place, "http503:1", tail=tail) as it:
        down = it.run(code=75)
        asking, sending = hints(down.out)
        assert verbs([asking, sending]) == ["check", "run"]
        it.follow(asking, 1)
        it.judge.break_with()
        it.follow(asking, 0)
        it.follow(sending, 0)


def test_outside_the_window(place: Place) -> None:
    """Nothing was sent, and the same command sends when the window is open."""
    now = time.gmtime()
    window = f"{(now.tm_hour + 2) % 24:02}:00-{(now.tm_hour + 3) % 24:02}:00"
    with trial(place, tail=f'[schedule]\nwindow = "{window}"\ntimezone = "UTC"\n') as it:
        stopped = it.run(code=75)
        [sending] = hints(stopped.out)
        assert "while the window of the schedule is open" in " ".join(stopped.out.split())
        it.follow(sending, 75)
        place.write(JOB, (place.folder / JOB).read_text().split("[schedule]")[0])
        it.follow(sending, 0)


def test_a_paused_run(place: Place) -> None:
    """While it is paused `status` says how it goes on, and how to watch it to its end."""
    with trial(place, "latency:0.02", tencent="qps = 8\nbatch_size = 1\n") as it:
        running = place.start("run", JOB)
        deadline = time.monotonic() + 60
        while place.run("pause", JOB).code:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        while len(found := hints(place.run("status", JOB).out)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        watching, resuming = found
        assert verbs(found) == ["status", "resume"]
        before = it.lines()
        assert [follow(place, hint).code for hint in (resuming, watching)] == [0, 0]
        assert finished(running).code == 0
        it.nothing_is_lost(before)


def test_a_finished_run_with_failures_and_rejects(place: Place) -> None:
    """What failed is exported a target at a time, and each file is the input of a job of its own.

    That job sends only what its target refused.
    """
    fault = "30003:1,account=from01"
    with trial(place, fault, rows="long" * 20 + ",x\n", two=True) as it:
        done = it.run(code=1)
        listing, rejecting, asking = hints(done.out)
        assert page_hints(it.run_dir)[0].split(" --target ")[1].startswith("tencent ")
        said = it.follow(listing, 0).err
        assert "Wrote 5 rows to failed-tencent.csv." in said
        it.follow(rejecting, 0)
        assert (
            (place.folder / "rejected.csv").read_text().startswith("From_Account,To_Account\nlong")
        )
        it.follow(asking, 0)
        it.judge.break_with()
        place.write("again.toml", toml(it.judge.address, files='"failed-tencent.csv"'))
        before = it.judge.seen("zego").calls
        assert place.run("run", "again.toml").code == 0
        lines = ledger(place.folder / "runs/again")
        assert {(one["target"], one["from_account"], one["status"]) for one in lines} == {
            ("tencent", "from01", "deleted")
        }
        assert it.judge.seen("zego").calls == before


def test_what_is_there_still_and_the_way_back(place: Place) -> None:
    """What comes back behind the run's back is found, made a job of, and removed; or all put back.

    The steps of the run, of its page and of its status are the same.
    """
    with trial(place, tail="[backup]\nenabled = true\n") as it:
        [sending] = hints(place.run("backup", JOB).out)
        asking, undoing = hints(it.follow(sending, 0).out)
        assert verbs([asking, undoing]) == ["verify", "undo"]
        assert hints(place.run("status", JOB).out) == [asking, undoing]
        it.judge.befriend("tencent", *PAIRS[:3])
        [written, anew] = hints(it.follow(asking, 1).out)
        assert verbs([written, anew]) == ["export", "verify"]
        writing, back = hints(place.run("status", JOB).out)
        assert verbs([writing, back]) == ["export", "undo"]
        it.follow(written, 0)
        it.follow(anew, 1)
        (place.folder / "remaining.csv").unlink()
        it.follow(writing, 0)
        place.write("again.toml", toml(it.judge.address, files='"remaining.csv"'))
        assert place.run("run", "again.toml").code == 0
        assert not set(PAIRS[:3]) & it.judge.seen("tencent").left
        it.follow(back, 0)
        assert set(PAIRS) <= it.judge.seen("tencent").left
        assert not hints(place.run("status", JOB).out)


def test_a_backup_whose_time_is_over(place: Place) -> None:
    """It is to be destroyed, which asks; with it the way back goes."""
    with trial(place, tail='[backup]\nenabled = true\nkeep = "1s"\n') as it:
        assert place.run("backup", JOB).code == 0
        it.run(code=0)
        time.sleep(1)
        destroying, asking, undoing = hints(place.run("status", JOB).out)
        assert verbs([destroying, asking, undoing]) == ["forget", "verify", "undo"]
        it.follow(destroying, 2)  # nobody agreed
        assert place.run("forget", JOB, "--yes").code == 0
        assert hints(place.run("status", JOB).out) == [asking]


def test_what_could_not_be_asked_for_is_asked_for_again(place: Place) -> None:
    """It is the provider that is asked, and what it says then is what stands."""
    with trial(place, tail=IMPATIENT) as it:
        [asking] = hints(it.run(code=0).out)
        it.judge.break_with("30006:1,account=from01")
        [anew] = hints(it.follow(asking, 1).out)
        [again] = hints(place.run("status", JOB).out)
        it.judge.break_with()
        assert read_by_a_shell(again)[0::2] == read_by_a_shell(anew)[0::2]
        it.follow(again, 0)
        assert not hints(place.run("status", JOB).out)


def test_rejects_of_inputs_that_one_file_cannot_hold(place: Place) -> None:
    """Inputs written in different ways: a command for each, and each works."""
    bad = "long" * 20
    with trial(place, rows=f"{bad},x\n", files='"pairs.csv", "more.jsonl"') as it:
        more = {"From_Account": bad, "To_Account": "x"}
        place.write("more.jsonl", f"{json.dumps(more)}\n")
        done = it.run(code=1)
        assert verbs(hints(done.out)) == ["export", "export", "verify"]
        for hint in hints(done.out):
            it.follow(hint, 0)
        assert bad in (place.folder / "rejected-1.csv").read_text()
        assert json.loads((place.folder / "rejected-2.jsonl").read_text()) == more


def test_run_as_json(place: Place) -> None:
    """One object and nothing else, with every key documented, however the run ends."""
    with trial(place, "30003:1,account=from01", two=True) as it:
        told: dict[str, Any] = {}
        for options, code in (("--limit", "10"), 75), ((), 1), ((), 1):
            done = it.run("--json", *options, code=code)
            told = json.loads(done.out)
            assert undocumented(told, run_json.KEYS) == set()
            assert (told["version"], told["exit_code"]) == (1, code)
            assert told["status"]["targets"].keys() == told["ended"].keys() == {"tencent", "zego"}
            assert all(Path(one).exists() for one in told["files"].values())
        for step in told["next"]:
            it.follow(step["command"], 0)
        place.write("pairs.csv", csv_text(PAIRS[:3]))
        wrong = json.loads(it.run("--json", code=2).out)
        assert (wrong["exit_code"], wrong["status"]) == (2, None)
        assert "pairs.csv" in wrong["words"]
        verified = json.loads(place.run("verify", JOB, "--json").out)
        assert undocumented(verified, verification.KEYS) == set()


def test_export_as_json(place: Place) -> None:
    """What was written, and where; without a file there is nothing to tell of."""
    with trial(place, "30003:1,account=from01", two=True) as it:
        it.run(code=1)
        done = place.run("export", JOB, "--status", "failed", "--output", "f.csv", "--json")
        told = json.loads(done.out)
        assert undocumented(told, export_json.KEYS) == set()
        assert told["path"] == str(place.folder / "f.csv")
        assert (told["rows"], told["rows_by_target"]) == (5, {"tencent": 5})
        both = place.run("export", JOB, "--output", "all.csv")
        assert "Wrote 80 rows to all.csv. They are of several targets" in both.err
        assert place.run("export", JOB, "--json").code == 2


TRIED = {
    ("cli/check.py", "check"): "the same command again, where something is crossed",
    ("cli/check.py", "plan"): test_before_anything_is_sent,
    ("cli/rehearse.py", "run"): "tests/e2e/test_rehearse.py",
    ("cli/backup.py", "run"): test_what_is_there_still_and_the_way_back,
    ("cli/plan.py", "run"): test_before_anything_is_sent,
    ("report/next_steps.py", "run"): test_after_a_limit,
    ("report/next_steps.py", "status"): test_a_paused_run,
    ("report/next_steps.py", "resume"): test_a_paused_run,
    ("report/next_steps.py", "check"): test_a_refused_key,
    ("report/next_steps.py", "export"): test_a_finished_run_with_failures_and_rejects,
    ("report/next_steps.py", "close"): test_the_tries_are_used_up,
    ("report/next_steps.py", "verify"): test_what_could_not_be_asked_for_is_asked_for_again,
    ("report/next_steps.py", "undo"): test_what_is_there_still_and_the_way_back,
    ("report/next_steps.py", "forget"): test_a_backup_whose_time_is_over,
    ("report/text/remote.py", "export"): test_what_is_there_still_and_the_way_back,
    ("report/text/remote.py", "verify"): test_what_could_not_be_asked_for_is_asked_for_again,
    ("cli/init.py", "check"): "tests/cli/test_init.py",
    ("cli/init.py", "plan"): "tests/cli/test_init.py",
    ("cli/init.py", "rehearse"): "tests/cli/test_init.py",
    ("cli/init.py", "run"): "tests/cli/test_init.py",
    ("cli/init.py", "verify"): "tests/cli/test_init.py",
    ("cli/demo.py", "run"): "tests/cli/test_demo.py",
    ("cli/demo.py", "status"): "tests/cli/test_demo.py",
    ("cli/demo.py", "report"): "tests/cli/test_demo.py",
    ("cli/demo.py", "verify"): "tests/cli/test_demo.py",
    ("cli/demo.py", "export"): "tests/cli/test_demo.py",
}
"""Where the program makes a command, and what carries it out as printed."""


def test_every_hint_is_tried() -> None:
    """No file makes a command that nothing here, or beside it, carries out."""
    found = set()
    for path in (ROOT / "bulkdel").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            verb = node.args[0]
            if name == "command" and isinstance(verb, ast.Constant):
                found.add((str(path.relative_to(ROOT / "bulkdel")), verb.value))
    assert found == TRIED.keys()


NAMED = {
    ("evidence/sealed.py", "verify"),
    ("job/evidence.py", "seal"),
    ("job/signing_key.py", "seal"),
    ("job/writer.py", "seal"),
    ("report/text/sealed.py", "verify"),
    ("rundir.py", "seal"),
    ("rundir.py", "verify"),
    ("runs/prove.py", "export"),
    ("runs/prove.py", "seal"),
    ("runs/seal.py", "close"),
    ("runs/seal.py", "run"),
    ("runs/seal.py", "seal"),
    ("runs/seal.py", "undo"),
    ("runs/seal.py", "verify"),
    ("runs/seal_lines.py", "run"),
    ("runs/seal_lines.py", "verify"),
    ("job/jobfile.py", "init"),
    ("job/other_files.py", "init"),
    ("job/other_files.py", "schema"),
    ("job/writer.py", "plan"),
    ("job/writer.py", "run"),
    ("job/writer.py", "undo"),
    ("job/writer.py", "worker"),
    ("lease/tables.py", "worker"),
    ("library.py", "run"),
    ("report/text/confirm.py", "plan"),
    ("report/text/preview.py", "run"),
    ("report/lane_words.py", "rate"),
    ("report/lane_words.py", "resume"),
    ("report/raw_rejects.py", "plan"),
    ("report/text/undo.py", "run"),
    ("runs/backed_up.py", "backup"),
    ("runs/close.py", "run"),
    ("runs/close.py", "verify"),
    ("runs/export.py", "plan"),
    ("runs/export.py", "verify"),
    ("runs/forget.py", "undo"),
    ("runs/orders.py", "resume"),
    ("runs/side_status.py", "undo"),
    ("runs/status.py", "plan"),
    ("runs/verification.py", "run"),
    ("runs/verification.py", "verify"),
    ("cli/close.py", "run"),
    ("cli/demo.py", "demo"),
    ("report/text/undo.py", "run"),
    ("runs/side_status.py", "undo"),
}
"""Sentences that name a command by its verb; those of errors are printed in full."""


def test_every_command_that_a_sentence_names_is_known() -> None:
    """No sentence names a command that nobody has looked at."""
    found = set()
    for path in (ROOT / "bulkdel").rglob("*.py"):
        where = str(path.relative_to(ROOT / "bulkdel"))
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            first = body[0] if isinstance(body, list) and body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value = ast.Constant(value="")  # a docstring, printed only as a manual
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = re.findall(r"`bulkdel ([a-z]+)", node.value)
                found |= {(where, verb) for verb in named}
    manuals = {one for one in found if one[0].startswith("cli/") and one not in NAMED}
    assert found - manuals == NAMED
    assert PROGRAM.endswith("-m bulkdel")
    assert read_by_a_shell(f"{PROGRAM} run 'a b'") == ["run", "a b"]
