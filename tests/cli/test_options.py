"""Commands as they are shown again."""

from __future__ import annotations

import sys

import pytest

from bulkdel.cli.options import again


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (["run", "a b.toml", "--limit", "5", "--yes"], "bulkdel run 'a b.toml' --yes"),
        (["run", "--limit=5", "x.toml"], "bulkdel run x.toml"),
        (["run", "x.toml", "--limit", "5"], "bulkdel run x.toml"),
        (["run", "x.toml", "--limits"], "bulkdel run x.toml --limits"),
    ],
)
def test_an_option_is_left_out(
    monkeypatch: pytest.MonkeyPatch, given: list[str], rest: str
) -> None:
    """With its value, however it was given, and nothing else."""
    monkeypatch.setattr(sys, "argv", ["bulkdel", *given])
    assert again(without="--limit") == rest
