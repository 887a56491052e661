"""The page: one file, nothing foreign in it but text, and the figures of report.json."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest

from bulkdel.errors import WrongInput
from bulkdel.report.lane_words import lane_words
from bulkdel.report.next_steps import next_steps
from bulkdel.report.page import sentences
from bulkdel.report.page.html import report_html
from bulkdel.report.record import NOT_RECORDED
from bulkdel.report.report_files import write_report
from bulkdel.report.report_json import KEYS, VERSION, report_json
from bulkdel.report.tone import Tone
from bulkdel.report.verdict import run_verdict
from bulkdel.words import NEVER_SENT
from tests.support import front
from tests.support.findings import HOSTILE, SITTING, command, findings
from tests.support.json_keys import undocumented, unwritten

ROWS = front.books(read=1, pairs=0, rejected=1)


class Seen(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@pytest.fixture(scope="module")
def page() -> bytes:
    """A page of a run with everything in it."""
    return report_html(findings(), command)


def test_nothing_but_text_is_foreign(page: bytes) -> None:
    """What a provider or an input sent is shown as text; it makes no element and no attribute."""
    seen = Seen(page)
    assert "script" not in seen.tags
    assert "<script>alert('x')</script>\"&" in seen.text
    assert not any("alert" in value for _, value in seen.attributes)
    assert "\u202e" not in seen.text
    assert "\x1b" not in seen.text


def test_nothing_is_fetched(page: bytes) -> None:
    """One file: a policy that forbids all network, and nothing that would need it."""
    seen = Seen(page)
    policies = [value for name, value in seen.attributes if "default-src 'none'; " in value]
    assert len(policies) == 1
    assert "http" not in policies[0]
    assert not {"script", "link", "img", "iframe", "object", "image", "use", "a"} & seen.tags
    names = {name for name, _ in seen.attributes}
    assert not {"src", "href", "xlink:href", "style", "onclick", "onload"} & names
    style = page.decode().split("<style>")[1].split("</style>")[0]
    assert re.findall(r"url\((?!#)|@import|http", style) == []
    assert len(page) < 5_000_000


def test_the_verdict_comes_first(page: bytes) -> None:
    """The first heading says how it stands, in words."""
    first = page.decode().split("<h1>")[1].split("</h1>")[0]
    assert first == "Stopped with work left: 98.0% is settled."


def test_the_books_are_shown_as_sums(page: bytes) -> None:
    """Each balance can be checked by eye."""
    text = Seen(page).text
    assert "rows read530pairs= 500duplicates+ 20rejected+ 7protected+ 3" in text
    assert "pairs500deleted= 390already gone+ 50failed+ 40unsettled+ 20" in text
    assert "The books are balanced" in text


def test_books_that_do_not_balance() -> None:
    """Wrong books are the verdict, whatever else there is."""
    good = findings()
    bad = replace(good.status, rows=replace(good.status.rows, duplicates=21))
    verdict = run_verdict(bad)
    assert verdict.tone is Tone.BAD
    assert verdict.headline.startswith("The books do not balance")
    assert b"The books are balanced" not in report_html(replace(good, status=bad), command)


def test_what_to_do_next() -> None:
    """Work left, failures and rejects each have their command, the most pressing first.

    What was stopped by a signal is no list for another job: the run itself goes on with it.
    """
    assert [one.command for one in next_steps(findings().status, command)] == [
        "bulkdel run purge.toml",
        "bulkdel export purge.toml --status failed --target zego --full --output failed-zego.csv",
        "bulkdel export purge.toml --rejects --output rejected.csv",
    ]
    running = [one.command for one in next_steps(findings(holder="process 7").status, command)]
    assert running[0] == "bulkdel status purge.toml --watch"
    assert "bulkdel run purge.toml" not in running


def test_the_charts_hold_what_was_noted(page: bytes) -> None:
    """Each chart is there for wide and narrow pages, names itself, and marks the hold."""
    text = page.decode()
    assert text.count('role="img"') == 2 * (1 + 2 * 2)
    assert text.count('class="series held"') == 4
    assert "zego: calls per second over time, beside the ceiling" in text
    assert "2026-11-21 22:25:31" in text  # the span of the hold, in the table
    assert "held by the provider" in Seen(page).text
    assert b">held by the provider</td>" in page  # in the rows of the chart, not as it is kept


def test_report_json_has_the_contract_s_keys() -> None:
    """The keys of status --json, and the run's identity."""
    figures = orjson.loads(report_json(findings()))
    assert figures["state"] == "stopped"
    assert figures["reason"] == "stopped by a signal"
    assert figures["rows"] == {
        "read": 530, "pairs": 500, "duplicates": 20, "rejected": 7, "protected": 3,
    }  # fmt: skip
    zego = figures["targets"]["zego"]
    keys = ("pairs", "batches", "deleted", "already_gone", "failed", "unsettled", "calls")
    assert [zego[key] for key in keys] == [500, 60, 390, 50, 40, 20, 950]
    assert [zego[key] for key in ("retries", "throttled", "lost_answers")] == [0, 1, 0]
    assert (zego["provider_name"], zego["region"], zego["app_id"]) == ("zego", "global", 1234567890)
    assert figures["plan_digest"] == "ab" * 32
    assert figures["ledger"] == {
        "lines": 980, "length": 123_456, "settlements": 90, "head": "cd" * 32, "sha256": "23" * 32,
    }  # fmt: skip
    assert figures["worst_accounts"][0]["failed"] == 31
    assert len(zego["timeline"]["spans"]) == 6
    assert zego["timeline"]["spans"][3]["held_ms"] == 10_000


def test_codes_in_words() -> None:
    """Each code once, with what was settled by it, what waits with it and what it sent again."""
    zego = orjson.loads(report_json(findings(info="so")))["targets"]["zego"]
    told_ = {one["code"]: one for one in zego["codes"]}
    assert told_[660500002]["failed"] == 40
    assert told_[660000001]["unsettled"] == 20
    assert told_[60007]["answers"] == 1
    assert told_[660500002]["words"] == "zego says 660500002"
    assert told_[660500002]["info"] == "so"


def test_files(tmp_path: Path) -> None:
    """Both files are for the owner only, replace older ones, and leave nothing beside them."""
    write_report(findings(), tmp_path, command)
    page, figures = write_report(findings(), tmp_path, command)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
    assert {path.stat().st_mode & 0o777 for path in (page, figures)} == {0o600}
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")
    with pytest.raises(WrongInput, match="cannot be written"):
        write_report(findings(), tmp_path / "none", command)


def test_hostile_text_is_whole_in_json() -> None:
    """report.json holds foreign text as it is."""
    figures = orjson.loads(report_json(findings()))
    assert figures["worst_accounts"][0]["account"] == HOSTILE


def test_every_key_is_documented() -> None:
    """What is written has a meaning in KEYS, and what is documented is written; version first."""
    figures = orjson.loads(report_json(findings()))
    assert undocumented(figures, KEYS) == set()
    assert unwritten(figures, KEYS) == set()
    assert next(iter(figures)) == "version"
    assert figures["version"] == VERSION


def test_an_auditor_finds_who_when_where_and_with_what(page: bytes) -> None:
    """Input with its digest, who agreed, version, host, command, settings, times: on one page."""
    text = Seen(page).text
    for fact in (
        "/jobs/pairs.csvcsv12,345" + "45" * 32,
        "2026-11-21 22:25:00 UTC, start 1: yes, typed at a terminal; anna (uid 1001) on purge-h",
        "1.2.3, Python 3.11.7bulkdel run purge.toml",
        "began2026-11-21 22:25:01 UTC",
        "endednot yet: work is left",
        "1 min 00 s at work; 1 min 00 s from beginning to end",
        "SHA-256 of those bytes " + "23" * 32,
        "at most 200 calls/s (documented: 200); 400 calls in flight",
        "key from the environment variable TENCENT_SECRET_KEY",
        "3 protected accounts (SHA-256 of the sorted list " + "ef" * 32,
        "/jobs/staff.txt, SHA-256 " + "01" * 32,
        "01:00-06:00 Asia/Singapore, outside it: exit; at most 5 h 00 min at a stretch",
    ):
        assert fact in re.sub(r"\s*\n\s*", "", text), fact


def test_what_failed_says_whether_it_is_still_there(page: bytes) -> None:
    """Each code that pairs failed with has its meaning for a purge; other codes have none."""
    text = Seen(page).text.replace("\n", "")
    assert "What the failures mean" in text
    assert "zego, code 660500002: zego says 660500002failed40 pairsstill there?not known" in text
    assert "whyZEGO says that a user of the pair is not registered" in text
    assert "sourceDeleteFriends and Return codes of the ZIM server API" in text
    zego = orjson.loads(report_json(findings()))["targets"]["zego"]
    told = {one["code"]: one["purge"] for one in zego["codes"]}
    assert told[660500002]["friendship"] == "not_known"
    assert told[660000001] is None


def test_a_run_without_failures_explains_none() -> None:
    """No chapter without anything in it."""
    made = findings()
    targets = tuple(replace(target, codes=()) for target in made.targets)
    page = report_html(replace(made, targets=targets), command)
    assert "What the failures mean" not in Seen(page).text


def test_what_no_call_has_answered_is_not_a_code() -> None:
    """Pairs that wait without an answer stand beside those with a code; together all that is left.

    Code 0 is no answer that a pair can wait with.
    """
    zego = next(one for one in findings(unsettled=(0, 6)).targets if one.status.name == "zego")
    waiting = {one.code: (one.words, one.unsettled) for one in zego.codes if one.unsettled}
    assert waiting == {NEVER_SENT: ("not sent yet", 20)}
    assert sentences.shown(NEVER_SENT) == "-"


def test_each_target_says_what_it_does() -> None:
    """A running run shows each target's state in the words of every screen; a finished one none."""
    running = Seen(report_html(findings(holder="process 7"), command)).text
    lane = findings(holder="process 7").status.targets[1].lane
    assert lane_words(lane, 0).words in running
    assert sentences.states(front.status(front.job(), front.plan(front.job(), ROWS, {}), {})) == []


def test_a_sitting_of_an_older_version_is_not_made_up() -> None:
    """What was not recorded is said to be so, on the page and in JSON."""
    old = replace(SITTING, circumstances=None, agreed_in=None)
    made = findings()
    made = replace(
        made,
        sittings=tuple(replace(one, record=old) for one in made.sittings),
        agreements=(),
    )
    text = Seen(report_html(made, command)).text
    assert "agreed" + NOT_RECORDED in text.replace("\n", "")
    assert "Settings of" not in text
    (sitting,) = orjson.loads(report_json(made))["sittings"]
    assert (sitting["pid"], sitting["host"], sitting["settings"]) == (4711, None, None)
    assert undocumented(orjson.loads(report_json(made)), KEYS) == set()
