"""What to do next: each end of a run has its first step, and none of them harms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.ledger.history import Carried, CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.providers import PROVIDERS
from bulkdel.report.next_steps import FILES_MOST, next_steps, steps_after
from bulkdel.report.status import Status, at_rest
from bulkdel.send.state import Doing, End, LaneState
from bulkdel.send.view import Ending, LaneEnd
from tests.support import front
from tests.support.findings import command

UNEXPLAINED = 47110


def stopped(end: End, *, code: int = UNEXPLAINED, waiting: int = 5, carried: int = 5) -> Status:
    """A run of ten pairs whose only target ended so: `waiting` of the 5 left got the code."""
    job = front.job(front.tencent())
    plan = front.plan(job, front.books(read=10, pairs=10), {"tencent": 1})
    state = LaneState(doing=Doing.ENDED, end=end, code=code)
    status = front.status(
        job,
        plan,
        {"tencent": Counters(deleted=5, calls=1)},
        unsettled=(CodeCount(target="tencent", code=code, info="no", pairs=waiting),),
        lanes={"tencent": at_rest("tencent", qps=200, state=state)},
    )
    target = replace(status.targets[0], carried=Carried(first=carried))
    return replace(status, targets=(target,))


def verbs(status: Status) -> list[str]:
    """Of the commands, in their order; a step without one is a *."""
    return [(one.command.split() or ["", "*"])[1] for one in next_steps(status, command)]


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (End.REFUSED, ["*", "check", "run"]),
        (End.GUARD, ["status", "run"]),
        (End.STORAGE, ["run"]),
        (End.DOWN, ["check", "run"]),
        (End.LEFT, ["run", "export", "close"]),
        *((end, ["run"]) for end in (End.STOPPED, End.LIMIT, End.WINDOW, End.DURATION)),
        *((end, ["run"]) for end in (End.CRASHED, End.GONE)),
    ],
)
def test_the_first_step_of_each_end(end: End, expected: list[str]) -> None:
    """What must be looked at comes first; only used-up tries may lead to giving up."""
    assert verbs(stopped(end)) == expected


@pytest.mark.parametrize(
    ("code", "waiting", "carried"),
    [
        (30006, 5, 5),  # a server's trouble
        (60011, 5, 5),  # throttled
        (70009, 5, 5),  # credentials
        (503, 5, 5),  # a status of HTTP
        (-1, 5, 5),  # no answer
        (0, 5, 5),  # never left
        (UNEXPLAINED, 4, 5),  # one has another code
        (UNEXPLAINED, 5, 4),  # one was never sent, though its batch was
    ],
)
def test_close_is_not_offered(code: int, waiting: int, carried: int) -> None:
    """As long as anything is left that a later try may settle."""
    left = stopped(End.LEFT, code=code, waiting=waiting, carried=carried)
    assert "close" not in verbs(left)


def test_close_says_how_many_pairs_it_would_settle() -> None:
    """Where it is offered, with the code that they were answered with."""
    last = [*next_steps(stopped(End.LEFT), command)][-1]
    assert "5 pairs" in last.words
    assert str(UNEXPLAINED) in last.words


def test_an_app_that_is_not_let_in_is_put_right_first() -> None:
    """Also where the provider calls it a failure of its own, and the tries were used up."""
    left = stopped(End.LEFT, code=70001)
    assert verbs(left)[:3] == ["*", "check", "run"]
    assert "set this machine's clock" in next(iter(next_steps(left, command))).words


def test_what_settles_or_passes_is_no_reason_to_give_up() -> None:
    """No documented code may last but those that concern something else than deletions."""
    for provider in PROVIDERS.values():
        for code, meaning in provider.codes.meanings.items():
            assert provider.codes.may_last(code) is not meaning.known
        assert not any(map(provider.codes.may_last, (-3, -2, -1, 0, 200, 429, 503)))


def test_a_run_that_could_not_write_its_end_is_run_again() -> None:
    """Where nothing is left, but the disk took no more: the same command ends what was begun."""
    job = front.job(front.tencent())
    plan = front.plan(job, front.books(read=10, pairs=10), {"tencent": 1})
    done = front.status(job, plan, {"tencent": Counters(deleted=10, calls=1)})
    lane = LaneEnd(target="tencent", end=End.STORAGE, words="the disk is full")
    steps = list(steps_after(Ending(lanes=(lane,)), done, command, again="bulkdel run x"))
    asking = "bulkdel verify purge.toml --remote"
    assert [one.command for one in steps] == ["bulkdel run x", asking]


def test_a_job_of_many_targets_gets_few_commands() -> None:
    """The others are named, so that nothing is forgotten and the screen stays readable."""
    status = stopped(End.LEFT)
    many = tuple(replace(status.targets[0], name=f"t{n}") for n in range(9))
    steps = [
        one
        for one in next_steps(replace(status, targets=many), command)
        if " export " in one.command
    ]
    assert len(steps) == FILES_MOST
    assert "t8" in steps[-1].words
