"""Fault texts mean what the manual says, and wrong ones are told what is wrong."""

from __future__ import annotations

import re

import pytest

from bulkdel.cli.emulator import EPILOG
from bulkdel.emulator.faults import (
    CUT_AFTER,
    CUT_BEFORE,
    Always,
    Cut,
    Fate,
    Fault,
    Form,
    Latency,
    Listing,
    Only,
    Pretended,
    Seeded,
    SeededItems,
    Span,
    Together,
)
from bulkdel.emulator.faulttext import parse_faults
from bulkdel.emulator.limits import RateLimit, Spell
from bulkdel.emulator.wire import Action

TENCENT = frozenset({"tencent"})
ZEGO = frozenset({"zego"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "30006:0.05",
            Only(
                fault=Seeded(odds=0.05, fate=Fate(done=False, code=30006)),
                providers=TENCENT,
            ),
        ),
        (
            "660000001-after",
            Only(fault=Always(fate=Fate(code=660000001)), providers=ZEGO),
        ),
        ("424242", Always(fate=Fate(done=False, code=424242))),
        (
            "424242,provider=zego,provider=tencent",
            Only(
                fault=Always(fate=Fate(done=False, code=424242)),
                providers=TENCENT | ZEGO,
            ),
        ),
        (
            "item30006:0.02",
            Only(fault=SeededItems(code=30006, odds=0.02), providers=TENCENT),
        ),
        (
            "item660800034-after,id=bob",
            Only(
                fault=SeededItems(code=660800034, ids=frozenset({"bob"}), done=True),
                providers=ZEGO,
                ids=frozenset({"bob"}),
            ),
        ),
        (
            "http429:0.01,retry_after=2",
            Seeded(odds=0.01, fate=Fate(done=False, status=429, retry_after_s=2)),
        ),
        ("http502-after", Always(fate=Fate(status=502))),
        ("cut-before", Always(fate=CUT_BEFORE)),
        ("cut-after", Always(fate=CUT_AFTER)),
        ("cut-within", Always(fate=Fate(cut=Cut.MIDWAY))),
        ("hang", Always(fate=Fate(done=False, cut=Cut.SILENT, before_s=60))),
        ("hang-before:0.5,for=30", Seeded(odds=0.5, fate=Fate(before_s=30))),
        ("hang-after,for=30", Always(fate=Fate(after_s=30))),
        ("garbage", Always(fate=Fate(form=Form.GARBAGE))),
        ("truncated-before", Always(fate=Fate(done=False, form=Form.TRUNCATED))),
        ("empty-after", Always(fate=Fate(form=Form.EMPTY))),
        ("not-object", Always(fate=Fate(form=Form.NOT_OBJECT))),
        ("huge", Always(fate=Fate(form=Form.HUGE))),
        ("missing", Always(fate=Fate(listing=Listing.MISSING))),
        ("extra", Always(fate=Fate(listing=Listing.EXTRA))),
        ("duplicate", Always(fate=Fate(listing=Listing.DUPLICATE))),
        ("shuffled", Always(fate=Fate(listing=Listing.SHUFFLED))),
        ("changed", Always(fate=Fate(listing=Listing.CHANGED))),
        (
            "pretend:0.1,action=add",
            Only(fault=Pretended(odds=0.1), actions=frozenset({Action.ADD})),
        ),
        (
            "pretend,id=bob",
            Only(fault=Pretended(ids=frozenset({"bob"})), ids=frozenset({"bob"})),
        ),
        ("latency:0.05", Latency(least_s=0.05, most_s=0.05)),
        ("latency:0.02-0.08", Latency(least_s=0.02, most_s=0.08)),
        (
            "cut-after,from=60,until=120,account=a,account=b,action=delete_all,calls=2-5",
            Only(
                fault=Always(fate=CUT_AFTER),
                accounts=frozenset({"a", "b"}),
                actions=frozenset({Action.DELETE_ALL}),
                calls=(2, 5),
                span=Span(from_s=60, until_s=120),
            ),
        ),
        ("cut-after,calls=3", Only(fault=Always(fate=CUT_AFTER), calls=(3, 3))),
    ],
)
def test_fault_texts(text: str, fault: Fault) -> None:
    """Each form of the grammar is the fault it says."""
    assert parse_faults([text]).fault == Together(faults=(fault,))


def test_limits_and_outages() -> None:
    """Throttle lowers the limit for a while, refuse closes the port."""
    scenario = parse_faults(["throttle:50,from=60,until=120,provider=tencent", "refuse,until=3"])
    spell = Spell(ceiling=50, span=Span(from_s=60, until_s=120), providers=TENCENT)
    assert scenario.limit(ceiling=100) == RateLimit(ceiling=100, spells=(spell,))
    assert scenario.outages == (Span(until_s=3),)
    assert scenario.fault == Together()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "'' is unknown; known are CODE, itemCODE, httpSTATUS, latency, throttle, refuse",
        ),
        ("cut", "'cut' is unknown"),
        ("0:0.5", "0 is no error code"),
        ("30006:2", "the probability must be from 0 to 1, not 2"),
        ("30006:-1", "the probability must be a number from 0, not '-1'"),
        ("30006:nan", "the probability must be a number from 0, not 'nan'"),
        ("30006:", "the probability must be a number from 0, not ''"),
        ("30006:0.5,often", "'often' is not KEY=VALUE"),
        ("30006,from=", "'from=' is not KEY=VALUE"),
        ("30006,from=1,from=2", "from is given twice"),
        ("30006,for=3", "for is no key of 30006; allowed are account, action, calls, from, id"),
        ("30006,from=5,until=5", "until must be later than from"),
        ("30006,calls=0", "calls must be N or N-N, counted from 1, not '0'"),
        ("30006,calls=3-2", "calls must be N or N-N, counted from 1, not '3-2'"),
        ("30006,calls=x", "calls must be a whole number from 0, not 'x'"),
        ("30006,provider=qq", "provider must be one of tencent, zego, not 'qq'"),
        (
            "30006,action=keep",
            "action must be one of add, alias, attributes, check, delete, delete_all, list, not",
        ),
        ("http200", "an HTTP status is from 201 to 599, not 200"),
        ("http600", "an HTTP status is from 201 to 599, not 600"),
        ("http429,retry_after=soon", "retry_after must be a whole number from 0, not 'soon'"),
        ("throttle", "say how many calls a second, as in throttle:50"),
        ("throttle:few", "the limit must be a whole number from 0, not 'few'"),
        (
            "throttle:5,account=a",
            "account is no key of throttle; allowed are from, provider, until",
        ),
        ("refuse:0.5", "refuse takes no amount, only from and until"),
        ("latency", "latency must be a number from 0, not ''"),
        ("latency:2-1", "latency must be S or S-S with the smaller number first"),
    ],
)
def test_wrong_texts(text: str, message: str) -> None:
    """The error names the text, what is wrong with it and what is allowed."""
    with pytest.raises(ValueError, match=re.escape(f"fault {text!r}: {message}")):
        parse_faults(["cut-after", text])


def test_every_example_of_the_manual_is_valid() -> None:
    """What the help shows can be used."""
    examples = re.findall(r"^  (\S+[:=][0-9.]+\S*) ?", EPILOG, flags=re.MULTILINE)
    assert len(examples) == 10
    assert parse_faults(examples).outages


def test_every_kind_of_fault_can_be_written() -> None:
    """Each of the grammar's forms is a fault, a spell or an outage."""
    examples = [
        *("30006:0.05", "30006-after:0.01", "item30006:0.02", "item30006-after:0.02"),
        *("http502:0.01", "http502-after:0.01", "cut-before:0.01", "cut-after:0.01"),
        *("cut-within:0.01", "hang:0.001", "hang-before:0.001,for=30", "hang-after:0.001,for=30"),
    ]
    assert len(parse_faults(examples).fault.faults) == 12  # type: ignore[union-attr]  # it is a Together
