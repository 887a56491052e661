"""What every command does that sends: show it, tell the signals, and say what a signal came to."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bulkdel.cli.progress import progress
from bulkdel.cli.signals import Stopping
from bulkdel.errors import BulkdelError, Exit, WrongInput
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.run import Run
from bulkdel.runs.seams import Show
from bulkdel.send.selection import Selection
from bulkdel.send.view import Ending, LaneView


class Interrupted(BulkdelError):
    """A signal came before the first call of the sitting left."""

    exit_code = Exit.LEFT


class NotAgreed(BulkdelError):
    """A person was asked and did not say yes."""

    exit_code = Exit.LEFT


class CutShort(BulkdelError):
    """What is wrong was found when calls had left: so 2, nothing was sent, would not be true."""

    exit_code = Exit.LEFT


def before_sending(signal_name: str) -> None:
    """What a signal comes to while nothing is sent."""
    raise Interrupted(stopped(signal_name))


def stopped(signal_name: str) -> str:
    """Why a command ends that a signal stopped before it sent anything."""
    return (
        f"stopped by {signal_name} before anything was sent this time. Run the same command again"
    )


def as_said(cause: Exception, watch: Stopping) -> Exception:
    """What a command ends with that this error stopped: as it would be without a signal, or not."""
    if watch.by and not watch.patient and not isinstance(cause, BulkdelError):
        return Interrupted(stopped(watch.by))  # a library made its own error of it
    if watch.patient and isinstance(cause, WrongInput):
        return CutShort(cause.what, *cause.more, where=cause.where, mend=cause.mend)
    return cause


def send(  # what is sent, and who sees it
    run: Run,
    meta: PlanMeta,
    watch: Stopping,
    others: Sequence[Show] = (),
    *,
    quiet: bool,
    limit: int | None = None,
    selection: Selection | None = None,
    used_s: float = 0.0,
) -> Ending:
    """Sends, shows the lanes, to `others` as well, and lets the first signal stop it safely."""
    try:
        with progress(quiet=quiet, now_s=time.monotonic) as display:

            def show(views: Sequence[LaneView]) -> None:
                for one in (display, *others):
                    one(views)

            ending = run.send(
                meta,
                limit=limit,
                show=show,
                tell=watch.tell,
                selection=selection,
                used_s=used_s,
            )
    except BaseException:
        if watch.patient:  # whom the signals were told to is gone
            watch.tell(_too_late)
        raise
    watch.tell(_too_late)
    return ending


def _too_late(_: str) -> None:
    """Nothing is left to stop but the summary."""
