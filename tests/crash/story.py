"""A run that is killed again and again, and what must be true of it afterwards.

Nothing here shares code with the engine: what the judge saw, what the ledger says and what `status`
reports are compared with what was asked for.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulkdel.ledger.history import snapshot
from tests.crash.dies import NEVER, SYNCED
from tests.support.judge import Judge, Pair
from tests.support.process import ROOT, Done, Place, Process, csv_text, finished, toml

QPS = 60
IN_FLIGHT = 12
FEWEST_CALLS = '[plan]\norient = "fewest_calls"\n'
ALLOWED_JITTER = 1.5
"""Arrivals are counted in another process on a busy machine; departures are held to the letter."""

_DIES = str(ROOT / "tests/crash/dies.py")


@dataclass(kw_only=True)
class Story:
    """One run of one job against one judge, over many deaths.

    Attributes:
        pairs: what the job asks to remove.
        friends: who had whom at the start.
        left: who must have whom at the end.
        chosen: whether the planner chooses the side that each friendship is sent from.
        arrived: calls that the judge saw until the last sitting ended.
        intended: calls that the journal knew of then.
        seen: the complete lines of the ledger that a reader has seen.
    """

    place: Place
    judge: Judge
    provider: str
    pairs: list[Pair]
    friends: frozenset[Pair]
    left: frozenset[Pair]
    chosen: bool = False
    arrived: int = 0
    intended: int = 0
    seen: bytes = b""

    @property
    def run_dir(self) -> Path:
        """Where the run is kept."""
        return self.place.folder / "runs/job"

    @property
    def lines_for(self) -> list[Pair]:
        """What has a line each: the pairs, or each friendship as the first row names it."""
        if not self.chosen:
            return self.pairs
        return list({frozenset(pair): pair for pair in reversed(self.pairs)}.values())

    def start(self, point: str = NEVER, passages: int = 1) -> Process:
        """The command, which dies at the point."""
        departures = str(self.place.folder / "departures")
        return self.place.start(
            "run",
            "job.toml",
            "--no-progress",
            program=(_DIES, point, str(passages), departures),
        )

    def dies_at(self, point: str, passages: int = 1) -> None:
        """One sitting that ends by SIGKILL at the n-th passage of a point."""
        done = finished(self.start(point, passages))
        assert done.code == -signal.SIGKILL, f"{point} was never reached: {done}"
        self._died()

    def dies_after(self, seconds: float, warned_s: float | None = None) -> bool:
        """One sitting that is killed after a while; whether something was left to kill.

        `warned_s` seconds before the kill comes a SIGTERM, as a container's end does.
        """
        process = self.start()
        ends = [(seconds, signal.SIGKILL)]
        if warned_s is not None:
            ends = [(seconds - warned_s, signal.SIGTERM), (warned_s, signal.SIGKILL)]
        for wait_s, number in ends:
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
        done = finished(process)
        if done.code == -signal.SIGKILL:
            self._died()
            return True
        self.look()
        if done.code == -signal.SIGTERM:  # before it had begun to listen
            return True
        assert done.code in {0, 75}, done
        self._account(most=0)
        return done.code == 75

    def _died(self) -> None:
        self.look()
        self._account(most=IN_FLIGHT)

    def _account(self, *, most: int) -> None:
        """No call of the sitting arrived without an intent, and at most so many did not arrive."""
        arrived = self._arrived() - self.arrived
        found = snapshot(self.run_dir)
        intended = found.counters[self.provider].calls - self.intended if found else 0
        assert arrived <= intended <= arrived + most
        self.arrived += arrived
        self.intended += intended

    def _arrived(self) -> int:
        """How many calls arrived, once the judge is done with what dead processes sent."""
        calls = -1
        while (seen := self.judge.seen(self.provider)).in_flight or seen.calls != calls:
            calls = seen.calls
            time.sleep(0.02)
        return calls

    def look(self) -> None:
        """As a reader of the ledger: what was seen before stands there still, byte for byte."""
        ledger = self.run_dir / "ledger.jsonl"
        now = ledger.read_bytes() if ledger.exists() else b""
        assert now.startswith(self.seen), "a line that was seen is gone or has changed"
        self.seen = now[: now.rfind(b"\n") + 1]
        lines = self.lines()
        assert len({(line["from_account"], line["to_account"]) for line in lines}) == len(lines)

    def lines(self) -> list[dict[str, Any]]:
        """The ledger's complete lines when it was last looked at."""
        return [json.loads(line) for line in self.seen.splitlines()]

    def finish(self) -> None:
        """The same command again until it is finished, then everything is checked."""
        done = self._to_the_end()
        assert done.code == 0, done
        self.look()
        check(self)

    def _to_the_end(self) -> Done:
        done = finished(self.start())
        return finished(self.start()) if done.code == 75 else done  # tries used up


def tell(
    place: Place,
    judge: Judge,
    pairs: list[Pair],
    *,
    friends: frozenset[Pair],
    left: frozenset[Pair],
    provider: str,
    mode: str,
    chosen: bool = False,
) -> Story:
    """A story that has not begun: the job and its input are written."""
    place.write("pairs.csv", csv_text(pairs))
    limits = f"qps = {QPS}\nmax_in_flight = {IN_FLIGHT}\nbatch_size = 5"
    if provider == "zego":
        limits = limits.replace(f"qps = {QPS}", "qps = 20")
    text = toml(
        judge.address,
        mode=mode,
        tencent=limits if provider == "tencent" else None,
        zego=limits if provider == "zego" else None,
        tail="[retry]\nbase_delay_s = 0.05\n" + FEWEST_CALLS * chosen,
    )
    place.write("job.toml", text)
    return Story(
        place=place,
        judge=judge,
        provider=provider,
        pairs=pairs,
        friends=friends,
        left=left,
        chosen=chosen,
    )


def network(
    seed: int, *, two_way: bool, accounts: int = 40
) -> tuple[list[Pair], frozenset[Pair], frozenset[Pair]]:
    """Pairs to remove, who has whom at the start, and who must have whom at the end."""
    rng = random.Random(seed)
    pairs = [
        (f"a{account:02}", f"b{other:03}")
        for account in range(accounts)
        for other in rng.sample(range(200), rng.choice((1, 3, 5, 6, 12)))
    ]
    rng.shuffle(pairs)
    absent = set(rng.sample(pairs, len(pairs) // 10))
    here = set(pairs) - absent
    back = {(other, account) for account, other in pairs}
    strangers = {(account, "nobody-asked") for account, _ in pairs} | {("x", "y"), ("y", "x")}
    gone = here | ({(other, account) for account, other in here} if two_way else set())
    friends = frozenset(here | back | strangers)
    return pairs, friends, friends - gone


def friendships(seed: int) -> tuple[list[Pair], frozenset[Pair], frozenset[Pair]]:
    """As `network`, where some pairs are named from both sides, and some are nobody's friends.

    Of those that are friends, some are on one list only: on either.
    """
    rng = random.Random(seed)
    pairs, friends, left = network(seed, two_way=True)
    gone = set(rng.sample(pairs, len(pairs) // 8))
    one_sided = {pair for pair in rng.sample(pairs, len(pairs) // 4) if pair[::-1] in friends}
    friends -= gone | {pair[::-1] for pair in gone} | one_sided
    named = {one for pair in pairs for one in (pair, pair[::-1])}
    pairs = [*pairs, *(pair[::-1] for pair in rng.sample(pairs, len(pairs) // 5))]
    rng.shuffle(pairs)
    return pairs, friends, (left & friends) - named


def check(story: Story) -> None:
    """Every promise that a judge outside can see."""
    lines = story.lines()
    named = [(line["from_account"], line["to_account"]) for line in lines]
    assert sorted(named) == sorted(story.lines_for), "each pair has exactly one line"
    seen = story.judge.seen(story.provider)
    assert seen.left == story.left, "nothing but what was asked is gone, and all of it"
    for line, pair in zip(lines, named, strict=True):
        if pair not in story.friends and not (story.chosen and pair[::-1] in story.friends):
            assert line["status"] == "already_gone"
        elif line["status"] == "already_gone":
            assert line["lost_answers"] > 0, f"our own deletion is called somebody else's: {line}"
        else:
            assert line["status"] == "deleted"
        assert 0 <= line["lost_answers"] <= line["attempts"]
    assert seen.overlaps == 0
    told = story.place.status()
    assert told["state"] == "finished"
    assert told["balanced"] is True
    target = told["targets"][story.provider]
    for status in ("deleted", "already_gone"):
        assert target[status] == sum(line["status"] == status for line in lines)
    assert target["failed"] == target["unsettled"] == 0
    assert target["in_reserve"] == 0
    # In the last sitting nothing died, so there the two must be equal.
    assert target["calls"] - story.intended == seen.calls - story.arrived
    if story.chosen:
        carried = sum(ids for _, _, ids in seen.arrivals)
        assert sum(line["attempts"] for line in lines) >= carried, "calls of both phases count"
    else:
        _check_attempts(lines, Counter(account for _, account, _ in seen.arrivals))
    _check_pace(story, [at for at, _, _ in seen.arrivals])


def _check_attempts(lines: list[dict[str, Any]], arrived: Counter[str]) -> None:
    """A call that arrived is an attempt of the batch it carried, though its process died."""
    batches: dict[str, dict[str, int]] = {}
    for line in lines:
        of = batches.setdefault(line["from_account"], {})
        of[line["batch"]] = max(of.get(line["batch"], 0), line["attempts"])
    for account, of in batches.items():
        assert sum(of.values()) >= arrived[account], account


def _check_pace(story: Story, arrivals: Sequence[float]) -> None:
    qps = 20 if story.provider == "zego" else QPS
    departures = [float(at) for at in (story.place.folder / "departures").read_text().split()]
    assert most_in_a_second(departures) <= qps
    assert most_in_a_second(arrivals) <= qps * ALLOWED_JITTER


def most_in_a_second(moments: Sequence[float]) -> int:
    """The largest number of moments in any half-open second."""
    most = first = 0
    for last, at in enumerate(moments):
        while moments[first] <= at - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def cut_power(story: Story, rng: random.Random) -> None:
    """What a power cut leaves of what was written and not synced: less, or something else.

    Of the ledger, all from the last sync on; of SQLite's files, the shared memory, and what may
    stand after the last synced transaction.
    """
    ledger = story.run_dir / "ledger.jsonl"
    synced = int((story.place.folder / SYNCED).read_text())
    content = ledger.read_bytes()
    tail = content[synced:]
    kept = tail[: rng.randint(0, len(tail))]
    match rng.choice(("cut", "zeros", "scrambled", "later page only")):
        case "zeros":
            kept += bytes(len(tail) - len(kept))
        case "scrambled":
            kept += rng.randbytes(len(tail) - len(kept))
        case "later page only":
            kept = bytes(len(kept)) + tail[len(kept) :]
        case _:
            pass
    ledger.write_bytes(content[:synced] + kept)
    (story.run_dir / "journal.db-shm").unlink()
    with (story.run_dir / "journal.db-wal").open("ab") as wal:
        wal.write(rng.randbytes(rng.randint(0, 9000)))
    story.seen = story.seen[:synced]
