"""Who, when and how: the words of a run's record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.ledger.circumstances import Agreement, Circumstances
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.report import record
from bulkdel.report.facts import RunFacts, SittingFacts
from bulkdel.report.report_json import KEYS
from tests.support.build import CIRCUMSTANCES, SETTINGS
from tests.support.findings import BEGAN_MS, SITTING, findings

HOUR_MS = 3_600_000


def sitting(number: int = 1, agreed_in: int | None = 1, **changes: object) -> SittingRecord:
    """A sitting that began so, an hour after the one before."""
    known = replace(CIRCUMSTANCES, **changes)  # type: ignore[arg-type]
    began_ms = BEGAN_MS + (number - 1) * HOUR_MS
    return replace(
        SITTING,
        number=number,
        started_ms=began_ms,
        ended_ms=began_ms + 60_000,
        circumstances=known,
        agreed_in=agreed_in,
    )


def facts_of(*records: SittingRecord, seen_s: int = 60, count: int = 0) -> RunFacts:
    """A run of these sittings; each was seen at work for so many seconds."""
    shown = tuple(
        SittingFacts(
            record=one,
            seen_ms=one.started_ms + seen_s * 1000,
            works=False,
            why="",
            settled=0,
            calls=0,
        )
        for one in records
    )
    agreeing = tuple(one for one in records if one.agreed_in == one.number)
    made = findings()
    times = replace(made.times, ended_ms=shown[-1].seen_ms, worked_ms=len(shown) * seen_s * 1000)
    return replace(
        made,
        sittings=shown,
        agreements=agreeing,
        sitting_count=count or len(shown),
        times=times,
    )


@pytest.mark.parametrize("how", Agreement)
def test_every_agreement_has_words(how: Agreement) -> None:
    """However somebody agreed, it is said in words; an earlier one names its sitting."""
    said = record.agreement(sitting(agreement=how))
    assert said
    assert ("start 1" in said) == (how is Agreement.EARLIER)
    assert said != record.NOT_RECORDED


def test_an_agreement_to_an_older_version_is_not_made_up() -> None:
    """Where an older version asked, nobody knows who answered."""
    later = sitting(2, None, agreement=Agreement.EARLIER, agreed_ms=None)
    assert "did not record it" in record.agreement(later)
    assert list(record.confirmed(facts_of(later))) == [record.NOT_RECORDED]


def test_who_agreed_is_named_once_for_all_sittings() -> None:
    """The sitting that asked is named with its moment; those that went on are not."""
    later = sitting(2, agreement=Agreement.EARLIER, agreed_ms=None)
    (said,) = record.confirmed(facts_of(sitting(), later))
    assert said.startswith("2026-11-21 22:25:00 UTC, start 1: yes, typed at a terminal; anna ")


def test_a_trial_is_said_once() -> None:
    """Of a hundred trials none was agreed to by anybody."""
    trials = [sitting(number, number, agreement=Agreement.TRIAL) for number in range(1, 9)]
    assert len(list(record.confirmed(facts_of(*trials)))) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "anna (uid 1001) on purge-host, process 4711"),
        ({"user": ""}, "uid 1001 on purge-host, process 4711"),
    ],
)
def test_who(changes: dict[str, object], words: str) -> None:
    """The user by name and number; a container's user may have a number alone."""
    assert record.who(sitting(**changes)) == words  # type: ignore[arg-type]


def test_the_time_at_work_is_not_the_time_between() -> None:
    """Two sittings of a minute, an hour apart, are two minutes of work in an hour and a minute."""
    took = dict(record.course(facts_of(sitting(1), sitting(2))))["took"]
    assert took == "2 min 00 s at work in 2 starts; 1 h 01 min from beginning to end"


def test_a_killed_process_counts_until_it_was_last_seen() -> None:
    """And that is said; so is that not all sittings are shown."""
    dead = replace(sitting(), ended_ms=None)
    took = dict(record.course(facts_of(dead, count=9)))["took"]
    assert "in the last 1 of 9 starts" in took
    assert "killed counts until its last note" in took


@pytest.mark.parametrize(("holder", "seen_s"), [("", 60), ("process 7", 90)])
def test_when_a_process_without_an_end_was_last_seen(holder: str, seen_s: int) -> None:
    """A dead one was at work until its last span, one that works until now; it has no end."""
    made = findings(holder=holder, sitting=replace(SITTING, ended_ms=None))
    (one,) = made.sittings
    assert one.works == bool(holder)
    assert one.seen_ms == made.times.ended_ms == BEGAN_MS + seen_s * 1000
    assert made.times.worked_ms == seen_s * 1000


def test_settings_are_told_once_for_sittings_that_share_them() -> None:
    """Sittings in a row with the same settings are one stretch; one that closes has none."""
    slow = {**SETTINGS.targets, "zego": replace(SETTINGS.targets["zego"], qps=5)}
    other = replace(SETTINGS, targets=slow)
    told = record.settings_in_force(
        facts_of(
            sitting(1),
            sitting(2),
            sitting(3, settings=other),
            sitting(4, settings=None, sends=False),
        )
    )
    assert [numbers for numbers, _ in told] == ["starts 1 to 2", "start 3"]
    assert dict(told[1][1])["zego"].startswith("at most 5 calls/s (documented: 20)")


def test_a_setting_that_is_not_there_is_said() -> None:
    """No bound, no window, no proxy, no secret of an emulator: each has its words."""
    bare = replace(
        SETTINGS,
        targets={
            "t": replace(
                SETTINGS.targets["zego"],
                address="",
                secret_env=None,
                secret_file="/etc/key",  # a path
                proxy="http://proxy.corp:3128",
            )
        },
        guards=replace(
            SETTINGS.guards, protected_accounts=0, max_pairs=None, max_failure_ratio=None
        ),
        schedule=replace(SETTINGS.schedule, window=None, timezone=None, max_duration_s=None),
    )
    rows = dict(record.settings_rows(bare))
    assert "an emulator inside the process" in rows["t"]
    assert "through the proxy http://proxy.corp:3128" in rows["t"]
    assert "key from the file /etc/key" in rows["t"]
    assert rows["guards"] == "0 protected accounts; max_pairs: none; max_failure_ratio: none"
    assert rows["schedule"] == "always"


def test_a_program_has_no_command() -> None:
    """The library's caller is named as such; what was not recorded, as not recorded."""
    assert "library" in record.command(sitting(command=""))
    nothing = replace(SITTING, circumstances=None)
    assert record.command(nothing) == record.versions(nothing) == record.NOT_RECORDED


def test_circumstances_have_no_field_that_is_not_told() -> None:
    """Every field of the journal's row is a key of report.json."""
    told = {key.removeprefix("sittings[].").split(".")[0] for key in KEYS}
    fields = set(Circumstances.__dataclass_fields__) - {"agreed_ms"}
    assert fields <= told
