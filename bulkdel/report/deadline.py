"""[request] in words, and whether a run can be done before its deadline."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from bulkdel.job.job import Job, Request
from bulkdel.job.window import Schedule
from bulkdel.plan.cut import WORKER_QPS
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.figures import count, plain, rate, span

_NIGHTS_MOST = 1000


def request_rows(
    request: Request, now_s: float, left_s: float | None = None
) -> Iterator[tuple[str, str]]:
    """What the purge answers, name and words; nothing where the job does not say.

    `left_s` is how long the rest will take, where that can be said.
    """
    named = ", ".join(filter(None, (request.id, request.reason)))
    asked = "" if request.requested_at is None else f"asked for {_day(request.requested_at)}"
    if words := "; ".join(filter(None, (named, asked))):
        yield "request", plain(words, 800)
    if request.deadline is not None:
        late = left_s is not None and now_s + left_s > request.deadline.timestamp() > now_s
        missed = "; IT WILL BE MISSED AT THIS RATE" if late else ""
        words = f"{_day(request.deadline)}, {_from_now(request.deadline, now_s)}{missed}"
        yield "deadline", words


def request_values(request: Request) -> dict[str, str | None] | None:
    """The same for programs; None where the job does not say."""
    asked, due = request.requested_at, request.deadline
    values = {
        "id": request.id,
        "reason": request.reason,
        "requested_at": None if asked is None else asked.isoformat(),
        "deadline": None if due is None else due.isoformat(),
    }
    return values if any(values.values()) else None


def deadline_doubt(
    job: Job, meta: PlanMeta, now_s: float, *, before_s: float = 0.0, left: int | None = None
) -> str:
    """That the plan cannot be sent before the deadline, and the rate that would do; else nothing.

    Args:
        job: with its schedule and rates.
        meta: the plan's.
        now_s: Unix time; it begins then.
        before_s: seconds that a backup takes first.
        left: pairs that are not settled yet, of all targets; None is all.
    """
    due = job.request.deadline
    if due is None or not meta.books.pairs:
        return ""
    part = 1.0 if left is None else left / sum(share.pairs for share in meta.shares)
    batches = {share.target: share.batches * part for share in meta.shares}
    alone_s = sum(batches.values()) / WORKER_QPS
    enough_s = max(alone_s, *(batches[one.name] / one.qps for one in job.targets)) + before_s
    bound_s = _work_s(job.schedule, now_s, due.timestamp(), enough_s) - before_s
    late = [one for one in job.targets if batches[one.name] / one.qps > bound_s]
    begin = f"request.deadline is {_day(due)}, {_from_now(due, now_s)}, and"
    if not late:
        if job.cluster is None or alone_s <= bound_s:
            return ""
        return (
            f"{begin} one process takes at least {span(alone_s + before_s)} for this: it takes "
            f"{count(math.ceil(alone_s / bound_s))} processes to be done in time."
        )
    needs = []
    for target in late:
        if bound_s <= 0:
            break
        wanted = batches[target.name] / bound_s
        ceiling = PROVIDERS[target.provider].limits[job.operation].qps
        over = (
            f", above the documented ceiling of {rate(ceiling)}" if wanted > ceiling + 1e-4 else ""
        )
        needs.append(
            f"{target.name} needs {rate(math.ceil(round(wanted * 10, 3)) / 10)} calls/s{over} "
            f"(qps is {rate(target.qps)})"
        )
    enough = f": {'; '.join(needs)}" if needs else ""
    whole = max(batches[one.name] / one.qps for one in late) + before_s
    return (
        f"{begin} this takes at least {span(whole)} of sending: it cannot be done in time{enough}."
    )


def _work_s(schedule: Schedule, now_s: float, due_s: float, enough_s: float) -> float:
    """Seconds of sending that the schedule leaves until then; counted up to `enough_s` of them."""
    if schedule.window is None:
        return max(0.0, due_s - now_s)
    bound = math.inf if schedule.max_duration_s is None else schedule.max_duration_s
    found = 0.0
    for begin, until in islice(schedule.window.spans(now_s), _NIGHTS_MOST):
        if begin >= due_s or found >= enough_s:
            break
        found += min(until - begin, bound, due_s - begin)
    return found


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _from_now(at: datetime, now_s: float) -> str:
    left_s = at.timestamp() - now_s
    return f"in {span(left_s)}" if left_s > 0 else f"{span(-left_s)} ago"
