"""How a canary went, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.job.beside import Then
from bulkdel.job.job import Canary
from bulkdel.report.canary import (
    CanaryTarget,
    canary_fact,
    canary_faults,
    canary_lines,
    canary_question,
)
from bulkdel.words import Operation
from tests.support import front

FRIENDS, LISTS = Operation.DELETE_FRIENDS, Operation.DELETE_ALL_FRIENDS
GOOD = CanaryTarget(name="tencent", accounts=20, deleted=140, gone=140)


def test_a_canary_as_it_should_be_has_no_fault() -> None:
    """Pairs that were gone before are none, nor are failures that the job allows."""
    mixed = replace(GOOD, deleted=100, already_gone=38, failed=2, gone=138)
    assert canary_faults([GOOD, mixed], 2, FRIENDS) == {}
    (line,) = canary_lines([mixed], FRIENDS)
    assert line.startswith("tencent: 20 accounts; 100 deleted, 38 already gone, 2 failed; ")
    assert line.endswith("asked afterwards: 138 of 138 pairs are gone")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (replace(GOOD, gone=139, remains=1, example="a → b"), "1 pair of the canary are still"),
        (replace(GOOD, gone=137, unknown=3, example="a → b"), "3 pairs of the canary could not be"),
        (replace(GOOD, deleted=138, failed=2), "2 pairs of the canary failed, more than"),
    ],
)
def test_each_fault_is_named(target: CanaryTarget, words: str) -> None:
    """At which target, how many, and of what one may look at first an example."""
    ((name, fault),) = canary_faults([GOOD, replace(target, name="zego")], 1, FRIENDS).items()
    assert name == "zego"
    assert fault.startswith(words)
    assert target.example in fault


def test_lists_are_called_what_they_are() -> None:
    """Where whole lists are cleared, it is accounts that are counted."""
    (fault,) = canary_faults([replace(GOOD, remains=2)], 0, LISTS).values()
    assert "2 accounts of the canary still have friends on their lists" in fault
    assert canary_question(1, LISTS) == "Go on with the other 1 account? Type yes to go on: "


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (Then.ASK, "the rest once somebody has said yes"),
        (Then.GO, "they are done, the rest"),
        (1800.0, "after 30 min 00 s the rest"),
    ],
)
def test_what_a_yes_agrees_to_says_what_follows(
    tmp_path: Path, then: Then | float, words: str
) -> None:
    """Beside what is deleted stands what goes first, and what lets the rest on."""
    job = front.job(front.tencent(), run_dir=tmp_path)
    assert list(canary_fact(job)) == []
    ((name, said),) = canary_fact(replace(job, canary=Canary(accounts=20, then=then)))
    assert name == "canary"
    assert said.startswith("20 accounts of each target first, drawn at random; ")
    assert said.endswith(words)
