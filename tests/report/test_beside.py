"""What is said of the runs beside a run: the same on every screen, and what matters most first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from prometheus_client import generate_latest

from bulkdel.ledger.history import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.report.backup import BackupNote
from bulkdel.report.beside import SideFacts, SideStatus
from bulkdel.report.beside_words import beside_rows, side_words
from bulkdel.report.metrics import Metrics
from bulkdel.report.next_steps import next_steps
from bulkdel.report.page.html import report_html
from bulkdel.report.report_json import KEYS as REPORT_KEYS
from bulkdel.report.report_json import report_json
from bulkdel.report.status import Beside, State, Status
from bulkdel.report.status_json import KEYS, status_json
from bulkdel.report.text.status_page import status_text
from bulkdel.report.tone import Tone
from bulkdel.report.verdict import run_verdict
from bulkdel.words import Errand
from tests.support import front
from tests.support.findings import command, findings
from tests.support.json_keys import undocumented, unwritten

JOB = front.job(front.tencent())
PLAN = front.plan(JOB, front.books(read=100, pairs=100), {"tencent": 10})
DONE = Counters(deleted=95, already_gone=5, calls=10)
HALF = Counters(deleted=50, calls=5)
ALL = Counters(deleted=100, calls=10)
SOME = Counters(deleted=90, already_gone=7, failed=3, calls=10)
PART = Counters(deleted=40, calls=4)


def backup(of: Counters = ALL, **changes: Any) -> SideStatus:
    """Of a hundred lists."""
    return front.side("backup", Errand.PULL, of, **changes)


def verification(of: Counters = ALL, **changes: Any) -> SideStatus:
    """Of a hundred pairs."""
    return front.side("verification", Errand.ASK, of, **changes)


def undo(of: Counters = ALL, **changes: Any) -> SideStatus:
    """Of a hundred entries of friend lists."""
    return front.side("undo", Errand.PUT_BACK, of, **changes)


WHOLE = BackupNote(
    plan_digest="0" * 64,
    state="whole",
    at="2026-11-21T20:00:00+00:00",
    kept_until="2026-12-21T20:00:00+00:00",
    lists=100,
    friends=300,
)


def status(*beside: SideStatus, of: Counters = DONE, holder: str = "", **changes: Any) -> Status:
    """A run with these beside it; `changes` of what is said of a backup as a whole."""
    note = replace(WHOLE, **changes) if any(one.errand is Errand.PULL for one in beside) else None
    return front.status(JOB, PLAN, {"tencent": of}, beside=beside, holder=holder, backup=note)


def verbs(of: Status) -> list[str]:
    """What its next steps do."""
    return [one.command.split(" ", 2)[1] for one in next_steps(of, command)]


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (backup(), "100 lists pulled, 2026-11-21 21:26:40 UTC"),
        (
            backup(Counters(deleted=98, failed=2)),
            "98 lists pulled, 2 could not be pulled, 2026-11-21 21:26:40 UTC",
        ),
        (verification(), "all 100 pairs asked for: all are gone, 2026-11-21 21:26:40 UTC"),
        (
            verification(SOME, sample=100, population=4000),
            (
                "a sample of 100 pairs of 4,000 asked for: 90 gone, 7 still there, 3 could not be "
                "asked for, 2026-11-21 21:26:40 UTC"
            ),
        ),
        (
            verification(PART, end="stopped by a signal"),
            "40 of 100 pairs asked for; it has stopped: stopped by a signal",
        ),
        (
            verification(PART, ended_ms=None, end=""),
            (
                "40 of 100 pairs asked for; it has stopped: the process that worked on it is gone "
                "without a word"
            ),
        ),
        (undo(PART, at_work=True), "40 of 100 entries put back; a process works on it now"),
        (
            undo(SOME),
            (
                "90 entries put back, 7 there already, 3 could not be put back, "
                "2026-11-21 21:26:40 UTC"
            ),
        ),
    ],
)
def test_how_each_stands(side: SideStatus, words: str) -> None:
    """Done, in part, at work, gone without a word: in words that need no other."""
    assert side_words(side) == words


def test_what_was_never_begun_is_not_shown() -> None:
    """An undo that was planned, and not agreed to, is no work that is left."""
    begun = [name for name, _ in beside_rows(status(undo(PART)))]
    assert begun == ["undo"]
    refused = undo(Counters(), began_ms=None, ended_ms=None)
    assert not list(beside_rows(status(refused)))


def test_what_remains_is_said_first_of_all() -> None:
    """A run that succeeded, and after which something is there, has not succeeded."""
    verdict = run_verdict(status(verification(Counters(deleted=97, already_gone=3))))
    assert verdict.tone is Tone.BAD
    assert verdict.headline == (
        "Finished: all 100 pairs settled, nothing failed, but 3 pairs that should be gone are "
        "there still."
    )
    assert verdict.detail == "The provider was asked for all 100 pairs: 97 gone, 3 still there."


def test_what_could_not_be_asked_for_is_no_success() -> None:
    """Nothing is called gone that was not answered."""
    verdict = run_verdict(status(verification(Counters(deleted=99, failed=1))))
    assert verdict.tone is Tone.MIXED
    assert "99 gone, 0 still there, 1 could not be asked for" in verdict.detail


def test_all_is_gone() -> None:
    """The provider says so, and not only the answers to the deletions."""
    verdict = run_verdict(status(verification()))
    assert (verdict.tone, verdict.headline) == (
        Tone.GOOD,
        "Finished: all 100 pairs settled, nothing failed.",
    )
    assert verdict.detail.endswith("The provider was asked for all 100 pairs: all are gone.")


def test_what_came_after_a_verification_is_not_verified() -> None:
    """A run that went on since has more than was asked for."""
    verdict = run_verdict(status(verification(PART, pairs=40, population=40)))
    assert verdict.detail.endswith("all 40 pairs: all are gone. 60 pairs came after that.")


def test_an_unfinished_verification_says_nothing_of_the_whole() -> None:
    """Its line stands below, and the run's own verdict is what it was."""
    assert run_verdict(status(verification(PART))) == run_verdict(status())


def test_a_canary_is_no_verification_of_the_run() -> None:
    """It asked for a few accounts; its line says what came of it."""
    few = replace(verification(SOME), folder="canary-2")
    assert run_verdict(status(few)) == run_verdict(status())
    assert "canary" in status_text(status(few), 100)


@pytest.mark.parametrize("of", [DONE, HALF])
def test_a_run_that_was_undone_is_finished(of: Counters) -> None:
    """Whatever is left of it: nothing more is sent, and what is back is said first."""
    undone = status(backup(), verification(), undo(SOME), of=of)
    verdict = run_verdict(undone)
    assert undone.state is State.FINISHED
    assert verdict.tone is Tone.BAD
    assert verdict.headline == (
        "Undone: 90 entries put back, 7 there already, 3 could not be put back."
    )
    assert verdict.detail.startswith("Nothing more of it is sent: a new run begins with --run-dir.")
    assert verbs(undone) == []


def test_that_it_was_undone_is_said_before_any_doubt() -> None:
    """Even where hardly anything of what was asked was a friendship."""
    doubtful = Counters(deleted=1, already_gone=99, calls=10)
    assert run_verdict(status(of=doubtful)).no_friendships is not None
    assert run_verdict(status(undo(), of=doubtful)).headline.startswith("Undone: ")


def test_an_undo_that_stopped_goes_on() -> None:
    """It is the one thing that is left to do."""
    stopped = status(backup(), undo(PART), of=HALF)
    assert run_verdict(stopped).headline.startswith("Undone in part: 40 of 100 entries put back")
    assert verbs(stopped) == ["undo"]


def test_an_undo_that_nobody_agreed_to_is_none() -> None:
    """Its plan was made, and nothing was put back: the run goes on."""
    asked = status(undo(Counters(), began_ms=None), of=HALF)
    assert asked.state is not State.FINISHED
    assert "undo" not in verbs(asked)


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ((), ["verify"]),
        ((backup(),), ["verify", "undo"]),
        ((verification(),), []),
        ((verification(PART),), ["verify"]),
        ((verification(Counters(deleted=97, already_gone=3)),), ["export"]),
        ((verification(Counters(deleted=97, failed=3)),), ["verify"]),
    ],
)
def test_what_is_to_be_done_next(beside: tuple[SideStatus, ...], expected: list[str]) -> None:
    """A verification where none was finished, a file where something remains, a way back if any."""
    assert verbs(status(*beside)) == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            (
                "the data of 300 friends is kept, so that what is deleted can be put back; it may "
                "be kept until 2026-12-21 20:00:00 UTC"
            ),
        ),
        ({"failed": 2}, "put back, but not of 2 lists without a backup; it may"),
        ({"kept_until": None}, "it may be kept for as long as you keep it"),
        (
            {"kept_until": "2026-11-21T20:00:00+00:00"},
            "it may be kept until 2026-11-21 20:00:00 UTC, which is over",
        ),
        ({"state": "begun"}, "none yet: the backup is not whole"),
        (
            {"state": "destroyed", "by": "alice"},
            "none: the backup was destroyed, 2026-11-21 20:00:00 UTC, by alice",
        ),
    ],
)
def test_whether_there_is_a_way_back(changes: dict[str, Any], words: str) -> None:
    """As long as the backup is there, and of what it holds; the step is named only then."""
    told = status(backup(), verification(), **changes)
    text = " ".join(status_text(told, 200).split())
    assert words in text
    assert ("undo" in verbs(told)) == (changes.get("state", "whole") == "whole")
    assert told.can_be_put_back == ("undo" in verbs(told))


def test_a_backup_whose_time_is_over_is_to_be_destroyed() -> None:
    """As long as it is there."""
    over: dict[str, Any] = {"kept_until": "2026-11-21T20:00:00+00:00"}
    assert verbs(status(backup(), verification(), **over)) == ["forget", "undo"]
    assert verbs(status(backup(), verification(), state="destroyed", **over)) == []
    assert "forget" not in verbs(status(backup(), verification()))


def test_what_was_put_back_is_not_put_back_again() -> None:
    """The way back was taken."""
    told = status(backup(), undo())
    assert not told.can_be_put_back
    assert "it was taken" in status_text(told, 100)


@pytest.mark.parametrize("of", [HALF, Counters()])
def test_nothing_is_asked_for_before_the_end(of: Counters) -> None:
    """What is left is sent first."""
    assert "verify" not in verbs(status(of=of))


def test_where_all_failed_nothing_is_asked_for() -> None:
    """Nothing was deleted."""
    assert "verify" not in verbs(status(of=Counters(failed=100, calls=10)))


def test_a_run_beside_it_that_works_is_what_works() -> None:
    """The process that holds the run sends nothing of the run itself."""
    working = status(backup(PART, at_work=True), of=Counters(), holder="process 47")
    verdict = run_verdict(working)
    assert verdict.headline == "Running: the backup is at 40.0%."
    assert verdict.tone is Tone.MIXED
    assert "time left" not in status_text(working, 100)


def test_every_key_is_documented() -> None:
    """What is written has a meaning in KEYS, and what is documented is written."""
    code = CodeCount(target="tencent", code=30006, info="busy", pairs=3)
    told = orjson.loads(
        status_json(status(backup(), verification(SOME, sample=100, failed=(code,))))
    )
    assert not undocumented(told, KEYS)
    assert not {key for key in unwritten(told, KEYS) if key.startswith("beside[")}
    one = told["beside"][1]
    assert (one["run"], one["state"], one["sample"], one["seed"]) == (
        "verification",
        "finished",
        100,
        7,
    )
    assert one["targets"]["tencent"]["counts"] == {"gone": 90, "remains": 7, "unknown": 3}


def test_metrics_have_one_of_a_kind() -> None:
    """Each status of each target, and whether it is finished; nothing where there are none."""
    metrics = Metrics("purge")
    metrics.at_rest(status())
    assert b"bulkdel_beside" not in generate_latest(metrics.registry)
    metrics.at_rest(status(verification(SOME), undo(PART)))
    text = generate_latest(metrics.registry).decode()
    told = 'bulkdel_beside{beside="verification",run="purge",status="remains",target="tencent"} 7.0'
    assert told in text
    assert 'bulkdel_beside_finished{beside="verification",run="purge"} 1.0' in text
    assert 'bulkdel_beside_finished{beside="undo",run="purge"} 0.0' in text
    assert 'beside="undo",run="purge",status="unsettled",target="tencent"} 60.0' in text


def test_what_cannot_be_read_hides_nothing() -> None:
    """It is named, and the run's own figures are shown."""
    torn = replace(status(), beside=Beside(unreadable=("undo/ cannot be read: torn",)))
    text = status_text(torn, 100)
    assert "undo/ cannot be read: torn" in text
    assert "95" in text


def test_the_report_has_a_chapter_of_them() -> None:
    """Figures by target, what a sample says, what is still there and why some is not known."""
    code = CodeCount(target="tencent", code=30006, info="busy", pairs=3)
    facts = replace(
        findings(),
        status=replace(
            findings().status,
            beside=Beside(
                sides=(backup(), verification(SOME, sample=100, population=4000)), backup=WHOLE
            ),
        ),
        beside=(
            SideFacts(status=backup()),
            SideFacts(
                status=verification(SOME, sample=100, population=4000),
                notes=("What the sample says.",),
                first=(("tencent", "a → <b>, on both lists"),),
                more=6,
                codes=((code, "busy"),),
            ),
        ),
    )
    page = report_html(facts, command).decode()
    chapter = page.split("<h2>What is really gone, and the way back</h2>")[1].split("<h2>")[0]
    for told in ("What the sample says.", "a → &lt;b&gt;, on both lists", "30006", "4,000"):
        assert told in chapter
    assert "still there: the first 1 of 7" in chapter
    assert "so that what is deleted can be put back" in chapter
    values = orjson.loads(report_json(facts))
    assert values["beside_facts"][1]["more"] == 6
    assert not undocumented(values, REPORT_KEYS)
    assert "really gone" not in report_html(findings(), command).decode()
