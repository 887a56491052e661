"""Claims: never two calls for one From_Account, and wide claims keep both ends apart."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.send.claims import Claims
from bulkdel.words import Batch, Entry, Sweep


def batch(from_account: str, *to_accounts: str) -> Batch:
    """A batch whose place in the plan does not matter."""
    return Batch(0, from_account, tuple(sorted(to_accounts)))


async def soon() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_same_from_account_waits() -> None:
    """The second call for an account goes when the first is over, and others go meanwhile."""
    claims = Claims()
    first = await claims.take(batch("a", "x"), wide=False)
    waiting = asyncio.create_task(claims.take(batch("a", "y"), wide=False))
    other = await claims.take(batch("b", "x"), wide=False)
    await soon()
    assert not waiting.done()
    claims.drop(first)
    claims.drop(await waiting)
    claims.drop(other)


async def test_a_wide_claim_shares_no_account_with_anyone() -> None:
    """It waits for calls that touch its accounts from either end, and then keeps them out."""
    claims = Claims()
    flying = await claims.take(batch("x", "q"), wide=False)
    wide = asyncio.create_task(claims.take(batch("a", "x", "y"), wide=True))
    await soon()
    assert not wide.done()
    behind = asyncio.create_task(claims.take(batch("b", "y"), wide=False))
    apart = await claims.take(batch("c", "d"), wide=False)
    await soon()
    assert not behind.done()
    claims.drop(flying)
    held = await wide
    await soon()
    assert not behind.done()
    claims.drop(held)
    claims.drop(await behind)
    claims.drop(apart)


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    """Whoever gives up waiting, granted in the same turn or not, is in nobody's way."""
    claims = Claims()
    first = await claims.take(Sweep(0, "a"), wide=False)
    waiting = asyncio.create_task(claims.take(batch("a", "x"), wide=True))
    await soon()
    waiting.cancel()
    await soon()
    late = asyncio.create_task(claims.take(batch("a", "x"), wide=True))
    await soon()
    claims.drop(first)
    late.cancel()  # granted, and cancelled before it could know
    await soon()
    claims.drop(await claims.take(batch("x", "a"), wide=True))


ACCOUNTS = st.sampled_from("abcdef")
ENTRIES = st.builds(
    lambda one, others: Batch(0, one, tuple(sorted(others - {one})) or ("z",)),
    ACCOUNTS,
    st.frozensets(ACCOUNTS, min_size=1, max_size=3),
)


@given(st.lists(st.tuples(ENTRIES, st.booleans(), st.integers(0, 3)), max_size=25))
def test_everybody_gets_through_and_nobody_meets(
    calls: list[tuple[Batch, bool, int]],
) -> None:
    """Any mix of narrow and wide claims ends, and the rules hold at each moment."""
    flying: list[tuple[Entry, bool]] = []

    def touches(entry: Entry) -> set[str]:
        return {entry.from_account, *(entry.to_accounts if isinstance(entry, Batch) else ())}

    async def call(claims: Claims, entry: Batch, wide: bool, turns: int) -> None:
        claim = await claims.take(entry, wide=wide)
        for other, other_wide in flying:
            assert other.from_account != entry.from_account
            if wide or other_wide:
                assert not touches(other) & touches(entry)
        flying.append((entry, wide))
        for _ in range(turns):
            await asyncio.sleep(0)
        flying.remove((entry, wide))
        claims.drop(claim)

    async def main() -> None:
        claims = Claims()
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for entry, wide, turns in calls:
                group.create_task(call(claims, entry, wide, turns))

    asyncio.run(main())
    assert flying == []
