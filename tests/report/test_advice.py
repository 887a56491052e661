"""Advice on clearing whole lists: exact figures, what it destroys besides, and never more."""

from __future__ import annotations

from collections.abc import Mapping

from bulkdel.job.job import Job
from bulkdel.plan.values import Heavy
from bulkdel.report.preview import Preview
from bulkdel.report.text.confirm import confirm_text
from bulkdel.report.text.preview import plan_text
from bulkdel.words import Mode, Operation
from tests.support import front

ROWS = front.books(read=50_000, pairs=50_000)
HEAVY = {
    "tencent": Heavy(accounts=2, pairs=3211, batches=5),
    "zego": Heavy(accounts=1204, pairs=38_112, batches=3005),
}


BATCHES = {"tencent": 30, "zego": 18_010}
"""So few that clearing lists saves a tenth of them."""


def shown(job: Job, heavy: Mapping[str, Heavy], batches: Mapping[str, int] = BATCHES) -> str:
    """The page of `plan` with blanks and line ends made single."""
    plan = front.plan(job, ROWS, batches, heavy=heavy)
    return " ".join(plan_text(job, Preview(meta=plan), 80).split())


def test_both_ways_are_shown_for_each_target() -> None:
    """Accounts, pairs and calls as planned; beneath, a call an account; and what that saves.

    3,005 calls at 20/s are 150.25 s, 1,204 are 60.2 s: 90.05 s less.
    """
    told = shown(front.job(front.tencent(), front.zego()), HEAVY)
    assert "more pairs here than one call carries (1,000 at tencent, 20 at zego):" in told
    assert "tencent 2 accounts, 3,211 pairs 5 1 s" in told
    assert "their whole lists, by delete_all_friends 2 1 s" in told
    assert "zego 1,204 accounts, 38,112 pairs 3,005 2 min 31 s" in told
    assert "their whole lists, by delete_all_friends 1,204 1 min 01 s" in told
    assert "At tencent delete_all_friends would save 3 of 30 calls, 1 s." in told
    assert "At zego delete_all_friends would save 1,801 of 18,010 calls, 1 min 31 s." in told


def test_only_targets_with_such_accounts_are_named() -> None:
    """A target whose calls carry every account's pairs needs no advice."""
    job = front.job(front.tencent(), front.zego())
    told = shown(job, {"zego": HEAVY["zego"]})
    assert "(20 at zego)" in told
    assert "At tencent delete_all_friends" not in told
    assert "delete_all_friends" not in shown(job, {})


def test_what_saves_little_is_not_offered() -> None:
    """Less than a tenth of a target's calls is not worth a word: 3 of 31, or 1,801 of 18,011."""
    job = front.job(front.tencent(), front.zego())
    told = shown(job, HEAVY, {"tencent": 31, "zego": 18_010})
    assert "(20 at zego)" in told
    assert "At tencent delete_all_friends" not in told
    assert "delete_all_friends" not in shown(job, HEAVY, {"tencent": 31, "zego": 18_011})
    assert "delete_all_friends" not in shown(job, HEAVY, {"tencent": 0, "zego": 0})


def test_what_it_destroys_besides_is_said() -> None:
    """All that the input does not name goes too, on the lists that the mode reaches."""
    two_way = shown(front.job(front.tencent()), HEAVY)
    assert "would destroy besides every friendship of these accounts that the input" in two_way
    assert "on their own lists and on those of the friends" in two_way
    assert "bulkdel never switches by itself" in two_way
    assert 'a job of its own, operation = "delete_all_friends"' in two_way
    assert "protected" not in two_way.partition("Some accounts")[2]
    one_way = shown(front.job(front.tencent(), mode=Mode.ONE_WAY), HEAVY)
    assert "on their own lists only, nobody else's is touched" in one_way
    guarded = shown(front.job(front.tencent(), protect=("admin",)), HEAVY)
    assert "does not name, also those with protected accounts" in guarded


def test_no_rate_is_promised_that_nobody_gave() -> None:
    """The call's own ceiling holds where the target's rate is above it: 2 calls at 200/s.

    5 calls at 1,000/s take 5 ms, 2 at 200/s take 10 ms: fewer calls and no time saved.
    """
    told = shown(front.job(front.tencent(qps=1000)), HEAVY)
    assert "At tencent delete_all_friends would save 3 of 30 calls." in told
    slow = shown(front.job(front.tencent(qps=0.1)), HEAVY)
    assert "by delete_all_friends 2 20 s" in slow
    assert "would save 3 of 30 calls, 30 s." in slow


def test_only_plan_advises() -> None:
    """Whoever is about to agree to one deletion is not offered a larger; sweeps need no advice."""
    job = front.job(front.tencent())
    plan = front.plan(job, ROWS, {"tencent": 21_936}, heavy=HEAVY)
    assert "delete_all_friends" not in confirm_text(job, plan, 80)
    sweeping = front.job(front.tencent(), operation=Operation.DELETE_ALL_FRIENDS)
    assert "Some accounts" not in shown(sweeping, HEAVY)
