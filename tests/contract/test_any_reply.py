"""What no reply whatever makes a provider claim; a new one is picked up from PROVIDERS."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import PROVIDERS
from bulkdel.words import INFO_CAP, Batch, Sweep, Verdict
from tests.support.asking import ALONE, BATCH, SWEEP, decode, every_provider, said
from tests.support.dialects import DIALECTS

SETTLED_WELL = (Verdict.DELETED, Verdict.ALREADY_GONE)


ids = st.sampled_from(["a", "b", "c", "d", "stranger", "A", "", "1"])
odd = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=4)
codes = (
    st.just(0)
    | st.sampled_from([30001, 30003, 30006, 31704, 31707, 60007, 70001, 70009, 70206])
    | st.sampled_from([1, 7, 3, 660000002, 660300005, 660800019, 660800034, 660500002])
    | odd
)
items = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "To_Account": ids | odd,
            "UserId": ids | odd,
            "ResultCode": codes,
            "SubCode": codes,
            "ResultInfo": odd | st.sampled_from(["Err_SNS_FriendDelete_Not_Friend"]),
        },
    )
    | odd,
    max_size=6,
)
documents = (
    st.fixed_dictionaries(
        {},
        optional={
            "ErrorCode": codes,
            "Code": codes,
            "ActionStatus": st.sampled_from(["OK", "FAIL"]) | odd,
            "ErrorInfo": odd,
            "Message": odd,
            "ResultItem": items | odd,
            "ErrorList": items | odd,
        },
    )
    | odd
    | items
)
bodies = st.binary(max_size=64).map(lambda body: (body, None)) | documents.filter(
    lambda document: all(abs(n) < 2**63 for n in integers_of(document))
).map(lambda document: (orjson.dumps(document), document))
statuses = st.just(200) | st.sampled_from([0, 201, 302, 401, 429, 500, 599]) | st.integers()


def integers_of(document: object) -> list[int]:
    """All integers in a JSON value; orjson writes none beyond 64 bits."""
    if isinstance(document, dict):
        return [n for value in document.values() for n in integers_of(value)]
    if isinstance(document, list):
        return [n for value in document for n in integers_of(value)]
    return [document] if isinstance(document, int) else []


@every_provider
@given(reply=bodies, status=statuses, entry=st.sampled_from([BATCH, ALONE, SWEEP]))
def test_decode_is_total_and_claims_nothing_unsaid(
    name: str, reply: tuple[bytes, Any], status: int, entry: Batch | Sweep
) -> None:
    """Any status and bytes give rulings for the call's ids alone; deleted only where it is said."""
    body, document = reply
    answer = PROVIDERS[name].decode(entry, status, body)
    carried = entry.to_accounts if isinstance(entry, Batch) else ()
    assert set(answer.items) <= set(carried)
    for ruling in (answer.rest, *answer.items.values()):
        assert (ruling.code == 0) == (ruling.verdict is Verdict.DELETED)
        assert len(ruling.info) <= INFO_CAP
        assert ruling.info.isprintable()
        if status != 200:
            assert ruling.verdict not in SETTLED_WELL
        if ruling.verdict in (
            Verdict.DELETED,
            Verdict.ALREADY_GONE,
            Verdict.FAILED,
            Verdict.THROTTLED,
            Verdict.FATAL,
            Verdict.RESIGN,
            Verdict.SPLIT,
        ):
            assert not ruling.lost
        if ruling.verdict is Verdict.SPLIT:
            assert entry is BATCH
            assert ruling is answer.rest
            assert not answer.items
    if status == 200 and isinstance(document, dict) and isinstance(entry, Batch):
        claimed = {a for a in carried if said(answer, a).verdict is Verdict.DELETED}
        assert claimed == {a for a in carried if DIALECTS[name].said_done(a, document)}
    elif status == 200 and not isinstance(document, dict):
        assert answer.rest.code == -2


@every_provider
@given(results=items, code=codes, data=st.data())
def test_the_order_of_items_says_nothing(
    name: str, results: list[Any], code: object, data: st.DataObject
) -> None:
    """The same results in another order are the same answer."""
    if any(abs(n) >= 2**63 for n in integers_of([results, code])):
        return
    shuffled = data.draw(st.permutations(results))
    answers = [
        decode(name, BATCH, {"ErrorCode": code, "Code": code, "ResultItem": r, "ErrorList": r})
        for r in (results, shuffled)
    ]
    for account in BATCH.to_accounts:
        assert said(answers[0], account) == said(answers[1], account)
    assert answers[0].strangers == answers[1].strangers
