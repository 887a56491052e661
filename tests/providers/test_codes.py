"""The code tables, against lists written by hand from the documentation's classes."""

from __future__ import annotations

import pytest

from bulkdel.providers import PROVIDERS
from bulkdel.providers.codes import CodeTable, Scope
from bulkdel.providers.purge import Friendship
from bulkdel.providers.tencent.codes import CODES as TENCENT
from bulkdel.providers.zego.codes import CODES as ZEGO
from bulkdel.words import NEVER_SENT, NO_REPLY, UNREADABLE, Verdict

EXPECTED = {
    "tencent": {
        Verdict.THROTTLED: {60007, 60011, 60018, 60019, 31707},
        Verdict.RESIGN: {70001, 70009, 70016, 70052},
        Verdict.SPLIT: {30001, 70206},
        Verdict.ALREADY_GONE: {31704},
        Verdict.FAILED: {30003, 31804, 70107},
        Verdict.FATAL: (
            {60002, 60003, 60004, 60005, 60006, 60009, 60010, 60012, 60015, 60016, 60017, 60020}
            | {60021, 70002, 70003, 70005, 70013, 70014, 70020, 70050, 70051, 70114}
            | {70402, 70403, 71000, 30002, 30004}
        ),
        Verdict.TRANSIENT: (
            {60008, 60013, 60014, 70169, 70202, 70500, 30006, 30007, 30008}
            | {70398, 72000, 72001, 80001, 80002, 80003}
            | {30005, 30009, 30010, 30011, 30012, 30013, 30014, 30515, 30516, 30525, 30539, 30540}
            | {30614, 31706}
        ),
    },
    "zego": {
        Verdict.THROTTLED: (
            {7, 660300005, 660300006, 660700001}
            | {660500003, 660600004, 660600005, 660600007, 660600010}
        ),
        Verdict.RESIGN: {3, 100000004, 100000005},
        Verdict.SPLIT: (
            {660000002, 660000011, 660000012, 660800019, 660800022, 660800033}
        ),
        Verdict.ALREADY_GONE: {660800034},
        Verdict.FAILED: (
            {51102, 660200001, 660500002, 660800025}
            | {660700002, 660700006, 660700007, 660700008, 660700012, 660700015}
        ),
        Verdict.FATAL: (
            {2, 100000000, 100000001, 100000002, 100000003, 100000006, 100000007, 100000008}
            | {100000009, 100000013, 100000014, 100000016, 100000017, 660000028}
        ),
        Verdict.TRANSIENT: (
            {1, 105001, 100000010, 100000011, 100000012, 100000015, 660000001, 660000003}
            | {660700013, 660700016, 660700017}
            | {50014, 660800020, 660800021, 660800023, 660800024, 660800026, 660800027, 660800028}
            | {660800032, 660800046, *range(660800037, 660800045)}
            | {*range(660000022, 660000028), 660400001}
            | {660300001, 660300002, 660300007, 660300008, 660300012, 660300014, 660300015}
            | {660300019, 660500004, 660500005, 660500006, 660500007, 660500009, 660500010}
            | {660600001, 660600003, 660600006, 660600008, 660600009, 660600011, 660600012}
            | {660600013, 660600014, 660600015, 660600016, 660600017, 660600019, 660600020}
            | {660600021, 660600022, 660600023, 660600024, 660600028, 660600029, 660600030}
            | {660600032, 660600033}
            | {660800001, 660800002, 660800030, 660800045, 660800048}
            | {660800051, 660800052, 660800053, *range(660900003, 660900009)}
            | {661000001, 661000005}
        ),
    },
}  # fmt: skip

LOST = {
    "tencent": {60008, 60013, 60014, 70169, 70202, 70500, 30006, 30007, 30008},
    "zego": (
        {1, 105001, 100000012, 100000015, 660000001, 660000003}
        | {660700013, 660700016, 660700017}
    ),
}  # fmt: skip

TABLES = {name: provider.codes for name, provider in PROVIDERS.items()}
"""A provider without its rows above fails here."""
every_table = pytest.mark.parametrize(
    ("name", "codes"), TABLES.items(), ids=lambda value: value if isinstance(value, str) else ""
)


@every_table
@pytest.mark.parametrize("verdict", list(Verdict))
def test_verdicts(name: str, codes: CodeTable, verdict: Verdict) -> None:
    """Each documented code has the verdict of its class; none says deleted."""
    having = {code for code, meaning in codes.meanings.items() if meaning.verdict is verdict}
    assert having == EXPECTED[name].get(verdict, set())


@every_table
def test_lost_answers(name: str, codes: CodeTable) -> None:
    """The server's own failures may have been carried out; of known codes no others may."""
    assert {
        code for code, meaning in codes.meanings.items() if meaning.known and meaning.lost
    } == LOST[name]
    for meaning in codes.meanings.values():
        assert not meaning.lost or meaning.verdict is Verdict.TRANSIENT


@every_table
def test_words(name: str, codes: CodeTable) -> None:
    """Each code has its words, short enough for a table, without a full stop."""
    assert name
    for meaning in codes.meanings.values():
        assert 3 <= len(meaning.words) <= 70
        assert not meaning.words.endswith(".")


@every_table
def test_an_item_never_splits(name: str, codes: CodeTable) -> None:
    """A code said of one id, of a call of one id or of a sweep leaves nothing to halve."""
    assert name
    for code in codes.meanings:
        for scope in (Scope.ITEM, Scope.ONE, Scope.SWEEP):
            assert codes.rule(code, "", scope).verdict is not Verdict.SPLIT


def test_holds() -> None:
    """Only what asks for a longer pause names one: a minute each."""
    assert {
        code: m.hold_s
        for code, m in {**TENCENT.meanings, **ZEGO.meanings}.items()
        if m.hold_s is not None
    } == {
        31707: 60.0,
        70050: 60.0,
    }


def test_conflict_and_size() -> None:
    """30008 is the one write conflict; two codes speak of a batch above the app's limit."""
    every = {**TENCENT.meanings, **ZEGO.meanings}
    assert {code for code, meaning in every.items() if meaning.conflict} == {30008}
    assert {code for code, meaning in every.items() if meaning.shrink} == {660000011, 660800019}
    assert ZEGO.rule(660800019, "", Scope.SEVERAL).shrink
    assert not ZEGO.rule(660800019, "", Scope.ONE).shrink


@pytest.mark.parametrize(
    ("codes", "code", "verdict"),
    [
        (TENCENT, 30001, Verdict.FAILED),
        (TENCENT, 70206, Verdict.FAILED),
        (TENCENT, 60015, Verdict.FAILED),
        (TENCENT, 70402, Verdict.FAILED),
        (TENCENT, 30004, Verdict.FATAL),
        (TENCENT, 31704, Verdict.ALREADY_GONE),
        (TENCENT, 31707, Verdict.THROTTLED),
        (ZEGO, 2, Verdict.FAILED),
        (ZEGO, 660000002, Verdict.FAILED),
        (ZEGO, 660800033, Verdict.FAILED),
        (ZEGO, 660700015, Verdict.FAILED),
        (ZEGO, 660800019, Verdict.TRANSIENT),
    ],
)
def test_what_codes_say_of_an_item(codes: CodeTable, code: int, verdict: Verdict) -> None:
    """A fault of the request is an item's refusal when said of one; the batch's size is not."""
    assert codes.rule(code, "", Scope.ITEM).verdict is verdict


def test_documented_codes_of_other_calls_are_like_unknown_ones() -> None:
    """A code of adding friends, come to a deletion, settles nothing and is named."""
    ruling = TENCENT.rule(30539, "", Scope.ITEM)
    assert (ruling.verdict, ruling.known, ruling.lost) == (Verdict.TRANSIENT, False, True)


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_can_refuse_a_pair_for_good_says_what_that_means(name: str) -> None:
    """Each such code of a table has its own sentence for a purge, and no other has one."""
    codes = PROVIDERS[name].codes
    refusing = {
        code
        for code in codes.meanings
        for scope in Scope
        if codes.rule(code, "", scope).verdict is Verdict.FAILED
    }
    assert set(codes.purges) == refusing


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_code_has_a_meaning_for_a_purge(name: str) -> None:
    """An operator may close a run at any code; what may have been carried out is not known then."""
    codes = PROVIDERS[name].codes
    for code, meaning in codes.meanings.items():
        purge = codes.purge(code)
        assert purge.words.endswith(".")
        assert purge.mend.endswith(".")
        if meaning.lost:
            assert purge.friendship is Friendship.UNCERTAIN, code


@pytest.mark.parametrize(
    ("code", "friendship", "says"),
    [
        (NO_REPLY, Friendship.UNCERTAIN, "No answer came"),
        (UNREADABLE, Friendship.UNCERTAIN, "could not be read"),
        (NEVER_SENT, Friendship.STANDS, "before any call"),
        (47110, Friendship.UNCERTAIN, "No documentation"),
        (429, Friendship.STANDS, "refused on its way"),
        (403, Friendship.STANDS, "refused on its way"),
        (502, Friendship.UNCERTAIN, "may have been carried out"),
        (206, Friendship.UNCERTAIN, "may have been carried out"),
    ],
)
@pytest.mark.parametrize("name", PROVIDERS)
def test_what_no_table_has_is_not_made_up(
    name: str, code: int, friendship: Friendship, says: str
) -> None:
    """Our own codes, HTTP statuses and unknown codes: refused is refused, else nobody knows."""
    purge = PROVIDERS[name].purge(code)
    assert purge.friendship is friendship
    assert bool(purge.source) == (code < 0), "what bulkdel found itself needs no documentation"
    assert says in purge.words


def test_a_code_of_our_own_has_words() -> None:
    """A pair that was closed before any call is not called an unknown code."""
    assert all("not list" not in TENCENT.words(code) for code in (NO_REPLY, UNREADABLE, NEVER_SENT))


@pytest.mark.parametrize("table", [TENCENT, ZEGO])
def test_no_code_says_already_gone_beside_a_deletion(table: CodeTable) -> None:
    """To a question it is no answer: the item is refused, and several are asked one by one."""
    beside = table.beside()
    for code in table.meanings:
        for scope in Scope:
            for info in ("", "Err_SNS_FriendCheck_Not_Friend"):
                before, now = table.rule(code, info, scope), beside.rule(code, info, scope)
                assert now.verdict is not Verdict.ALREADY_GONE
                if before.verdict is Verdict.ALREADY_GONE:
                    assert (now.verdict, now.code, now.info) == (Verdict.FAILED, code, info)
                else:
                    assert now == before
        assert beside.words(code) == table.words(code)


def test_what_is_documented_of_other_calls_changes_nothing_for_deletions() -> None:
    """A code refuses an item, or says that it is there; a lane that it stops goes on to stop."""
    beside = TENCENT.beside(refused=(30010, 30002), there=(30009,))
    assert beside.rule(30010, "", Scope.ITEM).verdict is Verdict.FAILED
    assert beside.rule(30010, "", Scope.SEVERAL).verdict is Verdict.SPLIT
    assert beside.rule(30010, "", Scope.ITEM).known
    assert beside.rule(30002, "", Scope.ITEM).verdict is Verdict.FAILED
    assert beside.rule(30002, "", Scope.ONE).verdict is Verdict.FATAL
    assert beside.rule(30009, "", Scope.ITEM).verdict is Verdict.ALREADY_GONE
    assert beside.words(30010) == "the account has too many friends"
    for code in (30010, 30009):
        assert TENCENT.rule(code, "", Scope.ITEM).verdict is Verdict.TRANSIENT
    assert TENCENT.rule(30002, "", Scope.ITEM).verdict is Verdict.FATAL
