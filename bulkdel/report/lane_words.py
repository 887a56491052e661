"""What a target's calls are doing, in words: every screen, log and message says the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bulkdel.report.figures import clock, count, counted, rate, sentence, span
from bulkdel.report.tone import Tone
from bulkdel.send.state import Doing, End, LaneState, Slower
from bulkdel.send.view import LaneView

_INFO_MOST: Final = 300
_ENDS: Final = {
    End.LEFT: "stopped: the tries are used up for what is left",
    End.DOWN: "stopped: no answer for too long",
    End.REFUSED: "refused",
    End.STOPPED: "stopped by a signal",
    End.LIMIT: "stopped at --limit",
    End.KEPT_BACK: "stopped: what is left was not to be sent this time",
    End.WINDOW: "stopped: outside the window of the schedule",
    End.DURATION: "stopped after the time that it may take at a stretch",
    End.GUARD: "stopped by a guard of the job file",
    End.CANARY: "stopped: its canary is not as it should be",
    End.STORAGE: "stopped: a file of the run could not be written or read",
    End.CRASHED: "stopped by an error of bulkdel's own",
    End.GONE: "its process is gone without a word: killed, or a crash",
}
_SAID_BY_INFO: Final = frozenset(
    {End.LEFT, End.DOWN, End.STOPPED, End.GUARD, End.CANARY, End.STORAGE, End.KEPT_BACK}
)
"""Ends whose info says all that the words here would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of a target, a part of a sentence; and how good that is."""

    words: str
    tone: Tone


def lane_words(lane: LaneView, now_ms: int) -> Said:
    """What a target's calls are doing at `now_ms` (Unix milliseconds), and why."""
    state = lane.state
    match state.doing:
        case Doing.SENDING:
            return _sending(lane)
        case Doing.ENDED:
            return _ended(lane)
        case Doing.STOPPING:
            calls = counted(lane.in_flight, "call")
            rest = f"waiting for {calls}" if lane.in_flight else "writing down the last answers"
            return Said(words=f"stopping: {rest}{_why(state)}", tone=Tone.BAD)
        case Doing.PLANNED | Doing.OPENING | Doing.STARTING | Doing.LIMIT:
            return Said(words=_CALM[state.doing], tone=Tone.MIXED)
        case Doing.CANARY:
            follows = "somebody lets it on"
            if state.until_ms is not None:
                follows = f"it follows by itself, {clock(state.until_ms, now_ms)}"
            words = f"the canary is as it should be; the rest waits until {follows}"
            return Said(words=words, tone=Tone.MIXED)
        case _:
            return Said(words=_kept(state, now_ms), tone=Tone.BAD)


_CALM: Final = {
    Doing.PLANNED: "nothing was sent yet",
    Doing.OPENING: "waiting for the first answer",
    Doing.STARTING: "waiting a second, since calls left just before",
    Doing.LIMIT: "has settled its share of --limit, and waits for the other targets",
}


def _sending(lane: LaneView) -> Said:
    match lane.state.slower:
        case Slower.OPERATOR:
            words = f"sending, slowed to {rate(lane.pace)} calls/s by `bulkdel rate`"
        case Slower.PROVIDER:
            words = f"sending, slowed to {rate(lane.pace)} calls/s after the provider throttled it"
        case _:
            return Said(words="sending", tone=Tone.GOOD)
    return Said(words=words, tone=Tone.MIXED)


def _ended(lane: LaneView) -> Said:
    end, failed = lane.state.end, lane.counters.failed
    if lane.counters.settled >= lane.pairs:
        if failed:
            return Said(words=f"finished, {count(failed)} failed for good", tone=Tone.MIXED)
        return Said(words="finished", tone=Tone.GOOD)
    state = replace(lane.state, code=None)  # what was said of the end names it
    if end is None or end not in _ENDS:
        return Said(words=f"stopped with work left{_why(state)}", tone=Tone.BAD)
    if end in _SAID_BY_INFO and lane.state.info:
        words = _why(state).removeprefix(": ")
        started = words if words.startswith("stopped") else f"stopped: {words}"
        return Said(words=started, tone=Tone.BAD)
    why = "" if end is End.LIMIT else _why(state)
    return Said(words=f"{_ENDS[end]}{why}", tone=Tone.BAD)


def _kept(state: LaneState, now_ms: int) -> str:  # noqa: PLR0911  # one for each reason
    """Why nothing is sent, or one call at a time."""
    since = "" if state.since_ms is None else f" since {clock(state.since_ms, now_ms)}"
    next_one = ""
    if state.until_ms is not None and state.until_ms > now_ms:
        next_one = f"; the next call in {span((state.until_ms - now_ms) / 1000)}"
    match state.doing:
        case Doing.PAUSED:
            by = f" by {state.by}" if state.by else ""
            return f"paused{by}{since}; `bulkdel resume` goes on"
        case Doing.WINDOW:
            opens = "" if state.until_ms is None else f", {clock(state.until_ms, now_ms)}"
            return f"waiting until the window of the schedule opens{opens}"
        case Doing.HELD:
            return f"held by the provider, which refused calls for their rate{next_one}"
        case Doing.SILENT:
            silent_s = 0.0 if state.since_ms is None else (now_ms - state.since_ms) / 1000
            return f"no call was accepted for {span(silent_s)}{_why(state)}{next_one}"
        case Doing.REFUSED:
            return f"refused{_why(state)}; single calls try again{next_one}"
        case Doing.NETWORK:
            return "the network does not take what was sent; nothing more is sent meanwhile"
        case Doing.MACHINE:
            return state.info or "this machine cannot open a connection"
        case _:
            return f"its process has said nothing{since}; it may be stopped, or the machine busy"


def _why(state: LaneState) -> str:
    code = "" if state.code is None else f" code {state.code}"
    info = sentence(state.info, _INFO_MOST).rstrip(".;,: ") if state.info else ""
    if info and state.info[:1].islower():
        info = state.info[0] + info[1:]
    if not code and not info:
        return ""
    return f":{code} {info}".rstrip() if code else f": {info}"


def brief(doing: str) -> str:
    """What a lane was doing, in a few words: of the word that its samples hold.

    Those of an older version hold the words themselves.
    """
    return _BRIEF.get(doing, doing)


_BRIEF: Final[dict[str, str]] = {
    Doing.OPENING: "waiting for the first answer",
    Doing.STARTING: "a second between two starts",
    Doing.PAUSED: "paused",
    Doing.WINDOW: "outside the window of the schedule",
    Doing.CANARY: "the canary waited to be let on",
    Doing.HELD: "held by the provider",
    Doing.SILENT: "no answer",
    Doing.REFUSED: "credentials refused",
    Doing.NETWORK: "the network took nothing",
    Doing.MACHINE: "this machine could not connect",
    Doing.LIMIT: "its share of --limit was settled",
}
