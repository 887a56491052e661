"""What may change after the first intent; contract section 4."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.job.job import Reach
from bulkdel.ledger.identity import (
    Identity,
    TargetIdentity,
    decode_identity,
    encode_identity,
    identity_changes,
)
from tests.support.ledger import IDENTITY, TENCENT, ZEGO


def with_tencent(target: TargetIdentity) -> Identity:
    """The identity of the test plan with another first target."""
    return replace(IDENTITY, targets=(target, ZEGO))


def test_nothing_changed() -> None:
    """The same identity has no changes, whatever is settled, and survives being stored."""
    stored = decode_identity(encode_identity(IDENTITY))
    assert stored == IDENTITY
    assert identity_changes(stored, IDENTITY, {"tencent": 9, "zego": 9}) == ()


def test_the_plan_is_fixed() -> None:
    """Another plan is refused even while nothing is settled."""
    now = replace(IDENTITY, plan_digest="d2")
    assert identity_changes(IDENTITY, now, {}) == (
        "the plan is not the one that this run has begun to send",
    )


def test_the_bytes_of_the_plan_are_fixed() -> None:
    """A plan that says it is the same but has other bytes is refused; an unknown hash is not."""
    begun = replace(IDENTITY, plan_sha256="aa")
    assert decode_identity(encode_identity(begun)) == begun
    (sentence,) = identity_changes(begun, replace(IDENTITY, plan_sha256="ab"), {})
    assert sentence.startswith("plan.parquet is damaged")
    assert identity_changes(IDENTITY, begun, {}) == ()


@pytest.mark.parametrize(
    ("now", "key"),
    [
        (replace(TENCENT, provider="zego"), "provider"),
        (replace(TENCENT, region="china"), "region"),
        (replace(TENCENT, app_id=1), "app_id"),
    ],
)
def test_an_app_may_change_while_nothing_of_it_is_settled(now: TargetIdentity, key: str) -> None:
    """Provider, region and app id are free until the target's first pair is settled."""
    assert identity_changes(IDENTITY, with_tencent(now), {"tencent": 0, "zego": 5}) == ()
    (sentence,) = identity_changes(IDENTITY, with_tencent(now), {"tencent": 1})
    assert sentence.startswith(f"targets.tencent.{key} was ")


@pytest.mark.parametrize(
    ("before", "now", "allowed"),
    [
        (Reach.EMULATOR, Reach.LOOPBACK, True),
        (Reach.LOOPBACK, Reach.EMULATOR, True),
        (Reach.REAL, Reach.LOOPBACK, False),
        (Reach.REAL, Reach.EMULATOR, False),
        (Reach.LOOPBACK, Reach.REAL, False),
        (Reach.EMULATOR, Reach.REAL, False),
    ],
)
def test_real_never_mixes_with_trial(before: Reach, now: Reach, *, allowed: bool) -> None:
    """A begun run never moves between real and the others, settled or not."""
    changes = identity_changes(
        with_tencent(replace(TENCENT, reach=before)), with_tencent(replace(TENCENT, reach=now)), {}
    )
    assert (changes == ()) == allowed


def test_other_targets() -> None:
    """Targets are the same by name and order; otherwise the ordinals mean something else."""
    now = replace(IDENTITY, targets=(ZEGO, TENCENT))
    assert identity_changes(IDENTITY, now, {}) == (
        "the targets of this run are tencent, zego, by name and in this order",
    )
