"""What is wrong is said in one sentence with its exit code, and nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.judge import Judge
from tests.support.process import KEY, Done, Place, csv_text, statuses, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [("alice", "bob"), ("alice", "carol"), ("dave", "bob")]

Arrange = Callable[[Place, str], str]
"""Puts everything into a place, given the judge's address; returns the job file's text."""


def with_input(content: str | bytes) -> Arrange:
    """A good job with this input."""

    def arrange(place: Place, address: str) -> str:
        place.write("pairs.csv", content)
        return toml(address)

    return arrange


def with_job(text: Callable[[str], str]) -> Arrange:
    """A good input with this job file."""

    def arrange(place: Place, address: str) -> str:
        place.write("pairs.csv", csv_text(PAIRS))
        return text(address)

    return arrange


WRONG: dict[str, tuple[Arrange, str]] = {
    "missing file": (
        with_job(lambda at: toml(at, files='"nowhere.csv"')),
        r"nowhere\.csv: no such file",
    ),
    "no match": (with_job(lambda at: toml(at, files='"*.tsv"')), r"\*\.tsv: no file matches"),
    "empty file": (with_input(""), r"pairs\.csv"),
    "header only": (with_input("From_Account,To_Account\n"), r"pairs\.csv: there are no rows"),
    "binary file": (with_input(bytes(range(256)) * 64), r"pairs\.csv"),
    "missing column": (with_input("From_Account,Friend\na,b\n"), r"pairs\.csv.*To_Account"),
    "broken TOML": (with_job(lambda at: toml(at) + "[guards\n"), r"job\.toml.*line \d+"),
    "unknown key": (with_job(lambda at: toml(at, head="operatoin = 1")), r"job\.toml: operatoin"),
    "mode absent": (
        with_job(lambda at: toml(at).replace('mode = "one_way"', "")),
        r"mode is missing.*one_way.*two_way",
    ),
    "wrong mode": (
        with_job(lambda at: toml(at, mode="both")),
        r'mode.*"both".*"one_way" or "two_way"',
    ),
    "batch size over the provider's": (
        with_job(lambda at: toml(at, tencent="batch_size = 1001")),
        r"targets\.tencent\.batch_size is 1001.*1…1000",
    ),
    "batch size over ZEGO's": (
        with_job(lambda at: toml(at, zego="batch_size = 51")),
        r"targets\.zego\.batch_size is 51.*1…50",
    ),
    "qps zero": (with_job(lambda at: toml(at, tencent="qps = 0")), r"targets\.tencent\.qps is 0"),
    "qps negative": (with_job(lambda at: toml(at, tencent="qps = -5")), r"targets\.tencent\.qps"),
    "wrong region": (
        with_job(lambda at: toml(at, tencent='region = "atlantis"')),
        r'targets\.tencent\.region is "atlantis".*"singapore"',
    ),
    "secret in the job file": (
        with_job(lambda at: toml(at, tencent='secret = "abc"')),
        r"targets\.tencent\.secret",
    ),
    "timeout under the provider's own": (
        with_job(lambda at: toml(at, tail="[retry]\ntimeout_s = 3\n")),
        r"retry\.timeout_s is 3.*above 3",
    ),
    "real http address": (
        with_job(lambda _: toml("http://example.invalid")),
        r"targets\.tencent\.endpoint.*plain http goes to this machine only",
    ),
    "a list of accounts with a To column": (
        with_job(lambda at: toml(at, operation="delete_all_friends")),
        r"pairs\.csv.*To_Account.*accounts_only",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_one_sentence(place: Place, idle_judge: Judge, what: str) -> None:
    """Exit 2, one sentence naming what and where, no traceback, nothing sent."""
    arrange, says = WRONG[what]
    place.write("job.toml", arrange(place, idle_judge.address))
    refuses(place.run("run", "job.toml"), idle_judge, 2, says)


def refuses(done: Done, judge: Judge, code: int, says: str) -> None:
    """That a run ended so, and that the judge saw nothing of it."""
    assert done.code == code, done.err
    assert re.search(says, done.complaint), done.complaint
    assert done.complaint.endswith((".", "?"))
    assert done.out == ""
    assert judge.calls == 0


def test_a_missing_job_file_is_named(place: Place) -> None:
    """A job file that is not there: exit 2, by name."""
    done = place.run("run", "nowhere.toml")
    assert (done.code, done.out) == (2, "")
    assert "nowhere.toml" in done.complaint


def test_a_secret_that_is_not_set_is_named(place: Place, idle_judge: Judge) -> None:
    """A secret that is not in the environment: exit 2, the variable is named."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml(idle_judge.address))
    done = Place(place.folder, secret="").run("run", "job.toml")
    refuses(done, idle_judge, 2, f"targets.tencent.secret_env.*{KEY} is not set")


def test_more_pairs_than_allowed_are_not_sent(place: Place, idle_judge: Judge) -> None:
    """More pairs than guards.max_pairs: exit 3 naming the key, nothing sent, `plan` shows it."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml(idle_judge.address, tail="[guards]\nmax_pairs = 2\n"))
    refuses(place.run("run", "job.toml"), idle_judge, 3, r"guards\.max_pairs")
    assert place.run("plan", "job.toml").code == 0
    refuses(place.run("run", "job.toml"), idle_judge, 3, r"guards\.max_pairs")


def test_a_real_endpoint_without_a_terminal_needs_yes(place: Place) -> None:
    """Nobody can be asked and --yes is not given: exit 2 after showing what it would do."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("job.toml", toml("https://example.invalid"))
    done = place.run("run", "job.toml")
    assert done.code == 2
    assert "--yes" in done.complaint
    assert "nothing was sent" in done.complaint
    assert "example.invalid" in done.err
    assert done.out == ""
    told = place.status()
    assert told["state"] == "planned"
    assert told["targets"]["tencent"]["calls"] == 0


def test_wrong_key_costs_few_calls(place: Place) -> None:
    """A wrong key may be a new one: five calls in half a minute, then exit 77; others finish."""
    pairs = [(f"from{n}", f"to{n}") for n in range(30)]
    place.write("pairs.csv", csv_text(pairs))
    refused = Judge({"tencent": pairs}, secret="another key altogether, of 32 b.")
    with refused as refusing, Judge({"zego": pairs}) as accepting:
        zego = toml(accepting.address, tencent=None, zego="").partition("[targets")
        place.write("job.toml", toml(refusing.address) + zego[1] + zego[2])
        done = place.run("run", "job.toml")
        assert done.code == 77, done.err
        assert accepting.seen("zego").left == frozenset()
        assert accepting.calls == 30
        assert refusing.calls == 5
        assert refusing.seen("tencent").left == set(pairs)
    assert statuses(place.folder / "runs/job", "zego") == {"deleted": 30}
    assert statuses(place.folder / "runs/job", "tencent") == {}
    assert "Tencent Chat refused" in done.out
    with Judge({"tencent": pairs, "zego": []}) as mended:
        place.write("job.toml", toml(mended.address, zego=""))
        done = place.run("run", "job.toml")
        assert done.code == 0, done.err
        assert mended.seen("tencent").left == frozenset()
        assert mended.seen("zego").calls == 0
