"""How replies are read whose ErrorList names the ids that failed, and no others."""

from __future__ import annotations

from bulkdel.providers import replies
from bulkdel.providers.codes import CodeTable, Scope
from bulkdel.providers.zego.codes import CODES
from bulkdel.words import Answer, Batch, Ruling


def judge(batch: Batch, reply: replies.Reply, code: int, *, codes: CodeTable = CODES) -> Answer:
    """With Code 0 the ids in ErrorList failed, and with all others it was done.

    With another Code nothing was done, and ErrorList says why for each id.
    """
    whole = replies.whole(reply, code, replies.scope_of(batch), codes)
    errors = reply.get("ErrorList")
    # A call refused for its size is refused whole, whatever its list repeats for each id.
    if errors is None or errors == [] or whole.shrink:
        return Answer(rest=whole)
    missing = whole if code == 0 else replies.unnamed(whole)
    if not isinstance(errors, list):
        return Answer(rest=replies.NO_RESULT if code == 0 else missing)
    return _join(batch, errors, missing, codes)


def _join(batch: Batch, errors: list[object], missing: Ruling, codes: CodeTable) -> Answer:
    """The answer of errors that name ids one by one; `missing` rules an id without an error."""
    carried = frozenset(batch.to_accounts)
    rulings: dict[str, Ruling] = {}
    strangers = 0
    for error in errors:
        account = error.get("UserId") if isinstance(error, dict) else None
        if not isinstance(error, dict) or not isinstance(account, str):
            # Somebody failed and nothing says who: "not listed" is no success any more.
            missing = replies.NO_RESULT if missing is replies.DONE else missing
            continue
        if account not in carried:
            strangers += 1
            continue
        ruling = failure(error, codes)
        rulings[account] = replies.agree(rulings[account], ruling) if account in rulings else ruling
    return replies.join(batch, rulings, missing, strangers)


def failure(result: replies.Reply, codes: CodeTable) -> Ruling:
    """The ruling of the SubCode in one result of those that failed."""
    code = replies.code_of(result.get("SubCode"))
    return codes.rule(code, "", Scope.ITEM) if code else replies.NO_RESULT
