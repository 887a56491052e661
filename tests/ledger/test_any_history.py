"""Random histories of a run, with crashes, against a model of a dozen plain dictionaries."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkdel.ledger.values import Counters, Event, Group, Part, Settlement, Withdrawal
from bulkdel.words import Batch, Verdict
from tests.support.ledger import (
    AT_MS,
    crashed,
    entry_of,
    intent,
    open_journal,
    outcome,
    target_of,
)

ORDINALS = (0, 1, 2, 3, 7, 100, 103)
FATES = ("deleted", "already_gone", "failed", "left", "lost")


@dataclass
class Model:
    """What must be true of the run."""

    parts: dict[int, tuple[Part, ...]] = field(default_factory=dict)
    flight: set[int] = field(default_factory=set)
    whole: set[int] = field(default_factory=set)
    lines: list[tuple[int, int, str, int, int]] = field(default_factory=list)
    counts: dict[tuple[int, str], int] = field(default_factory=dict)

    def copied(self) -> Model:
        """Another one that may go its own way."""
        return Model(
            dict(self.parts),
            set(self.flight),
            set(self.whole),
            list(self.lines),
            dict(self.counts),
        )

    def add(self, ordinal: int, name: str, by: int = 1) -> None:
        """Count for the target of `ordinal`."""
        key = (target_of(ordinal), name)
        self.counts[key] = self.counts.get(key, 0) + by

    def counters(self, target: int) -> Counters:
        """The counters of a target."""
        names = Counters.__dataclass_fields__
        return Counters(**{name: self.counts.get((target, name), 0) for name in names})

    def crash(self) -> None:
        """Every call that is out becomes a lost answer."""
        for ordinal in sorted(self.flight):
            first, *others = self.parts.get(ordinal, (Part(),))
            first = replace(first, attempts=first.attempts + 1, lost=first.lost + 1)
            self.parts[ordinal] = (first, *others)
            self.add(ordinal, "lost_answers")
        self.flight.clear()

    def intend(self, ordinal: int) -> Event:
        """A call for the entry goes out."""
        parts = self.parts.get(ordinal, (Part(),))
        again = parts[0].attempts > 0
        self.flight.add(ordinal)
        self.add(ordinal, "calls")
        self.add(ordinal, "retries", int(again))
        return intent(ordinal, *parts, again=again)

    def withdraw(self, ordinal: int) -> Event:
        """The call never left."""
        parts = self.parts.get(ordinal, (Part(),))
        self.flight.remove(ordinal)
        self.add(ordinal, "calls", -1)
        self.add(ordinal, "retries", -int(parts[0].attempts > 0))
        return Withdrawal(ordinal=ordinal)

    def land(self, entry: Batch, fates: list[str], *, split: bool, throttled: bool) -> Event:
        """An answer came, with a fate for each item that was carried."""
        ordinal = entry.ordinal
        sent, *others = self.parts.get(ordinal, (Part(),))
        carried = range(len(entry.to_accounts)) if sent.items is None else sent.items
        fate_of = dict(zip(carried, fates, strict=False))
        groups: dict[tuple[str, int], list[int]] = {}
        left: dict[int, int] = {}
        for item, fate in fate_of.items():
            lost = sent.lost + sent.lost_more.get(item, 0)
            if fate in ("left", "lost"):
                left[item] = lost + (fate == "lost")
                continue
            groups.setdefault((fate, lost), []).append(item)
            self.lines.append((ordinal, item, fate, sent.attempts + 1, lost))
            self.add(ordinal, fate)
        parts = (*_parts(left, sent.attempts + 1, split=split), *others)
        any_lost = "lost" in fate_of.values()
        self.flight.remove(ordinal)
        self.add(ordinal, "throttled", int(throttled))
        self.add(ordinal, "lost_answers", int(any_lost))
        if parts:
            self.parts[ordinal] = parts
        else:
            self.parts.pop(ordinal, None)
            self.whole.add(ordinal)
        settled = None
        if groups:
            settled = Settlement(
                of=sent.items,
                left=tuple(left),
                groups=_groups(groups),
                attempts=sent.attempts + 1,
                at_ms=AT_MS,
            )
        return outcome(entry, settled, *parts, code=5, info="x", throttled=throttled, lost=any_lost)


def _parts(left: dict[int, int], attempts: int, *, split: bool) -> list[Part]:
    """What is left, in one part or in two halves."""
    items = list(left)
    half = len(items) // 2 if split else 0
    found = []
    for some in (items[:half], items[half:]):
        if some:
            least = min(left[item] for item in some)
            more = {item: left[item] - least for item in some if left[item] > least}
            found.append(Part(items=tuple(some), attempts=attempts, lost=least, lost_more=more))
    return found


def _groups(groups: dict[tuple[str, int], list[int]]) -> tuple[Group, ...]:
    """The last group stands for the rest."""
    *named, last = groups
    return tuple(
        Group(
            status=Verdict(key[0]),
            code=0,
            info="",
            lost=key[1],
            items=None if key == last else tuple(groups[key]),
        )
        for key in (*named, last)
    )


@contextmanager
def _directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _events(data: st.DataObject, model: Model) -> list[Event]:
    """What comes in one tick; the model is told."""
    events: list[Event] = []
    for _ in range(data.draw(st.integers(0, 5))):
        ordinal = data.draw(st.sampled_from(ORDINALS))
        if ordinal in model.whole:
            continue
        if ordinal not in model.flight:
            events.append(model.intend(ordinal))
        elif data.draw(st.integers(0, 5)) == 0:
            events.append(model.withdraw(ordinal))
        else:
            fates = data.draw(st.lists(st.sampled_from(FATES), min_size=4, max_size=4))
            split, throttled = data.draw(st.booleans()), data.draw(st.booleans())
            events.append(model.land(entry_of(ordinal), fates, split=split, throttled=throttled))
    return events


def _tear(data: st.DataObject, run_dir: Path, published: int, whole: bytes) -> None:
    """Leave of the lines that were being appended what a cut append leaves."""
    cut = data.draw(st.integers(published, len(whole)))
    garbage = data.draw(st.binary(max_size=len(whole) - cut))
    (run_dir / "ledger.jsonl").write_bytes(whole[:cut] + garbage)


def _told(ledger: bytes) -> list[tuple[int, int, str, int, int]]:
    """The ledger's lines as the model has them."""
    found = []
    for line in ledger.splitlines():
        row = orjson.loads(line)
        ordinal, item = row["to_account"][1:].split("-")
        assert row["from_account"] == f"a{ordinal}"
        assert row["target"] == ("tencent", "zego")[target_of(int(ordinal))]
        found.append((int(ordinal), int(item), row["status"], row["attempts"], row["lost_answers"]))
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.data())
def test_any_history(data: st.DataObject) -> None:
    """Whatever comes and wherever it is cut: each settled pair has one line, none changes, and
    counters, open entries and the bitmap are what happened.
    """  # noqa: D205  # one rule
    with _directory() as root:
        run_dir = root / "0"
        run_dir.mkdir()
        model = Model()
        journal = open_journal(run_dir)
        seen = b""
        for number in range(1, data.draw(st.integers(1, 12)) + 1):
            after = model.copied()
            events = _events(data, after)
            end = data.draw(st.sampled_from(("on", "on", "on", "before", "torn", "after", "close")))
            if end != "before":
                journal.commit(events)
                model = after
            if end in ("on", "after", "close"):
                journal.publish()
                seen = (run_dir / "ledger.jsonl").read_bytes()
            if end == "on":
                continue
            if end == "close":
                journal.close()
                copied = run_dir
            else:
                copied = crashed(run_dir, root / str(number))
                if end == "torn":
                    journal.publish()
                    _tear(data, copied, len(seen), (run_dir / "ledger.jsonl").read_bytes())
                journal.close()
            run_dir = copied
            model.crash()
            journal = open_journal(run_dir)
            assert (run_dir / "ledger.jsonl").read_bytes().startswith(seen)
            assert [journal.counters(0), journal.counters(1)] == [
                model.counters(0),
                model.counters(1),
            ]
            opened = journal.open_entries(0, 200, 200)
            assert {one.ordinal: one.parts for one in opened if one.parts != (Part(),)} == {
                ordinal: parts for ordinal, parts in model.parts.items() if parts != (Part(),)
            }
        journal.close()
        told = _told((run_dir / "ledger.jsonl").read_bytes())
        assert sorted(told) == sorted(model.lines)
        assert len({(line[0], line[1]) for line in told}) == len(told)
        assert [one for one in ORDINALS if one in journal.settled] == sorted(model.whole)
