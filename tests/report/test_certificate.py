"""The page of a certificate: what a person reads of it, and that nothing in it is taken as HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import unescape
from typing import Any

import orjson
import pytest

from bulkdel.evidence.statement import (
    Certificate,
    Entry,
    StatedCheck,
    StatedRequest,
    StatedRows,
    StatedTarget,
    Statement,
    statement_text,
)
from bulkdel.report.page.certificate import ROWS_SHOWN, certificate_html
from bulkdel.runs.seal import LIMITS

ALICE = "ab" * 16
AT = "2026-11-21T22:25:01.123Z"


def line(friend: str | None, status: str) -> Entry:
    """A line of ALICE's."""
    values = {"target": "tencent", "from_account": ALICE, "to_account": friend, "status": status}
    return Entry(line=orjson.dumps(values | {"code": 0, "at": AT}).decode(), index=0, proof=())


def certificate(
    statuses: Sequence[str],
    checks: Sequence[str] = (),
    *,
    account: str = "alice",
    lists: bool = False,
    **changes: Any,
) -> Certificate:
    """A certificate with a line for each status, and the answers for the first of them."""
    check = StatedCheck(
        target="tencent",
        pairs=9000,
        asked=3000,
        seed=1,
        gone=3000,
        remains=0,
        unknown=0,
        share_most=0.001,
        pairs_most=9,
    )
    values: dict[str, Any] = {
        "version": 1,
        "run": "r",
        "job": "purge",
        "operation": "delete_all_friends" if lists else "delete_friends",
        "mode": "one_way",
        "orient": "as_given",
        "bulkdel": "1",
        "targets": (
            StatedTarget(
                name="tencent",
                provider="tencent",
                app_id=1400000000,
                region="singapore",
                pairs=9000,
                deleted=9000,
                already_gone=0,
                failed=0,
            ),
        ),
        "rows": StatedRows(read=9000, pairs=9000, duplicates=0, rejected=0, protected=0),
        "request": StatedRequest(id="R-17"),
        "began_at": AT,
        "ended_at": AT,
        "sealed_at": AT,
        "lines": 9000,
        "merkle_root": "ef" * 32,
        "index_sha256": "aa" * 32,
        "key_sha256": "dd" * 32,
        "verification": (check,) if checks else (),
        "limits": LIMITS,
    }
    friends = [None if lists else f"{at:032x}" for at in range(len(statuses))]
    return Certificate(
        version=1,
        account=account,
        pseudonym=ALICE,
        statement=statement_text(Statement(**values | changes)).decode(),
        signature="c" * 86 + "==",
        entries=tuple(map(line, friends, statuses)),
        verification=tuple(map(line, friends, checks)),
    )


def read(one: Certificate) -> str:
    """The page's words."""
    page = certificate_html(one).decode()
    body = page[page.index("<main>") :]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_first_comes_what_a_person_wants_to_know() -> None:
    """What was removed, how much, where, when, how it was checked; then what nobody can know."""
    words = read(certificate(["deleted", "deleted", "already_gone"], ["gone", "remains"]))
    order = [
        "What was done for the account “alice”",
        "Removed 2 friendships: the provider said so",
        "Already gone 1 friendship",
        "Friends 3, named here by pseudonyms only",
        "Where tencent app 1400000000 singapore",
        "When 2026-11-21 22:25:01 UTC Checked",
        "the provider was asked again: 1 gone, 1 STILL THERE",
        "R-17",
        "of all 9,000 at most 9 (0.10%) can remain, at 95 % confidence",
        "What nobody can know",
        *LIMITS,
        "That these are all entries",
        "Each entry",
        "not asked",
        "How to check it",
    ]
    places = [words.index(one) for one in order]
    assert places == sorted(places)
    assert "NOT removed" not in words


def test_what_failed_is_not_called_removed() -> None:
    """All refused, never checked, some put back: said at the top, without a word of success."""
    words = read(certificate(["failed"], undone=12))
    short = words[: words.index("The work that this was part of")]
    assert "NOT removed 1 friendship: the provider refused it" in short
    assert "nobody asked the provider about this account afterwards" in short
    assert "Put back later 12 of the whole work; whose, this page cannot say" in short
    assert " Removed " not in short


def test_a_cleared_list_is_one() -> None:
    """It has no friends to count, and no pseudonym of one."""
    words = read(certificate(["deleted"], lists=True))
    assert "Removed 1 whole friend list" in words
    assert "Friends" not in words[: words.index("The work")]
    assert "the whole list" in words


def test_many_entries_are_cut_and_said() -> None:
    """The page lists the first of them, the counts are of all."""
    words = read(certificate(["deleted"] * 3000))
    assert "Removed 3,000 friendships" in words
    assert f"The first {ROWS_SHOWN:,} of 3,000; the file beside this page holds all" in words
    assert f"{ROWS_SHOWN:032x}"[:16] in words
    assert words.count("deleted 0 2026") == ROWS_SHOWN


@pytest.mark.parametrize(
    "account", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "a\u202eb", "{{ 7*7 }}"]
)
def test_hostile_texts_are_texts(account: str) -> None:
    """An account id that is HTML, or turns the line around, is shown and does nothing."""
    page = certificate_html(certificate(["deleted"], account=account, job=account)).decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "49" not in page[page.index("<h1>") : page.index("</h1>")]


def test_it_asks_for_nothing() -> None:
    """No script, nothing from elsewhere: its policy allows its own style, by hash, and no more."""
    page = certificate_html(certificate(["deleted"])).decode()
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = unescape(page[page.index("Content-Security") :].partition(">")[0])
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in policy
    assert not re.search(r"(src|href)=|url\((?!#)|@import|https?://", page)
    assert '<html lang="en">' in page
