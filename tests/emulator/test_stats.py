"""The counters tell what arrived, and remember no more than they should."""

from __future__ import annotations

import pytest

from bulkdel.emulator import stats as stats_module
from bulkdel.emulator.stats import Logged, Stats
from bulkdel.emulator.wire import Action, Reading


def asked(account: str, *ids: str) -> Reading:
    """A deletion."""
    return Reading(action=Action.DELETE, account=account, ids=ids)


def test_arrivals_in_a_second() -> None:
    """Whole seconds and any second are counted apart: a burst across two is seen."""
    stats = Stats()
    for moment in (10.0, 10.75, 10.875, 11.0, 11.125, 12.5):
        stats.arrived(asked("a"), moment)
    assert stats.most_in_a_second == 3
    assert stats.most_in_any_second == 4


def test_the_log_keeps_the_latest_or_nothing() -> None:
    """Off by default; bounded; or everything."""
    kept = [Stats(log=log) for log in (0, 2, None)]
    for stats in kept:
        for n in range(1, 4):
            stats.arrived(asked("a", "b", "c"), float(n))
    assert [len(stats.log) for stats in kept] == [0, 2, 3]
    assert kept[1].log[0] == Logged(number=2, at=2.0, action=Action.DELETE, account="a", ids=2)


def test_accounts_are_counted_up_to_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further accounts only add to the total."""
    monkeypatch.setattr(stats_module, "ACCOUNTS_CAP", 2)
    stats = Stats()
    for account in ("a", "b", "c", "a"):
        stats.arrived(asked(account), 1.0)
    assert stats.received == 4
    assert stats.as_dict()["busiest"] == {"a": 2, "b": 1}
