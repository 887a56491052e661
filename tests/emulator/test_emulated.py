"""A whole emulated app: faults, limits and conflicts, and what is deleted under each."""

from __future__ import annotations

import orjson
import pytest

from bulkdel.emulator.emulated import EMULATED, Emulated, PendingCall
from bulkdel.emulator.faults import (
    HUGE_BYTES,
    Always,
    Cut,
    Fate,
    Fault,
    Form,
    Listing,
    Script,
    Seeded,
    SeededItems,
    Span,
    Together,
)
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.limits import RateLimit, Spell
from bulkdel.emulator.world import World
from tests.emulator.calls import (
    NOW,
    ONE_WAY,
    TENCENT_APP,
    TENCENT_QUERY,
    TWO_WAY,
    ZEGO_APP,
    ZEGO_QUERY,
    tencent,
    tencent_body,
    zego,
)

APPS = {"tencent": TENCENT_APP, "zego": ZEGO_APP}


def emulated(
    fault: Fault | None = None,
    *,
    provider: str = "tencent",
    limit: RateLimit | None = None,
    habits: Habits | None = None,
    seed: int = 0,
) -> Emulated:
    """An app where a has b, c, d and e."""
    return Emulated(
        provider,
        app=APPS[provider],
        world=World({"a": {"b", "c", "d", "e"}}),
        fault=fault or Together(),
        limit=limit,
        habits=habits,
        seed=seed,
    )


def delete(
    app: Emulated, account: str, *ids: str, kind: str = ONE_WAY, now: float = NOW
) -> PendingCall:
    """A friend_delete that has arrived."""
    body = orjson.dumps(tencent_body(account, *ids, kind=kind))
    return app.receive("POST", "/v4/sns/friend_delete", TENCENT_QUERY, body, now)


def test_every_provider_can_be_made() -> None:
    """The registry holds both."""
    assert set(EMULATED) == {"tencent", "zego"}
    assert [emulated(provider=name).name for name in EMULATED] == ["tencent", "zego"]


def test_the_secret_is_not_shown() -> None:
    """An app's repr does not hold its secret."""
    assert TENCENT_APP.secret not in repr(TENCENT_APP)


@pytest.mark.parametrize(
    ("fate", "removed"),
    [
        (Fate(done=False, code=30006), 0),
        (Fate(done=True, code=30006), 2),
        (Fate(done=False, code=60011), 0),
    ],
)
def test_a_code_at_top_level(fate: Fate, removed: int) -> None:
    """The answer has the code and no items, whether or not the deletion took place."""
    app = emulated(Always(fate=fate))
    answer = tencent(app, tencent_body("a", "b", "c"))
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", fate.code)
    assert "ResultItem" not in answer
    assert app.world.removed == removed
    assert app.stats.codes == {fate.code: 1}


@pytest.mark.parametrize(("done", "left"), [(False, {"b", "d", "e"}), (True, {"d", "e"})])
def test_codes_for_some_items(done: bool, left: set[str]) -> None:
    """A struck id has its code and stays, unless the fault deletes it all the same."""
    app = emulated(SeededItems(code=30006, ids=frozenset({"b"}), done=done))
    answer = tencent(app, tencent_body("a", "b", "c"))
    assert answer["ErrorCode"] == 0
    assert [item["ResultCode"] for item in answer["ResultItem"]] == [30006, 0]
    assert app.world.friends == {"a": left}
    assert app.stats.items == {30006: 1}


def test_a_struck_id_that_is_no_friend_keeps_its_code() -> None:
    """The fault's code wins over "not a friend"."""
    app = emulated(SeededItems(code=30006, ids=frozenset({"x"}), done=True))
    (item,) = tencent(app, tencent_body("a", "x"))["ResultItem"]
    assert item["ResultCode"] == 30006


def test_http_failures() -> None:
    """A status other than 200 has no JSON; Retry-After and Location where they belong."""
    fates = (
        Fate(done=False, status=429, retry_after_s=2),
        Fate(done=False, status=502),
        Fate(done=True, status=503),
        Fate(done=False, status=302),
    )
    app = emulated(Script(fates=fates))
    body = orjson.dumps(tencent_body("a", "b"))
    seen = []
    for _ in fates:
        response = app.handle("POST", "/v4/sns/friend_delete", TENCENT_QUERY, body, NOW)
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(response.body)
        seen.append((response.status, dict(response.headers), app.world.removed))
    html = {"Content-Type": "text/html"}
    assert seen == [
        (429, html | {"Retry-After": "2"}, 0),
        (502, html, 0),
        (503, html, 1),
        (302, html | {"Location": "/redirected"}, 1),
    ]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("form", [form for form in Form if form is not Form.INTACT])
@pytest.mark.parametrize("provider", list(EMULATED))
def test_mangled_bodies(provider: str, form: Form, done: bool) -> None:
    """No mangled body reads as an answer, but the huge one does; the deletion goes its own way."""
    app = emulated(Always(fate=Fate(done=done, form=form)), provider=provider)
    if provider == "tencent":
        path, query, body = "/v4/sns/friend_delete", TENCENT_QUERY, tencent_body("a", "b")
    else:
        path, query = "/", ZEGO_QUERY | {"Action": "DeleteFriends"}
        body = {"FromUserId": "a", "UserIds": ["b"], "DeleteType": 1}
    response = app.handle("POST", path, query, orjson.dumps(body), NOW)
    assert app.world.removed == int(done)
    try:
        content = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        content = None
    assert isinstance(content, dict) is (form is Form.HUGE)
    assert (len(response.body) > HUGE_BYTES) is (form is Form.HUGE)


@pytest.mark.parametrize(
    ("listing", "listed"),
    [
        (Listing.WHOLE, ["b", "c", "d"]),
        (Listing.MISSING, ["c"]),
        (Listing.EXTRA, ["b", "c", "d", "account_nobody_asked_for"]),
        (Listing.DUPLICATE, ["b", "c", "d", "b"]),
        (Listing.SHUFFLED, ["c", "b", "d"]),
    ],
)
def test_tencent_lists_items_strangely(listing: Listing, listed: list[str]) -> None:
    """Whatever is listed, all that was asked is deleted."""
    app = emulated(Always(fate=Fate(listing=listing)))
    answer = tencent(app, tencent_body("a", "b", "c", "d"))
    assert [item["To_Account"] for item in answer["ResultItem"]] == listed
    assert app.world.friends == {"a": {"e"}}


@pytest.mark.parametrize(
    ("listing", "listed"),
    [
        (Listing.MISSING, ["x", "y"]),
        (Listing.EXTRA, ["x", "y", "account_nobody_asked_for"]),
        (Listing.DUPLICATE, ["x", "y", "x"]),
        (Listing.SHUFFLED, ["y", "x"]),
    ],
)
def test_zego_never_leaves_a_failure_out(listing: Listing, listed: list[str]) -> None:
    """An id that ErrorList leaves out succeeded, so failures are always listed."""
    app = emulated(Always(fate=Fate(listing=listing)), provider="zego")
    body = {"FromUserId": "a", "UserIds": ["x", "b", "y"], "DeleteType": 1}
    answer = zego(app, "DeleteFriends", body)
    assert [error["UserId"] for error in answer["ErrorList"]] == listed


def test_credentials_come_before_faults_that_answer() -> None:
    """A wrong key is told so even where a fault would have struck; a gateway failure is not."""
    wrong = TENCENT_QUERY | {"usersig": "nonsense"}
    app = emulated(Always(fate=Fate(done=False, code=30006)))
    assert tencent(app, tencent_body("a", "b"), query=wrong)["ErrorCode"] == 70003
    app = emulated(Always(fate=Fate(done=False, status=502)))
    body = orjson.dumps(tencent_body("a", "b"))
    assert app.handle("POST", "/v4/sns/friend_delete", wrong, body, NOW).status == 502
    app = emulated(Always(fate=Fate(done=True, cut=Cut.SILENT)))
    app.handle("POST", "/v4/sns/friend_delete", wrong, body, NOW)
    assert app.world.removed == 0


@pytest.mark.parametrize(("provider", "ceiling"), [("tencent", 200), ("zego", 20)])
def test_the_documented_ceiling_is_enforced(provider: str, ceiling: int) -> None:
    """A second holds the documented number of calls; one more is refused and deletes nothing."""
    app = emulated(provider=provider)

    def code(now: float, to: str) -> int:
        if provider == "tencent":
            return int(tencent(app, tencent_body("a", to), now=now)["ErrorCode"])
        body = {"FromUserId": "a", "UserIds": [to], "DeleteType": 1}
        return int(zego(app, "DeleteFriends", body, now=now)["Code"])

    for n in range(ceiling):
        assert code(NOW + n / 1000, "x") != app.rules.throttled
    assert code(NOW + 0.999, "b") == {"tencent": 60011, "zego": 660300005}[provider]
    assert app.world.removed == 0
    assert code(NOW + 1, "b") == 0
    assert app.stats.throttled == 1
    assert app.stats.most_in_a_second == ceiling + 1


def test_the_limit_can_change_over_time_and_at_run_time() -> None:
    """Spells count from the first call; a new limit holds from now on."""
    app = emulated(limit=RateLimit(spells=(Spell(ceiling=0, span=Span(from_s=5, until_s=6)),)))
    body = tencent_body("a", "x")
    codes = [tencent(app, body, now=NOW + s)["ErrorCode"] for s in (0.5, 5.25, 5.5, 6.5)]
    assert codes == [0, 0, 60011, 0]
    app.limit = RateLimit(ceiling=0)
    assert tencent(app, body, now=NOW + 7)["ErrorCode"] == 60011


def test_overlaps_of_an_account_are_counted() -> None:
    """Two calls of one account under way together are seen; one after the other is none."""
    app = emulated()
    first = delete(app, "a", "b")
    other = delete(app, "f", "b")
    assert app.stats.overlaps == 0
    second = delete(app, "a", "c")
    assert (app.stats.overlaps, app.in_flight) == (1, 3)
    for call in (first, second, other):
        app.release(call, app.carry_out(call))
    assert app.in_flight == 0
    app.release(call := delete(app, "a", "d"), app.carry_out(call))
    assert app.stats.overlaps == 1


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (("a", "x", ONE_WAY), ("a", "y", ONE_WAY), 30008),
        (("a", "x", ONE_WAY), ("b", "x", ONE_WAY), 0),
        (("a", "x", TWO_WAY), ("b", "x", TWO_WAY), 30008),
        (("a", "x", TWO_WAY), ("b", "a", TWO_WAY), 30008),
        (("a", "x", TWO_WAY), ("b", "y", TWO_WAY), 0),
    ],
)
def test_conflicts(first: tuple[str, str, str], second: tuple[str, str, str], code: int) -> None:
    """Calls that write the same list at once: the later one gets 30008, and may come again."""
    app = emulated(habits=Habits(conflicts=True))
    one = delete(app, *first[:2], kind=first[2])
    two = delete(app, *second[:2], kind=second[2])
    assert (one.code, two.code) == (0, code)
    assert app.stats.conflicts == (1 if code else 0)
    for call in (two, one):
        app.release(call, app.carry_out(call))
    assert delete(app, *second[:2], kind=second[2]).code == 0


def test_a_call_deletes_when_its_time_has_come() -> None:
    """Nothing is deleted on arrival; a call that the client gave up on still deletes."""
    app = emulated(Always(fate=Fate(before_s=30)))
    waiting = [True]
    body = orjson.dumps(tencent_body("a", "b"))
    call = app.receive(
        "POST", "/v4/sns/friend_delete", TENCENT_QUERY, body, NOW, waits=lambda: waiting[0]
    )
    assert app.world.removed == 0
    waiting[0] = False
    app.release(call, app.carry_out(call))
    assert app.world.removed == 1
    assert (app.stats.abandoned, app.stats.answered) == (1, 0)


def test_seeded_faults_do_not_hang_on_the_order_of_accounts() -> None:
    """An account's calls meet the same fates however the accounts' calls are interleaved."""
    fault = Seeded(odds=0.5, fate=Fate(done=False, code=30006))
    accounts = [f"u{n}" for n in range(50)]

    def codes(order: list[str], seed: int) -> dict[str, int]:
        app = emulated(fault, seed=seed)
        return {account: tencent(app, tencent_body(account, "b"))["ErrorCode"] for account in order}

    forwards = codes(accounts, 1)
    assert codes(accounts[::-1], 1) == forwards
    assert codes(accounts, 2) != forwards
    assert set(forwards.values()) == {0, 30006}
