"""Which files a pattern names: those that the library's glob finds, or an error."""

from __future__ import annotations

import errno
import glob
import os
from pathlib import Path
from typing import Any

import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Input
from bulkdel.plan.input.sources import find_sources

TREE = (
    *("a.csv", "b.csv", "B.csv", ".hidden.csv", "c.tsv"),
    *("one/a.csv", "one/two/b.csv", "one/two/three/c.csv", ".dark/a.csv", "one/.dark/a.csv"),
    *("[x]/a.csv", "x/a.csv", "what?/a.csv"),
)


def given(*patterns: str) -> Input:
    """An input of these patterns."""
    return Input.model_construct(
        files=patterns, format=Format.CSV, from_field="f", to_field="t", accounts_only=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of files, one in a folder that a link leads to."""
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("f,t\na,b\n")
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    [
        *("*.csv", "*", ".*.csv", "[ab].csv", "[!a].csv", "?.csv", "*/*.csv", "*/../*.csv"),
        *("**/*.csv", "**", "**/two/*", "one/**", "**/*/c.csv", "[[]x]/*.csv", "what[?]/*"),
        *("*/two/b.csv", "**/.dark/*", "one/*/*/c.csv"),
    ],
)
def test_patterns_name_what_they_always_named(tree: Path, pattern: str) -> None:
    """Without links a pattern means what it means to the library."""
    asked = f"{tree}/{pattern}"
    known = {
        os.path.realpath(path)
        for path in glob.glob(asked, recursive=True)  # noqa: PTH207 - what we compare with
        if not Path(path).is_dir()
    }
    found = find_sources(given(asked), tree)
    assert {os.path.realpath(one.path) for one in found} == known
    assert len(found) == len(known)


def test_any_depth_follows_no_link(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`**` stays where it was sent: no link leads it to a folder elsewhere, or round in a ring."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "stranger.csv").write_text("f,t\na,b\n")
    (tree / "one" / "away").symlink_to(elsewhere)
    (tree / "one" / "ring").symlink_to(tree)
    (tree / "one" / "named.csv").symlink_to(elsewhere / "stranger.csv")
    found = {one.name for one in find_sources(given(f"{tree}/**/*.csv"), tree)}
    assert not {name for name in found if "away" in name or "ring" in name}
    assert f"{tree}/one/named.csv" in found, "a link to a file is a file that lies here"
    assert len(find_sources(given(f"{tree}/one/away/*.csv"), tree)) == 1, "one that is named goes"


@pytest.mark.parametrize("pattern", ["*.csv", "**/*.csv", "*/*/*.csv", "one/*.csv"])
def test_a_folder_that_cannot_be_listed(
    tree: Path, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error, and not an empty folder: its rows would be left out without a word."""
    list_folder = os.scandir

    def broken(path: str) -> Any:
        if path == str(tree / "one") or pattern == "*.csv":
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", broken)
    for missing_ok in (False, True):
        with pytest.raises(WrongInput, match=r"cannot be looked at \(Input/output error\)"):
            find_sources(given(f"{tree}/{pattern}"), tree, missing_ok=missing_ok)
