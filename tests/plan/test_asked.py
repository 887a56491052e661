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
from hypothesis import given, settings
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
) -> tuple[Counts, dict[str, Calls], tuple[int, ...]]:
    """What is counted of a ledger of these lines, and the calls for each target."""
    with TemporaryDirectory() as folder, closing(_workshop(folder)) as con:
        ledger = Path(folder) / "ledger.jsonl"
        ledger.write_bytes(b"".join(lines))
        counts = read_gone(con, ledger)
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
