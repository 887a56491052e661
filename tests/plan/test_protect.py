"""Protect files: understood to the last line, or refused by name, and never waited for."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import Guards
from bulkdel.plan import protect
from bulkdel.plan.protect import protected_accounts
from bulkdel.providers import PROVIDERS

NONE = Guards(
    protect=(),
    protect_files=(),
    max_pairs=None,
    max_failure_ratio=None,
    min_sample=1,
    fields=("From_Account", "To_Account"),
)


def read(path: Path) -> tuple[str, ...]:
    """What the file protects."""
    return protected_accounts(replace(NONE, protect_files=(path,)))


def refused(path: Path) -> str:
    """The sentence with which it is refused; it names the file."""
    with pytest.raises(WrongInput) as raised:
        read(path)
    assert str(raised.value).startswith(f"guards.protect_files {path}: ")
    assert raised.value.exit_code == 2
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "accounts"),
    [
        (b"boss\nroot", {"boss", "root"}),
        (b"boss\r\n\r\nroot\r\n", {"boss", "root"}),
        (b"\xef\xbb\xbfboss\n", {"boss"}),
        (b"\n\n  \nboss\n", {"boss"}),
        (b" boss \n", {"boss", " boss "}),
        ("张三\nnull\n007\n1e5\n".encode(), {"张三", "null", "007", "1e5"}),
        (b"x" * 32, {"x" * 32}),
    ],
)
def test_what_is_read(tmp_path: Path, content: bytes, accounts: set[str]) -> None:
    """One account a line, LF or CRLF; blank lines are none; blanks around it protect both ways."""
    path = tmp_path / "staff.txt"
    path.write_bytes(content)
    assert set(read(path)) == accounts


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "holds no account"),
        (b"\n \r\n\n", "holds no account"),
        (b"\xef\xbb\xbf", "holds no account"),
        (b"boss\rcarol\r", "line 1"),
        (b"boss\ncarol\tstaff\n", "line 2"),
        (b"boss\n\n# carol\n", "line 3"),
        (b'boss\n"carol"\n', "line 2"),
        (b"boss\ncarol,dave\n", "line 2"),
        (b"account,name\nboss,x\n", "line 1"),
        (b"From_Account\nboss\n", "column of the input"),
        (b"\xef\xbb\xbf\xef\xbb\xbfboss\n", "U+FEFF"),
        (b"boss\n\xef\xbb\xbfcarol\n", "line 2"),
        ("bo\u200bss\n".encode(), "U+200B"),
        (b"boss\n" + b"x" * 33 + b"\n", "33 bytes"),
        (b"boss\n" + b"x" * 5000, "line 2 is too long"),
        (b"boss\nM\xfcller\n", "line 2 is not UTF-8"),
        ("boss\n".encode("utf-16"), "UTF-16"),
        ("boss\n".encode("utf-16-le"), "NUL"),
        (gzip.compress(b"boss\n", mtime=0), "packed"),
        (b"PK\x03\x04" + b"\0" * 50, "Excel"),
        (b"PAR1" + b"\0" * 50, "Parquet"),
        (b'[\n  "boss"\n]\n', "line 2"),
        (b"1.23457E+17\n", "an export"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    """What is no list of accounts to its last line is refused, naming the file and the line."""
    path = tmp_path / "staff.txt"
    path.write_bytes(content)
    assert what in refused(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    """A pipe that nobody writes into, a folder, a device: refused at once, not waited for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "no regular file" in refused(pipe)
    assert refused(tmp_path)
    assert "no regular file" in refused(Path("/dev/zero"))


def test_a_link_is_followed(tmp_path: Path) -> None:
    """A mounted list is often a link."""
    (tmp_path / "real").write_text("boss\n", "utf-8")
    (tmp_path / "staff.txt").symlink_to(tmp_path / "real")
    assert read(tmp_path / "staff.txt") == ("boss",)


def test_what_is_missing_says_what_stands_for_itself(tmp_path: Path) -> None:
    """Neither a home nor a pattern is looked for in the name."""
    assert refused(tmp_path / "staff.txt").endswith("no such file")
    assert "~ and * stand for themselves" in refused(tmp_path / "~" / "staff.txt")
    assert "~ and * stand for themselves" in refused(tmp_path / "staff-*.txt")


def test_one_file_of_several_is_enough_to_refuse(tmp_path: Path) -> None:
    """A list with nobody in it is not hidden by another one."""
    (tmp_path / "a").write_text("boss\n", "utf-8")
    (tmp_path / "b").write_text("", "utf-8")
    with pytest.raises(WrongInput, match="b: holds no account"):
        protected_accounts(replace(NONE, protect_files=(tmp_path / "a", tmp_path / "b")))


def test_an_id_of_no_target(tmp_path: Path) -> None:
    """Where every target has a narrower rule, an id must keep to one of them."""
    rule = PROVIDERS["zego"].id_rule
    assert rule is not None
    path = tmp_path / "staff.txt"
    path.write_text("boss\nmüller\n", "utf-8")
    with pytest.raises(WrongInput, match=r"line 2.* can be no id of any target"):
        protected_accounts(replace(NONE, protect_files=(path,), id_rules=(rule,)))


def test_accounts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must be held in memory has a bound, and it is told."""
    monkeypatch.setattr(protect, "ACCOUNTS_MOST", 3)
    path = tmp_path / "staff.txt"
    path.write_text("a\nb\nc\n", "utf-8")
    assert len(read(path)) == 3
    path.write_text("a\nb\nc\nd\n", "utf-8")
    assert "more than 3 accounts" in refused(path)


def test_the_job_files_own_list_protects_both_ways() -> None:
    """Blanks around an id may belong to it."""
    assert protected_accounts(replace(NONE, protect=(" a", "b;c"))) == (" a", "a", "b;c")
