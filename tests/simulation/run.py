"""Tries any number of seeds: `python -m tests.simulation.run --seeds 0:20000 --jobs 2`.

Prints each failing seed with what is wrong, and at the end what happened over all of them. A seed
replays exactly: `--seed 17 --verbose` tells its whole history.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

import orjson

from tests.simulation.harness import carried_out
from tests.simulation.history import History
from tests.simulation.network import Sent
from tests.simulation.oracle import complaints
from tests.simulation.replies import reading
from tests.simulation.scenario import scenario

_CHUNK = 50
_SHOWN = 3


@dataclass(slots=True)
class Tally:
    """What happened over many seeds; failing seeds with their first complaints."""

    happened: Counter[str] = field(default_factory=Counter)
    failing: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take over what another one counted."""
        self.happened += other.happened
        self.failing |= other.failing


def tried(seed: int) -> tuple[History | None, list[str]]:
    """The history of a seed, if it came to an end, and what is wrong."""
    try:
        history = carried_out(scenario(seed))
        return history, complaints(history)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, it is a finding
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        frames = traceback.format_tb(error.__traceback__)[-1:]
        return None, [f"{type(error).__name__}: {error}", *frames]


def tried_all(seeds: Sequence[int]) -> Tally:
    """Try them one after another."""
    tally = Tally()
    for seed in seeds:
        history, wrong = tried(seed)
        tally.happened["seeds"] += 1
        if history is not None:
            tally.happened.update(_happened(history))
        if wrong:
            tally.failing[seed] = wrong[:_SHOWN]
    return tally


def _happened(history: History) -> Iterator[str]:
    yield "runs finished" if history.finished else "runs left unfinished"
    yield from ["virtual hours"] * int(history.virtual_s // 3600)
    for seen in history.sittings:
        yield f"sitting: {seen.trial.end}"
        if seen.died:
            yield "deaths"
        if seen.trial.skews:
            yield "sitting: with a clock that jumps"
        yield from {f"lane end: {end}" for end in seen.ends.values()}
    for target in history.scenario.targets:
        for sent in history.sent[target.name]:
            yield from _met(target.provider, sent)
        if history.scenario.oriented:
            yield from _second_phase(history, target.name)
    for line in history.sittings[-1].ledger.splitlines():
        found = orjson.loads(line)
        lost = " with a lost answer" if found["lost_answers"] else ""
        if "sent_from" in found:
            yield f"line: {found['status']}, sent from the other side"
        yield f"line: {found['status']}{lost}"


def _second_phase(history: History, target: str) -> Iterator[str]:
    yield "oriented targets" + (", calm" if history.scenario.calm else "")
    planned = {(account, other) for account, them in history.planned[target] for other in them}
    second = [
        sent
        for sent in history.sent[target]
        if (sent.account, (sent.ids or ("",))[0]) not in planned
    ]
    yield from ["calls of a second phase"] * len(second)
    yield from ["sittings with a second phase"] * len({sent.sitting for sent in second})
    yield from ["deletions in a second phase"] * sum(bool(sent.removed) for sent in second)


def _met(provider: str, sent: Sent) -> Iterator[str]:
    yield "calls"
    for to in (sent.ids or ("",))[:1]:
        yield f"said: {reading(provider, sent.reply, sent.ids, to).word}"
    if sent.removed and sent.reply is None:
        yield "deletions without an answer"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0:300", help="from:to, the last one not included")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--oriented", action="store_true", help="only where sides are chosen")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--verbose", action="store_true", help="with --seed: its history")
    return parser.parse_args()


def _tell(seed: int) -> int:
    history, wrong = tried(seed)
    if history is not None:
        sys.stdout.write(history.log)
        for target in history.scenario.targets:
            for sent in history.sent[target.name]:
                reply = "no reply" if sent.reply is None else sent.reply.body[:200]
                sys.stdout.write(
                    f"{sent.left_at:12.6f} {sent.target} {sent.account!r} → {sent.ids} "
                    f"removed {sorted(sent.removed)}: {reply!r}\n"
                )
        for seen in history.sittings:
            sys.stdout.write(f"{seen.trial} {seen.ends} died={seen.died} {seen.after}\n")
    sys.stdout.write("\n".join(wrong) + "\n" if wrong else "every promise was kept\n")
    return int(bool(wrong))


def main() -> int:
    """0 if every promise was kept in every seed."""
    arguments = _arguments()
    if arguments.seed is not None:
        if arguments.verbose:
            return _tell(arguments.seed)
        arguments.seeds = f"{arguments.seed}:{arguments.seed + 1}"
    first, after = map(int, arguments.seeds.split(":"))
    tally = Tally()
    began = time.monotonic()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        seeds: Sequence[int] = range(first, after)
        if arguments.oriented:
            seeds = [seed for seed in seeds if scenario(seed).oriented]
        chunks = [
            pool.submit(tried_all, seeds[at : at + _CHUNK]) for at in range(0, len(seeds), _CHUNK)
        ]
        try:
            for chunk in as_completed(chunks):
                _take(tally, chunk.result())
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
    took = time.monotonic() - began
    for what, count in sorted(tally.happened.items()):
        sys.stdout.write(f"{count:10,} {what}\n")
    count = tally.happened["seeds"]
    sys.stdout.write(f"{len(tally.failing)} of {count} seeds failed; {count / took:.1f} seeds/s\n")
    return int(bool(tally.failing))


def _take(tally: Tally, done: Tally) -> None:
    tally.add(done)
    for seed, wrong in done.failing.items():
        sys.stdout.write(f"seed {seed}:\n  " + "\n  ".join(wrong) + "\n")
    sys.stdout.flush()
    sys.stderr.write(f"\r{tally.happened['seeds']:,} tried")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
