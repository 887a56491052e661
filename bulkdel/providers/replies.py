"""How a reply becomes an answer, as far as the providers agree: status, JSON, codes, texts, ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import orjson

from bulkdel.providers.codes import HTTP_STATUSES, CodeTable, Scope
from bulkdel.providers.operations import Friend, Hearing, Page, Standing
from bulkdel.providers.rehearsal import Said
from bulkdel.providers.stars import without_long_runs
from bulkdel.words import INFO_CAP, UNREADABLE, Answer, Batch, Ruling, Verdict

DONE: Final = Ruling(verdict=Verdict.DELETED, code=0)
"""The one ruling that says deleted, and of a deletion the only one with code 0."""

NO_RESULT: Final = Ruling(
    verdict=Verdict.TRANSIENT,
    code=UNREADABLE,
    info="the reply holds no readable result for this id",
    lost=True,
)

_NOT_READ: Final = Ruling(
    verdict=Verdict.TRANSIENT, code=UNREADABLE, info="the reply could not be read", lost=True
)

Reply: TypeAlias = dict[str, Any]

_CODE_MOST: Final = 2**53 - 1  # what every JSON reader and SQLite keep exactly
_TEXT_MOST: Final = 4096  # characters of a provider's text that are looked at
_NAMES_MOST: Final = 10  # fields that a note names


def answer(
    status: int, body: bytes, *, codes: CodeTable, judge: Callable[[Reply, int], Answer]
) -> Answer:
    """The answer that a reply of any status and any bytes gives.

    `judge` reads a JSON object that has a result code, as if its status were 200. With another
    status a code of the table still rules (which statuses a provider's gateway uses beside 200 is
    not documented), but nothing is taken for done; without such a code, the status rules.
    """
    reply = _read(body)
    code = code_of(reply.get(codes.key))
    if status == HTTPStatus.OK:
        return Answer(rest=_NOT_READ) if code is None else judge(reply, code)
    meaning = None if code is None else codes.meanings.get(code)
    if code is None or meaning is None or not meaning.known:
        return Answer(rest=_by_status(status))
    return _doubted(judge(reply, code), status)


def hearing(status: int, body: bytes, *, codes: CodeTable) -> Hearing:
    """What a reply of any status and any bytes says of the app that made a harmless call.

    A code that concerns accounts or the call's contents says that the app was let in.
    """
    reply = _read(body)
    code = code_of(reply.get(codes.key))
    if code is None:
        if status == HTTPStatus.OK:
            return Hearing(standing=Standing.UNCLEAR, code=UNREADABLE, info=_NOT_READ.info)
        ruling = _by_status(status)
        return Hearing(standing=Standing.UNCLEAR, code=ruling.code, info=ruling.info)
    info = text_of(reply.get(codes.text)) if code else ""
    if code == 0:
        whole = status == HTTPStatus.OK
        return Hearing(
            standing=Standing.ACCEPTED if whole else Standing.UNCLEAR,
            code=0 if whole else _code_of_status(status),
            info="" if whole else f"HTTP {status}",
        )
    meaning = codes.meanings.get(code)
    return Hearing(
        standing=Standing.UNCLEAR if meaning is None else _STANDINGS[meaning.verdict],
        code=code,
        info=info,
    )


_STANDINGS: Final[Mapping[Verdict, Standing]] = {
    Verdict.DELETED: Standing.UNCLEAR,
    Verdict.ALREADY_GONE: Standing.ACCEPTED,
    Verdict.FAILED: Standing.ACCEPTED,
    Verdict.SPLIT: Standing.ACCEPTED,
    Verdict.TRANSIENT: Standing.UNCLEAR,
    Verdict.THROTTLED: Standing.UNCLEAR,
    Verdict.RESIGN: Standing.REFUSED,
    Verdict.FATAL: Standing.REFUSED,
}


def page(
    status: int,
    body: bytes,
    *,
    codes: CodeTable,
    own: Callable[[Reply, int], Ruling],
    read: Callable[[Reply], Page | None],
) -> Page | Ruling:
    """The page of a friend list that a reply holds, or the ruling why it holds none.

    Args:
        status: of HTTP; only a reply with 200 holds a page.
        body: of the reply.
        codes: of the call.
        own: the ruling of the reply's own code.
        read: the page in a reply that is `replies.DONE`; None where it cannot be read.
    """
    reply = _read(body)
    if status == HTTPStatus.OK and code_of(reply.get(codes.key)) == 0 and own(reply, 0) is DONE:
        return read(reply) or _NOT_READ
    return answer(
        status, body, codes=codes, judge=lambda reply, code: Answer(rest=own(reply, code))
    ).rest


def page_of(
    friends: list[Friend] | None,
    *,
    first: bool,
    following: int | None,
    stamp: tuple[int | None, ...],
    total: int | None,
) -> Page | None:
    """A page, if it can be one of a list that is paged to its end; None if not.

    Args:
        friends: of the page; None where one of them cannot be read.
        first: whether it is the list's first page.
        following: what to ask for next; None where this is the last page.
        stamp: as in Page; None in it where the reply lacks it.
        total: how many friends the list has, as far as the reply says.
    """
    if friends is None or len({one.account for one in friends}) != len(friends):
        return None
    known = tuple(one for one in stamp if one is not None)
    # Nobody would know whether a page without friends that names another one ever ends.
    hollow = not friends and (following is not None or (first and total != 0))
    overfull = total is not None and total < len(friends)
    if hollow or overfull or len(known) != len(stamp):
        return None
    return Page(friends=tuple(friends), following=following, stamp=known, total=total)


def friends_of(
    items: object, name: str, whole: Callable[[Reply], bool] = lambda _: True
) -> list[Friend] | None:
    """The friends on a page, whatever their ids; None where one is not named, or is not `whole`.

    Args:
        items: of the reply; None is a page without friends.
        name: under which each item holds the friend's id.
        whole: whether an item holds what the list says of the friend.
    """
    if not isinstance(items, list):
        return [] if items is None else None
    friends = []
    for item in items:
        account = item.get(name) if isinstance(item, dict) else None
        if not isinstance(account, str) or not account or not whole(item):
            return None
        friends.append(Friend(account=account, data=orjson.dumps(item).decode()))
    return friends


def of_list(first: Page | Ruling) -> Answer:
    """What the first page of a list says to the question whether it is empty.

    It is where the reply says 0 and names nobody, and is not where it names somebody.
    """
    if isinstance(first, Ruling):
        return Answer(rest=first)
    if first.friends and first.total:
        return Answer(rest=remains(str(first.total)))
    empty = not first.friends and first.total == 0 and first.following is None
    return Answer(rest=DONE if empty else NO_RESULT)


def said(
    status: int,
    body: bytes,
    *,
    codes: CodeTable,
    own: Callable[[Reply, int], Ruling],
    key: str,
    account: str,
    code: str,
    text: str = "",
) -> Said:
    """What a reply says as it stands; only one with status 200, all of it readable, names anybody.

    Args:
        status: of HTTP.
        body: of the reply.
        codes: of the call.
        own: the ruling of the reply's own code.
        key: of the results in the reply.
        account: of the id in a result.
        code: of its code.
        text: of that code's text; empty where there is none.
    """
    reply = _read(body)
    whole_code = code_of(reply.get(codes.key))
    if status != HTTPStatus.OK or whole_code is None:
        ruled = answer(status, body, codes=codes, judge=lambda it, its: Answer(rest=own(it, its)))
        return Said(own=ruled.rest)
    results = reply.get(key)
    results = [] if results is None else results
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        return Said(own=_NOT_READ)
    items = []
    for result in results:
        name, number = result.get(account), code_of(result.get(code))
        if not isinstance(name, str) or number is None:
            return Said(own=_NOT_READ)
        info = text_of(result.get(text))
        items.append((name, codes.rule(number, info, Scope.ITEM) if number else DONE))
    return Said(own=own(reply, whole_code), items=tuple(items))


def remains(where: str) -> Ruling:
    """The ruling for what was asked for and is still there; `where` as in Ruling's note."""
    return Ruling(verdict=Verdict.ALREADY_GONE, code=0, note=where)


def noted(answer: Answer, batch: Batch, note_of: Callable[[str], str]) -> Answer:
    """The answer, with the note that an id's data gives where that id is `deleted`."""
    items = dict(answer.items)
    for account, data in zip(batch.to_accounts, data_of(batch), strict=True):
        ruling = items.get(account, answer.rest)
        if ruling.verdict is Verdict.DELETED and (note := note_of(data)):
            items[account] = replace(ruling, note=note)
    return replace(answer, items=items)


def data_of(batch: Batch) -> tuple[str, ...]:
    """The data of each To_Account of a batch that is put back.

    Raises:
        ValueError: it has none; such a batch is not planned.
    """
    if batch.data is None:
        raise ValueError("a batch without its friends' data cannot be put back")
    return batch.data


def object_of(data: str) -> dict[str, Any]:
    """The object that the data of a friend is; empty where it is none."""
    value = orjson.loads(data)
    return value if isinstance(value, dict) else {}


def names_of(fields: Iterable[str]) -> str:
    """The note that names fields: each once, with a comma between, and how many are left out."""
    names = list(dict.fromkeys(text_of(name).replace(",", " ") for name in fields))
    kept = names[:_NAMES_MOST]
    return ",".join(kept + [f"and {len(names) - len(kept)} more"] * (len(names) > len(kept)))


def scope_of(batch: Batch) -> Scope:
    """What the own code of a call with this batch was said of."""
    return Scope.ONE if len(batch.to_accounts) == 1 else Scope.SEVERAL


def whole(reply: Reply, code: int, scope: Scope, codes: CodeTable) -> Ruling:
    """The ruling of a reply's own code."""
    return DONE if code == 0 else codes.rule(code, text_of(reply.get(codes.text)), scope)


def code_of(value: object) -> int | None:
    """`value` as a result code: a JSON integer, not negative; no bool, no float, no text."""
    # bool is a subclass of int, and `false` must not pass for 0
    if type(value) is not int or not 0 <= value <= _CODE_MOST:
        return None
    return value


def text_of(value: object) -> str:
    """A provider's text, fit for log and ledger: one line, no signatures, at most INFO_CAP."""
    if not isinstance(value, str):
        return ""
    text = without_long_runs(value[:_TEXT_MOST])
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip()[:INFO_CAP]


def agree(one: Ruling, other: Ruling) -> Ruling:
    """The ruling for an id that a reply names again: what both say, else that nothing is known.

    The order of the two makes no difference.
    """
    if one is other:
        return other
    if one.verdict is not other.verdict or one.note != other.note:
        return NO_RESULT
    return min(one, other, key=lambda ruling: (not ruling.lost, ruling.code, ruling.info))


def unnamed(ruling: Ruling) -> Ruling:
    """The whole call's ruling for an id without a result in a reply that has results for items.

    Such a reply did not say of this id that it is settled, nor that the batch is at fault.
    """
    if ruling.verdict is Verdict.SPLIT or ruling.verdict.settles:
        return replace(ruling, verdict=Verdict.TRANSIENT, lost=True)
    return ruling


def join(batch: Batch, rulings: Mapping[str, Ruling], missing: Ruling, strangers: int) -> Answer:
    """The answer for `batch`: the `rulings` of some of its ids, and `missing` for the others."""
    complete = len(rulings) == len(batch.to_accounts)
    if not complete:
        rulings = {account: rulings.get(account, missing) for account in batch.to_accounts}
    if any(ruling is DONE for ruling in rulings.values()):
        rest = DONE
    elif complete:
        rest = rulings[batch.to_accounts[0]]
    else:
        rest = missing
    items = {
        account: ruling
        for account, ruling in rulings.items()
        if ruling is not rest and ruling != rest
    }
    return Answer(rest=rest, items=items, strangers=strangers)


def _read(body: bytes) -> Reply:
    """The JSON object in `body`; empty where there is none that can be read in one way only.

    Of a key that stands twice nobody knows which one was meant, and one may say deleted.
    """
    try:
        reply = orjson.loads(body)
        if not isinstance(reply, dict) or _quotes(body) != _quotes(orjson.dumps(reply)):
            return {}
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return {}
    return reply


def _quotes(text: bytes) -> int:
    """The quotation marks around the keys and strings of valid JSON: two for each.

    Reading keeps one of two equal keys, so what was read has fewer of them than what came.
    """
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return text.count(b'"')


def _by_status(status: int) -> Ruling:
    """The ruling of an HTTP status other than 200 that came without a usable code.

    The providers answer 200 and refuse credentials by code, so a 401 or 403 comes from something in
    between: tried a bounded number of times and shown, not taken for the provider's last word.
    """
    code, info = _code_of_status(status), f"HTTP {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Ruling(verdict=Verdict.THROTTLED, code=code, info=info)
    if 500 <= status <= 599:  # noqa: PLR2004  # a server's failure
        return Ruling(verdict=Verdict.TRANSIENT, code=code, info=info, lost=True)
    if 300 <= status <= 399:  # noqa: PLR2004  # a redirect
        info = f"HTTP {status}: a redirect, which was not followed"
    refused = 300 <= status <= 499  # noqa: PLR2004  # what is neither may have been carried out
    return Ruling(verdict=Verdict.TRANSIENT, code=code, info=info, lost=not refused, known=False)


def _code_of_status(status: int) -> int:
    return status if status in HTTP_STATUSES else UNREADABLE


def _doubted(claims: Answer, status: int) -> Answer:
    """The claims of a reply whose status contradicts success: nothing of them counts as done."""
    doubt = Ruling(
        verdict=Verdict.TRANSIENT,
        code=_code_of_status(status),
        info=f"HTTP {status}",
        lost=True,
        known=False,
    )

    def doubted(ruling: Ruling) -> Ruling:
        done = ruling.verdict in (Verdict.DELETED, Verdict.ALREADY_GONE)
        return doubt if done else ruling

    return replace(
        claims,
        rest=doubted(claims.rest),
        items={account: doubted(ruling) for account, ruling in claims.items.items()},
    )
