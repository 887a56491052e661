"""What a lane is doing, as one value: whoever shows a lane shows this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Doing(StrEnum):
    """What a lane is doing; a closed set, so that metrics can have a series for each."""

    PLANNED = "planned"  #: nothing of it was sent yet
    SENDING = "sending"
    OPENING = "opening"  #: its first call waits for its answer, or has not left yet
    STARTING = "starting"  #: keeps a second between the calls of two sittings
    PAUSED = "paused"  #: by `bulkdel pause`
    WINDOW = "window"  #: waits for the window of the schedule
    CANARY = "canary"  #: its canary is as it should be, and the rest was not let on yet
    HELD = "held"  #: by the provider, which throttled it
    SILENT = "no_answer"  #: the provider does not answer, or not as it should; one call at a time
    REFUSED = "refused"  #: the credentials were refused; single calls try them again
    NETWORK = "network"  #: the network does not take what was sent
    MACHINE = "machine"  #: this machine cannot open a connection
    LIMIT = "limit"  #: has settled its share of --limit, and the other targets have not
    STOPPING = "stopping"  #: sends nothing more, and waits for its calls in flight
    ENDED = "ended"  #: sends nothing more in this sitting
    UNKNOWN = "unknown"  #: a process works on it and has not said for a while how it stands


KEPT: Final = (
    Doing.OPENING,
    Doing.STARTING,
    Doing.PAUSED,
    Doing.WINDOW,
    Doing.CANARY,
    Doing.HELD,
    Doing.SILENT,
    Doing.REFUSED,
    Doing.NETWORK,
    Doing.MACHINE,
    Doing.LIMIT,
)
"""In each of these a lane that is not over sends nothing, or one call at a time."""
OVER: Final = (Doing.STOPPING, Doing.ENDED)


class End(StrEnum):
    """Why a lane or a sitting stopped sending."""

    FINISHED = "finished"  #: every pair is settled
    LEFT = "left"  #: tries used up for what is left
    DOWN = "down"  #: no accepted call for outage_limit
    REFUSED = "refused"  #: credentials, permission or app refused
    STOPPED = "stopped"  #: a signal
    LIMIT = "limit"  #: --limit reached
    KEPT_BACK = "kept_back"  #: what is left was not to be sent this time
    WINDOW = "window"  #: outside schedule.window
    DURATION = "duration"  #: max_duration
    GUARD = "guard"  #: max_failure_ratio
    CANARY = "canary"  #: the canary is not as it should be
    STORAGE = "storage"  #: a file of the run can be written or read no more
    CRASHED = "crashed"  #: an error of bulkdel's own
    GONE = "gone"  #: the process is gone without a word


class Slower(StrEnum):
    """What keeps a lane well below its ceiling while it sends."""

    OPERATOR = "operator"  #: a rate that was set by `bulkdel rate`
    PROVIDER = "provider"  #: it throttled, and the lane is careful since


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """What a lane is doing, since when, and why. Times are Unix milliseconds.

    Attributes:
        since_ms: when it began; None where nobody noted that.
        until_ms: when that ends or the next call may leave; None where that is not known.
        code: the provider's, behind it; None where there is none.
        info: what was said with it: the provider's text, or why there was no answer.
        by: who asked for it, as the system names the user; empty where nobody did.
        end: why it is over; None while it is not, and where nothing of it was sent.
        slower: what keeps it below its ceiling while it sends.
    """

    doing: Doing
    since_ms: int | None = None
    until_ms: int | None = None
    code: int | None = None
    info: str = ""
    by: str = ""
    end: End | None = None
    slower: Slower | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why lanes send nothing until they are opened: `doing` is PAUSED or WINDOW."""

    doing: Doing
    until_ms: int | None = None
    by: str = ""
