"""Calls in flight fit into the open files that this process may have."""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.job.job import Reach
from bulkdel.send.descriptors import LEAST, fit, fitted, fitting, needed, sittings
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
    fits_all = fitted(targets, opened, most)
    assert all(
        LEAST <= fits.max_in_flight <= one.max_in_flight
        for one, fits in zip(targets, fits_all, strict=True)
    )
    least = [replace(one, max_in_flight=LEAST) for one in targets]
    assert needed(fits_all, opened) <= max(most, needed(least, opened))
    if needed(targets, opened) <= most:
        assert list(fits_all) == targets


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


def test_sittings_of_one_process_share_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one may open, open or not yet, another does not count on; at its end it is free."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (600, 600))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    many = replace(TARGET, max_in_flight=300)
    with fitting([many]) as (first, told):
        assert (first, told) == ((many,), "")
        assert sittings() == 1
        with fitting([many]) as ((second,), less):
            assert LEAST < second.max_in_flight < 300
            assert "ulimit -n allows 600" in less
            assert sittings() == 2
    assert sittings() == 0
    with fitting([many]) as (again, _):
        assert again == (many,)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can see which are sockets")
def test_connections_that_are_open_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sitting's connections are among the open files; only those to come are more."""
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    many = replace(TARGET, max_in_flight=100)
    with ExitStack() as stack:
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208  # a count of names
        for _ in range(100):
            stack.enter_context(socket.socket())
        # Room for what is open, what the other one may still open, and all of this one's.
        most = before + 10 + needed([many], 101)
        monkeypatch.setattr(resource, "getrlimit", lambda _: (most, most))
        assert fit([many], 101) == ((many,), "")
