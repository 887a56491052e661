"""What goes wrong at a provider, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, get_args

from bulkdel.emulator.faults import (
    Cut,
    Fate,
    Fault,
    Form,
    Latency,
    Listing,
    Only,
    Seeded,
    SeededItems,
    Span,
    Together,
)
from bulkdel.emulator.habits import AllFailed, Habits
from bulkdel.emulator.limits import RateLimit, Spell
from bulkdel.emulator.world import ReverseOnly

SERVER_SIDE: Final = {
    "tencent": (30006, 30007, 30008, 60008, 60013, 60014, 70169, 70202, 70500),
    "zego": (1, 105001, 100000012, 100000015, 660000001, 660000003, 660700013, 660700016),
}
"""Codes that report a server-side failure: the call may have been carried out all the same."""
UNKNOWN: Final = {
    "tencent": (39999, 30010, 99, 72000, 9007199254740991),
    "zego": (661234567, 660800027, 4, 660300001),
}
"""Codes that no page lists, or none for a deletion."""
THROTTLES: Final = {"tencent": (60007, 60011, 60018, 31707), "zego": (7, 660300005)}
_ALL_FAILED: Final[tuple[AllFailed | None, ...]] = (None, *get_args(AllFailed))
SPLITS: Final = {"tencent": (30001, 70206), "zego": (660000002, 660000011, 660800019, 660800022)}
RESIGNS: Final = {"tencent": (70001, 70052), "zego": (100000004, 100000005)}
FATALS: Final = {"tencent": (70009, 60010, 60020), "zego": (3, 660000028)}
PERMANENT_ITEMS: Final = {
    "tencent": (30001, 30003, 31804, 70107, 70206, 60015),
    "zego": (2, 51102, 660000012, 660700012, 660700015, 660200001),
}
NOT_FRIENDS: Final = {"tencent": 31704, "zego": 660800034}
_FORMS = (Form.GARBAGE, Form.TRUNCATED, Form.EMPTY, Form.NOT_OBJECT)


def fault_of(
    rng: random.Random,
    provider: str,
    *,
    sweeps: bool,
    healed_s: float,
    timeout_s: float,
    ids: Sequence[str],
    stubborn: bool,
) -> Fault:
    """Several faults at once, all over by `healed_s` but latency and what is wrong for good."""
    least = rng.choice((0.0, 0.01, 0.05))
    faults: list[Fault] = [Latency(least_s=least, most_s=rng.choice((least, 0.1, 1.0, 2.9)))]
    kinds = rng.choice((0, 1, 2, 4, 8))
    # Where ids that get a server-side code were deleted after all, no id gets another code: the
    # emulator joins faults, and a provider that refuses an id for good and deletes it is a liar.
    items_done = rng.random() < 0.3
    for _ in range(kinds):
        start = rng.choice((0.0, rng.uniform(0, healed_s)))
        until = rng.choice((healed_s, min(healed_s, start + rng.uniform(0.5, 60))))
        span = Span(from_s=start, until_s=until)
        faults.append(
            Only(
                fault=_one(rng, provider, timeout_s, sweeps=sweeps, items_done=items_done),
                span=span,
            )
        )
    if (
        not sweeps and ids and not items_done and rng.random() < 0.3
    ):  # some ids are refused for good
        some = frozenset(rng.sample(ids, min(len(ids), rng.choice((1, 2, 10)))))
        code = rng.choice(PERMANENT_ITEMS[provider])
        faults.append(SeededItems(code=code, ids=some))
    if not sweeps and ids and rng.random() < 0.2:  # one id spoils every call that carries it
        spoilt = frozenset(rng.sample(ids, 1))
        fate = Fate(done=False, code=rng.choice(SPLITS[provider][:2]))
        faults.append(Only(fault=Seeded(odds=1.0, fate=fate), ids=spoilt))
    if stubborn and not sweeps and ids:  # poison: neither done nor refused, ever
        poison = frozenset(rng.sample(ids, 1))
        fate = rng.choice(
            (
                Fate(done=False, code=rng.choice(UNKNOWN[provider])),
                Fate(code=rng.choice(SERVER_SIDE[provider])),
                Fate(form=Form.GARBAGE),
            )
        )
        faults.append(Only(fault=Seeded(odds=1.0, fate=fate), ids=poison))
    return Together(faults=tuple(faults))


def _one(
    rng: random.Random, provider: str, timeout_s: float, *, sweeps: bool, items_done: bool
) -> Fault:
    odds = rng.choice((0.02, 0.1, 0.3, 0.7, 1.0))
    done = rng.random() < 0.5
    late = Fate(before_s=timeout_s + rng.uniform(-1, 30))
    fates = (
        Fate(done=done, code=rng.choice(SERVER_SIDE[provider])),
        Fate(done=done, code=rng.choice(UNKNOWN[provider])),
        Fate(done=False, code=rng.choice(THROTTLES[provider])),
        Fate(done=False, code=rng.choice(SPLITS[provider])),
        Fate(done=False, code=rng.choice(RESIGNS[provider])),
        Fate(done=False, status=429, retry_after_s=rng.choice((None, 1, 7, 40))),
        Fate(done=done, status=rng.choice((500, 502, 503, 504))),
        Fate(done=False, status=rng.choice((302, 403, 404, 413))),
        Fate(done=False, cut=Cut.SILENT),
        Fate(cut=Cut.SILENT),
        Fate(cut=Cut.MIDWAY),
        late,
        Fate(after_s=timeout_s + rng.uniform(-1, 5)),
        Fate(form=rng.choice(_FORMS), done=done),
        Fate(listing=rng.choice(tuple(Listing))),
    )
    kind = rng.random()
    if kind < 0.04:
        return Seeded(
            odds=min(odds, 0.02), fate=Fate(done=False, code=rng.choice(FATALS[provider]))
        )
    if kind < 0.06:
        return Seeded(odds=min(odds, 0.02), fate=Fate(form=Form.HUGE))
    if kind < 0.3 and not sweeps:
        if items_done or rng.random() < 0.5:
            code = rng.choice(SERVER_SIDE[provider] + UNKNOWN[provider])
            return SeededItems(code=code, odds=odds, done=items_done)
        codes = PERMANENT_ITEMS[provider] + THROTTLES[provider][-1:] + SPLITS[provider]
        return SeededItems(code=rng.choice(codes), odds=min(odds, 0.3))
    return Seeded(odds=odds, fate=rng.choice(fates))


def limit_of(rng: random.Random, qps: float, *, healed_s: float) -> RateLimit:
    """The ceiling as the provider counts it; for a while it may be lower than the job's own."""
    ceiling = max(1, int(qps))
    spells: tuple[Spell, ...] = ()
    if rng.random() < 0.3:
        start = rng.uniform(0, healed_s / 2)
        until = min(healed_s, start + rng.uniform(1, 300))
        low = max(1, int(ceiling * rng.choice((0.1, 0.5))))
        spells = (Spell(ceiling=low, span=Span(from_s=start, until_s=until)),)
    return RateLimit(ceiling=max(ceiling, 1), sliding=rng.random() < 0.5, spells=spells)


def habits_of(rng: random.Random, provider: str, batch_size: int) -> Habits:
    """What the documentation leaves open."""
    all_failed = rng.choice(_ALL_FAILED)
    return Habits(
        reverse_only=rng.choice(tuple(ReverseOnly)),
        batch_limit=rng.choice((None, None, None, max(1, batch_size // 2))),
        all_failed=all_failed,
        all_failed_code=SPLITS[provider][0] if all_failed == "code_only" else None,
        complete=rng.random() < 0.7,
        ordered=rng.random() < 0.7,
        unknown_id=rng.choice(("item", "call", "gone")),
        clear_empty=rng.choice(("ok", "code")),
        vague_not_friend=provider == "tencent" and rng.random() < 0.2,
        conflicts=rng.random() < 0.3,
        nonce_twice="refused" if rng.random() < 0.5 else "accepted",
    )
