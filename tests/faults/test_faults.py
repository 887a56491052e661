"""Each system call of a command fails once: an honest end, and the same command sets all right."""

from __future__ import annotations

import errno
import signal

import pytest

from tests.faults.choose import faults, sample, signalled
from tests.faults.situations import SITUATIONS, Situation
from tests.faults.tracer import Fault
from tests.faults.trial import NOT_REACHED, Place

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

BY_NAME = {situation.name: situation for situation in SITUATIONS}
SEED = 20261122

ONCE_WRONG = (
    ("run", "openat", "./runs/job/lock", 1, errno.EMFILE),
    ("run", "flock", "./runs/job/lock", 1, errno.ENOLCK),
    ("run", "bind", "<unix>", 1, errno.EOPNOTSUPP),
    ("run", "unlink", "./runs/job/control.sock", 2, errno.EACCES),
    ("run", "openat", "./runs/job/run.log", 1, errno.EIO),
    ("run", "openat", "./input", 1, errno.EIO),
    ("run", "read", "./input/#.jsonl.gz", 2, errno.ESTALE),
    ("run", "openat", "./runs/job/.planning/index-#", 1, errno.ENFILE),
    ("run", "fsync", "./runs/job/ledger.jsonl", 3, errno.EINVAL),
    ("run", "openat", "./runs/job/rejects.jsonl", 1, errno.EIO),
    ("run", "close", "./runs/job/ledger.jsonl", 2, errno.EIO),
    ("run", "close", "./runs/job/.planning/rows", 1, errno.ENOSPC),
    ("rejects", "close", "./", 1, errno.EDQUOT),
    ("continued", "openat", "./input", 1, errno.EACCES),
    ("continued", "openat", "./runs/job/rates.json", 1, errno.EACCES),
    ("continued", "openat", "./runs/job/plan.parquet", 3, errno.ESTALE),
    ("cleared", "close", "./runs/all/run.log", 1, errno.EIO),
    ("check", "epoll_ctl", "<eventpoll>", 4, errno.ENOMEM),
    ("plan", "fcntl", "./runs/job/.planning/staged", 1, errno.ENOLCK),
    ("verify", "openat", "./runs/job/lock", 2, errno.ENFILE),
    ("planned", "newfstatat", "./runs/job/lock", 6, errno.EIO),
    ("continued", "newfstatat", "./input", 1, errno.EIO),
    ("run", "stat", "./runs/job/plan.parquet", 2, errno.EIO),
)
"""Faults that once ended in a crash, a false word or the wrong exit code."""


def test_a_call_interrupted_or_half_done_is_nobodys_trouble(place: Place) -> None:
    """A call that is interrupted, or does half of what it should, is nobody's trouble."""
    wrong = []
    for fault in (
        Fault(call="pwrite64", where="./runs/job/ledger.jsonl", nth=1, short=True),
        Fault(call="fsync", where="./runs/job/ledger.jsonl", nth=1, errno=errno.EINTR),
        Fault(call="read", where="./input/#.csv", nth=1, short=True),
        Fault(call="read", where="./input/#.jsonl.gz", nth=1, errno=errno.EINTR),
        Fault(call="openat", where="./input", nth=1, errno=errno.EINTR),
        Fault(call="sendto", where="<socket>", nth=1, short=True),
        Fault(call="recvfrom", where="<socket>", nth=1, errno=errno.EINTR),
    ):
        wrong += _wrong(place, BY_NAME["run"], fault)
    assert not wrong


@pytest.mark.parametrize("once", ONCE_WRONG, ids=lambda once: "-".join(map(str, once)))
def test_what_once_went_wrong_does_not_again(
    place: Place, once: tuple[str, str, str, int, int]
) -> None:
    """An honest end, and the same command sets all right."""
    name, call, where, nth, number = once
    fault = Fault(call=call, where=where, nth=nth, errno=number)
    assert not _wrong(place, BY_NAME[name], fault)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_any_call_may_fail_once(
    place: Place, situation: Situation, pytestconfig: pytest.Config
) -> None:
    """Whatever fails once: it is said, nobody else is blamed, and nothing is lost or done twice."""
    many = pytestconfig.getoption("--faults", default=1)
    among = list(faults(place.traced(situation).calls))
    wrong = []
    for fault in sample(among, many, SEED):
        wrong += _wrong(place, situation, fault)
    assert not wrong


def test_a_signal_at_any_moment(place: Place) -> None:
    """A signal, or two, at any moment: 75 with work left, or the end that it would have had."""
    situation = BY_NAME["run"]
    traced = place.traced(situation, warm=False)
    for fault in signalled(traced.ready, traced.stops, 3, SEED):
        assert not place.wrong(situation, fault, warm=False), fault


def test_two_signals_at_once(place: Place) -> None:
    """The second one finds a handler, whatever the first one has set going: never -15."""
    situation = BY_NAME["run"]
    traced = place.traced(situation, warm=False)
    moment = (traced.ready + traced.stops) // 2
    both = (int(signal.SIGTERM), int(signal.SIGHUP))
    fault = Fault(call="*", where="*", nth=moment, signals=both)
    assert not place.wrong(situation, fault, warm=False)


def _wrong(place: Place, situation: Situation, fault: Fault) -> list[str]:
    """What went wrong, with the fault; a call that no longer comes so often is no matter."""
    wrong = place.wrong(situation, fault)
    return [] if wrong == [NOT_REACHED] else [f"{situation.name}, {fault}: {one}" for one in wrong]
