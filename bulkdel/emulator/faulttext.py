"""Faults as a person writes them on a command line: `30006:0.05`, `http429:0.01,retry_after=2`.

`bulkdel emulator --help` shows the grammar. A suffix says what becomes of what was asked: -after,
it is carried out and then goes wrong; -before, where the other is usual, it is not. A code that
only one provider documents strikes only that provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bulkdel.emulator.emulated import EMULATED
from bulkdel.emulator.faults import (
    CUT_AFTER,
    CUT_BEFORE,
    Always,
    Cut,
    Fate,
    Fault,
    Form,
    Latency,
    Listing,
    Only,
    Pretended,
    Seeded,
    SeededItems,
    Span,
    Together,
)
from bulkdel.emulator.limits import RateLimit, Spell
from bulkdel.emulator.wire import Action

_HANG_S = 60.0

_FATES: Final[Mapping[str, Fate]] = {
    "cut-before": CUT_BEFORE,
    "cut-after": CUT_AFTER,
    "cut-within": Fate(cut=Cut.MIDWAY),
    **{
        f"{form.value.replace('_', '-')}{suffix}": Fate(done=done, form=form)
        for form in Form
        if form is not Form.INTACT
        for suffix, done in (("", True), ("-after", True), ("-before", False))
    },
    **{listing.value: Fate(listing=listing) for listing in Listing if listing is not Listing.WHOLE},
}
_HANGS: Final[Mapping[str, Callable[[float], Fate]]] = {
    "hang": lambda wait_s: Fate(done=False, cut=Cut.SILENT, before_s=wait_s),
    "hang-before": lambda wait_s: Fate(before_s=wait_s),
    "hang-after": lambda wait_s: Fate(after_s=wait_s),
}
_CODED = re.compile(r"(item|http|)([0-9]+)(-after|)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_REPEATABLE = frozenset({"provider", "action", "account", "id"})
_WHEN = frozenset({"from", "until"})
_WHICH = _WHEN | _REPEATABLE | {"calls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that a list of fault texts asks for.

    Attributes:
        fault: for Emulated.
        spells: for RateLimit.
        outages: for EmulatorServer.
    """

    fault: Fault
    spells: tuple[Spell, ...] = ()
    outages: tuple[Span, ...] = ()

    def limit(self, *, ceiling: int | None = None, sliding: bool = False) -> RateLimit:
        """The rate limit with what `throttle` asks for."""
        return RateLimit(ceiling=ceiling, sliding=sliding, spells=self.spells)


def parse_faults(texts: Iterable[str]) -> Scenario:
    """Read fault texts.

    Raises:
        ValueError: a sentence for the user: which text, what is wrong, what is allowed.
    """
    faults: list[Fault] = []
    spells: list[Spell] = []
    outages: list[Span] = []
    for text in texts:
        parsed = _parse(text)
        if isinstance(parsed, Spell):
            spells.append(parsed)
        elif isinstance(parsed, Span):
            outages.append(parsed)
        else:
            faults.append(parsed)
    return Scenario(
        fault=Together(faults=tuple(faults)), spells=tuple(spells), outages=tuple(outages)
    )


class _Text:
    """One fault text, taken apart; its methods name the text in their errors."""

    def __init__(self, text: str) -> None:
        self.text = text
        head, *conditions = text.split(",")
        self.what, colon, amount = head.partition(":")
        self.amount = amount if colon else None
        self.keys: dict[str, list[str]] = {}
        for condition in conditions:
            key, equals, value = condition.partition("=")
            if not equals or not value:
                raise self.wrong(f"{condition!r} is not KEY=VALUE")
            if key in self.keys and key not in _REPEATABLE:
                raise self.wrong(f"{key} is given twice")
            self.keys.setdefault(key, []).append(value)

    def wrong(self, why: str) -> ValueError:
        return ValueError(f"fault {self.text!r}: {why}")

    def allow(self, keys: Iterable[str]) -> None:
        allowed = sorted(keys)
        for key in self.keys:
            if key not in allowed:
                raise self.wrong(
                    f"{key} is no key of {self.what}; allowed are {', '.join(allowed)}"
                )

    def number(self, written: str, meaning: str) -> float:
        if not _NUMBER.fullmatch(written):
            raise self.wrong(f"{meaning} must be a number from 0, not {written!r}")
        return float(written)

    def whole(self, written: str, meaning: str) -> int:
        if not written.isascii() or not written.isdigit():
            raise self.wrong(f"{meaning} must be a whole number from 0, not {written!r}")
        return int(written)

    def odds(self) -> float:
        odds = 1.0 if self.amount is None else self.number(self.amount, "the probability")
        if odds > 1.0:
            raise self.wrong(f"the probability must be from 0 to 1, not {self.amount}")
        return odds

    def key(self, key: str) -> str | None:
        return self.keys[key][0] if key in self.keys else None

    def chosen(self, key: str, allowed: Iterable[str] | None = None) -> frozenset[str] | None:
        if key not in self.keys:
            return None
        names = sorted(allowed) if allowed is not None else self.keys[key]
        for value in self.keys[key]:
            if value not in names:
                raise self.wrong(f"{key} must be one of {', '.join(names)}, not {value!r}")
        return frozenset(self.keys[key])

    def span(self) -> Span:
        span = Span(
            from_s=self.number(self.key("from") or "0", "from"),
            until_s=float("inf")
            if (end := self.key("until")) is None
            else self.number(end, "until"),
        )
        if span.until_s <= span.from_s:
            raise self.wrong("until must be later than from")
        return span

    def calls(self) -> tuple[int, int] | None:
        if (written := self.key("calls")) is None:
            return None
        first, dash, last = written.partition("-")
        calls = (self.whole(first, "calls"), self.whole(last if dash else first, "calls"))
        if not 1 <= calls[0] <= calls[1]:
            raise self.wrong(f"calls must be N or N-N, counted from 1, not {written!r}")
        return calls


def _parse(written: str) -> Fault | Spell | Span:
    text = _Text(written)
    match text.what:
        case "throttle":
            text.allow(_WHEN | {"provider"})
            if text.amount is None:
                raise text.wrong("say how many calls a second, as in throttle:50")
            return Spell(
                ceiling=text.whole(text.amount, "the limit"),
                span=text.span(),
                providers=text.chosen("provider", EMULATED),
            )
        case "refuse":
            text.allow(_WHEN)
            if text.amount is not None:
                raise text.wrong("refuse takes no amount, only from and until")
            return text.span()
        case "latency" | "pretend" as what:
            text.allow(_WHICH)
            fault = _latency(text) if what == "latency" else _pretended(text)
            return _only(text, fault, None)
        case what if what in _HANGS:
            text.allow(_WHICH | {"for"})
            wait_s = _HANG_S if (given := text.key("for")) is None else text.number(given, "for")
            return _only(text, _seeded(text, _HANGS[what](wait_s)), None)
        case what if what in _FATES:
            text.allow(_WHICH)
            return _only(text, _seeded(text, _FATES[what]), None)
        case _:
            return _coded(text)


def _latency(text: _Text) -> Latency:
    least, dash, most = (text.amount or "").partition("-")
    latency = Latency(
        least_s=text.number(least, "latency"),
        most_s=text.number(most if dash else least, "latency"),
    )
    if latency.most_s < latency.least_s:
        raise text.wrong("latency must be S or S-S with the smaller number first")
    return latency


def _pretended(text: _Text) -> Pretended:
    return Pretended(odds=text.odds(), ids=text.chosen("id"))


def _coded(text: _Text) -> Fault:
    coded = _CODED.fullmatch(text.what)
    if coded is None:
        known = ["CODE", "itemCODE", "httpSTATUS", "latency", "throttle", "refuse", "pretend"]
        raise text.wrong(
            f"{text.what!r} is unknown; known are {', '.join([*known, *_HANGS, *_FATES])}"
        )
    kind, number, suffix = coded[1], int(coded[2]), coded[3]
    done = bool(suffix)
    if kind == "http":
        text.allow(_WHICH | {"retry_after"})
        if not 200 < number <= 599:  # noqa: PLR2004  # the statuses of HTTP that are final
            raise text.wrong(f"an HTTP status is from 201 to 599, not {number}")
        fate = Fate(done=done, status=number)
        if (seconds := text.key("retry_after")) is not None:
            fate = replace(fate, retry_after_s=text.whole(seconds, "retry_after"))
        return _only(text, _seeded(text, fate), None)
    text.allow(_WHICH)
    if number == 0:
        raise text.wrong("0 is no error code")
    if kind == "item":
        items = SeededItems(code=number, odds=text.odds(), ids=text.chosen("id"), done=done)
        return _only(text, items, number)
    return _only(text, _seeded(text, Fate(done=done, code=number)), number)


def _seeded(text: _Text, fate: Fate) -> Fault:
    odds = text.odds()
    return Seeded(odds=odds, fate=fate) if odds < 1.0 else Always(fate=fate)


def _only(text: _Text, fault: Fault, code: int | None) -> Fault:
    providers = text.chosen("provider", EMULATED)
    knowing = frozenset(name for name, rules in EMULATED.items() if code in rules.codes)
    if providers is None and len(knowing) == 1:
        providers = knowing
    actions = text.chosen("action", Action)
    only = Only(
        fault=fault,
        providers=providers,
        actions=None if actions is None else frozenset(map(Action, actions)),
        accounts=text.chosen("account"),
        ids=text.chosen("id"),
        calls=text.calls(),
        span=text.span(),
    )
    return fault if only == Only(fault=fault) else only
