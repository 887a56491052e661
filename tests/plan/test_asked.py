"""What a verification asks for: each pair once, or a fair and repeatable part of all."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkdel.plan import duck
from bulkdel.plan.asked import Counts, Questions, asked_shares, read_gone

Pair = tuple[str, str | None]
Calls = list[tuple[str, list[str] | None]]

IDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=6)
PAIRS = st.sets(st.tuples(st.sampled_from("abcé"), IDS), min_size=1, max_size=40)


def line(target: str, pair: Pair, status: str = "deleted") -> bytes:
    """As in a run's ledger."""
    value = {
        "target": target,
        "from_account": pair[0],
        "to_account": pair[1],
        "status": status,
        "code": 0,
    }
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def asked(
    lines: Sequence[bytes],
    questions: Questions,
    sizes: Mapping[str, int],
    others: Sequence[Sequence[bytes]] = (),
) -> tuple[Counts, dict[str, Calls], tuple[int, ...]]:
    """What is counted of a ledger of these lines, and the calls for each target.

    `others` are the lines of other slices.
    """
    with TemporaryDirectory() as folder, closing(_workshop(folder)) as con:
        ledger = Path(folder) / "ledger.jsonl"
        if lines:
            ledger.write_bytes(b"".join(lines))
        paths = [Path(folder) / f"{at}.jsonl" for at in range(len(others))]
        for path, its in zip(paths, others, strict=True):
            if its:
                path.write_bytes(b"".join(its))
        counts = read_gone(con, ledger, paths)
        shares, population = asked_shares(con, list(sizes.items()), questions)
        return counts, {one.target: list(one.entries) for one in shares}, population


def _workshop(folder: str) -> duck.Connection:
    return duck.open_workshop(Path(folder), memory_limit_mb=128)


def pairs_of(calls: Calls) -> list[Pair]:
    """The pairs of all calls, in their order."""
    return [(account, other) for account, others in calls for other in (others or (None,))]


def test_only_what_is_said_to_be_gone_is_asked_for() -> None:
    """Failed pairs are not, and a line that was cut short is none; each target has its own."""
    lines = [
        line("t", ("a", "b")),
        line("t", ("a", "c"), "failed"),
        line("u", ("a", "c"), "already_gone"),
        line("t", ("x", "y"))[:-9],
    ]
    counts, calls, population = asked(lines, Questions(), {"t": 10, "u": 10, "v": 10})
    assert counts == {("t", "deleted"): 1, ("u", "already_gone"): 1}
    assert calls == {"t": [("a", ["b"])], "u": [("a", ["c"])], "v": []}
    assert population == (1, 1, 0)


def test_lists_are_asked_for_by_account() -> None:
    """An account whose list was cleared is one question, whatever else there is."""
    lines = [line("t", (account, None)) for account in ("b", "a")]
    assert asked(lines, Questions(), {"t": 1000})[1] == {"t": [("a", None), ("b", None)]}


@settings(max_examples=25)  # each opens a database
@given(pairs=PAIRS, size=st.integers(1, 5))
def test_each_pair_is_asked_for_once(pairs: set[Pair], size: int) -> None:
    """In calls of one account, none too large; all first calls before all second ones, and on."""
    calls = asked([line("t", pair) for pair in pairs], Questions(), {"t": size})[1]["t"]
    assert sorted(pairs_of(calls), key=str) == sorted(pairs, key=str)
    turns: dict[str, int] = {}
    turn = []
    for account, others in calls:
        assert others is not None
        assert len(others) <= size
        turn.append(turns.setdefault(account, 0))
        turns[account] += 1
    assert turn == sorted(turn)
    assert len(calls) == sum(
        -(-len([one for one in pairs if one[0] == account]) // size) for account in turns
    )


@settings(max_examples=25)  # each opens a database
@given(pairs=PAIRS, sample=st.integers(1, 50), seed=st.integers(0, 2**63), order=st.randoms())
def test_a_sample_is_drawn_without_replacement_and_the_same_each_time(
    pairs: set[Pair], sample: int, seed: int, order: random.Random
) -> None:
    """As many distinct pairs as were asked for, all if there are fewer; the order is nothing.

    Those whose digests under seed and target come first: the same on every machine, for ever.
    """
    lines = [line(target, pair) for pair in sorted(pairs, key=str) for target in ("t", "u")]
    order.shuffle(lines)
    questions = Questions(sample=sample, seed=seed)
    _, calls, population = asked(lines, questions, {"t": 3, "u": 3})
    assert population == (len(pairs), len(pairs))
    for target in ("t", "u"):
        ranked = sorted(pairs, key=lambda pair: rank(seed, target, pair))
        drawn = pairs_of(calls[target])
        assert len(drawn) == min(sample, len(pairs))
        assert set(drawn) == set(ranked[:sample])


def rank(seed: int, target: str, pair: Pair) -> str:
    """A pair's place in the draw."""
    text = "\x1f".join([str(seed), target, pair[0], pair[1] or ""])
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("either", "found"), [(False, ["b"]), (True, ["b", "z"])])
def test_some_accounts_alone(either: bool, found: list[str]) -> None:
    """Only pairs from those accounts; where sides were chosen, pairs with them on either side."""
    lines = [line("t", ("a", "b")), line("t", ("x", "y")), line("t", ("m", "a"))]
    questions = Questions(only={"t": ["a"]}, either=either)
    _, calls, population = asked(lines, questions, {"t": 9, "u": 9})
    assert [others for _, others in calls["t"]] == ([["b"]] if not either else [["b"], ["a"]])
    assert population == (len(found), 0)


@settings(max_examples=5)
@example({("a", "1"), ("b", "1"), ("c", "1"), ("b", "2")}, 2, 3, 7)
@given(PAIRS, st.integers(2, 3), st.integers(0, 45), st.integers(0, 2**63 - 1))
def test_slices_draw_together_what_one_ledger_would(
    pairs: set[tuple[str, str]], slices: int, sample: int, seed: int
) -> None:
    """A sample of a sliced target is the sample of the target, whatever the slices; each pair once.

    So it is as uniform and as repeatable, and each slice counts its own pairs alone.
    """
    every = sorted(pairs)
    parts = [
        [line("t", pair) for pair in every if ord(pair[0]) % slices == at] for at in range(slices)
    ]
    questions = Questions(sample=sample, seed=seed)
    _, whole, _ = asked([line("t", pair) for pair in every], questions, {"t": 3})
    drawn: list[Pair] = []
    of_all = 0
    for at, mine in enumerate(parts):
        others = [lines for other, lines in enumerate(parts) if other != at]
        counts, calls, population = asked(mine, questions, {"t": 3}, others)
        drawn += pairs_of(calls["t"])
        assert population == (len(mine),)
        assert sum(counts.values()) == len(mine)
        of_all += len(mine)
    assert sorted(drawn) == sorted(pairs_of(whole["t"]))
    assert len(drawn) == min(sample, of_all)


def test_a_ledger_without_a_line_asks_for_nothing() -> None:
    """A run that has begun, and of which nothing is settled yet: its ledger is not there."""
    assert asked([], Questions(sample=3, seed=1), {"t": 10}) == ({}, {"t": []}, (0,))
