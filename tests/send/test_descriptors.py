"""Calls in flight fit into the open files that this process may have."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.job.job import Reach
from bulkdel.send.descriptors import LEAST, fit, fitted, needed
from tests.support import build

TARGET = build.target("zego")


@pytest.fixture
def limit() -> Iterator[None]:
    """Puts the limit back."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=20),
    st.integers(0, 300),
    st.integers(64, 70_000),
    st.booleans(),
)
def test_what_is_left_fits(sizes: list[int], opened: int, most: int, inside: bool) -> None:
    """No target has more calls than it was allowed, each has one, and all fit if that can be."""
    reach = Reach.EMULATOR if inside else Reach.REAL
    targets = [replace(TARGET, max_in_flight=size, reach=reach) for size in sizes]
    fitting = fitted(targets, opened, most)
    assert all(
        LEAST <= fits.max_in_flight <= one.max_in_flight
        for one, fits in zip(targets, fitting, strict=True)
    )
    least = [replace(one, max_in_flight=LEAST) for one in targets]
    assert needed(fitting, opened) <= max(most, needed(least, opened))
    if needed(targets, opened) <= most:
        assert list(fitting) == targets


@pytest.mark.usefixtures("limit")
def test_a_soft_limit_is_raised() -> None:
    """256 is what some systems begin with; nobody need hear of it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    many = replace(TARGET, max_in_flight=400)
    assert fit([many]) == ((many,), "")
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 400


def test_a_hard_limit_bounds_the_calls_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the key, the limit, and what to do."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    (fits,), told = fit([replace(TARGET, max_in_flight=400)])
    assert 50 < fits.max_in_flight < 256
    assert f"max_in_flight 400 of zego is {fits.max_in_flight} now" in told
    assert "ulimit -n allows 256" in told
