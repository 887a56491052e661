"""The accounts that are never touched, from the job file and its protect files."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

from bulkdel.errors import WrongInput
from bulkdel.job.account import line_fault
from bulkdel.job.job import Guards
from bulkdel.job.shown import shown_text
from bulkdel.plain import shape
from bulkdel.plan.input.facts import BOM

ACCOUNTS_MOST: Final = 10_000_000
"""Protected accounts that a job may have: they are all held in memory."""

_LINE_MOST: Final = 1024
"""Bytes of a line that are looked at: far more than any id has."""
_USUAL: Final = re.compile(rb"[0-9A-Za-z][0-9A-Za-z_.@:-]{0,31}")
_OTHER_FILES: Final = (
    ((b"\xff\xfe", b"\xfe\xff"), "is UTF-16 text", "save it as UTF-8"),
    ((b"PK\x03\x04",), "is an Excel workbook or a zip file", "save it as UTF-8 text"),
    ((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh"), "is packed", "unpack it"),
    ((b"PAR1",), "is a Parquet file", "write it as text"),
)


def protected_accounts(guards: Guards) -> tuple[str, ...]:
    """Every protected account, sorted bytewise, each once.

    An id protects the account as it stands and also without the blanks around it: protecting one
    account too many is harmless, one too few is not. A file that cannot be understood to its last
    line protects nobody who was meant, so it is refused.

    Raises:
        WrongInput: a protect file is missing, is no UTF-8 text with one account a line, or holds
            no account; the file, the line and what is wrong are named.
    """
    accounts: set[str] = set()
    for account in guards.protect:
        accounts |= {account, account.strip()}
    for path in guards.protect_files:
        name = f"guards.protect_files {path}"
        none = True
        for account in _accounts_of(path, name, guards):
            none = False
            accounts |= {account, account.strip()}
            if len(accounts) > ACCOUNTS_MOST:
                raise WrongInput(f"there are more than {ACCOUNTS_MOST:,} accounts", where=name)
        if none:
            raise WrongInput(
                "holds no account, so it protects nobody",
                where=name,
                mend="fill it, or leave it out",
            )
    return tuple(sorted(accounts, key=lambda account: account.encode()))


def protect_file_digests(guards: Guards) -> Iterator[tuple[Path, str]]:
    """Every protect file with its SHA-256, as hex digits.

    Raises:
        WrongInput: one is missing, or cannot be read.
    """
    for path in guards.protect_files:
        with _opened(path, f"guards.protect_files {path}") as file:
            yield path, hashlib.file_digest(file, "sha256").hexdigest()


def protected_digest(accounts: tuple[str, ...]) -> str:
    """SHA-256 over the protected accounts, as hex digits."""
    return hashlib.sha256("\n".join(accounts).encode()).hexdigest()


def _accounts_of(path: Path, name: str, guards: Guards) -> Iterator[str]:
    """The lines of a protect file that are not blank, without their line ends."""
    with _opened(path, name) as file:
        head = file.read(4)
        for beginnings, what, mend in _OTHER_FILES:
            if head.startswith(beginnings):
                raise WrongInput(what, where=name, mend=mend)
        file.seek(len(BOM) if head.startswith(BOM) else 0)
        number = 0
        while raw := file.readline(_LINE_MOST):
            number += 1
            line = raw.removesuffix(b"\n").removesuffix(b"\r")
            if len(raw) == _LINE_MOST:
                raise WrongInput(f"line {number} is too long to be an account id", where=name)
            usual = _USUAL.fullmatch(line) is not None and not guards.id_rules
            if usual and line not in _UNUSUAL and line.decode() not in guards.fields:
                yield line.decode()
                continue
            text = _text(line, number, name)
            if not text.strip():
                continue
            if fault := line_fault(text, fields=guards.fields, rules=guards.id_rules):
                raise WrongInput(f"line {number}, {shown_text(shape(text))}, {fault}", where=name)
            yield text


_UNUSUAL: Final = frozenset({b"NULL"})
"""Lines of usual characters that are looked at nevertheless."""


def _text(line: bytes, number: int, name: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise WrongInput(
            f"line {number} is not UTF-8 text", where=name, mend="save the file as UTF-8"
        ) from None


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[BufferedReader]:
    """The file, open; never waits for the other end of a pipe."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise WrongInput(
                    "is no regular file", where=name, mend="name a file with one account a line"
                )
            yield file
    except FileNotFoundError:
        mend = "~ and * stand for themselves here" if set("~*?") & set(str(path)) else ""
        raise WrongInput("no such file", where=name, mend=mend) from None
    except OSError as error:
        raise WrongInput(f"cannot be read ({error.strerror})", where=name) from error
