"""Words that a newcomer must guess reach no screen, no manual and no comment of a job file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.commands import COMMANDS

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "bulkdel"
OURS: Final = re.compile(r"\b(sittings?|lanes?|mend(s|ed|ing)?)\b", re.IGNORECASE)
"""The code's words for a process's life, for what sends to a target, and for putting right."""
SQL: Final = re.compile(r"\b(SELECT|INSERT|UPDATE|CREATE|FROM|WHERE|JOIN)\b")
"""What is said to a database, which calls a process's life by the code's word."""


def sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts of a module that hold more than a word, or a word of a longer one, and their lines.

    No docstring of code: a command's docstring and EPILOG are its manual, which is looked at as it
    is printed.
    """
    silent = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in silent:
            continue
        if isinstance(node.value, str):
            text = node.value if id(node) in parts else node.value.strip()
            if " " in text:
                yield node.lineno, node.value


def test_no_sentence_has_a_word_of_the_code() -> None:
    """In whatever the program may say."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in sentences(ast.parse(path.read_text("utf-8")))
        if OURS.search(text) and not SQL.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_manual_has_a_word_of_the_code(name: str) -> None:
    """Neither in its text nor in what it says of an option."""
    command = COMMANDS[name]
    texts = [command.help, command.epilog, *(one.help for one in command.params)]
    assert [text for text in texts if text and OURS.search(text)] == []


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", *sorted((ROOT / "jobs").glob("*.toml"))],
    ids=lambda path: path.name,
)
def test_no_text_for_users_has_a_word_of_the_code(path: Path) -> None:
    """The README may name the lane where it says how it works."""
    text = path.read_text("utf-8").partition("## How it works")[0]
    assert OURS.findall(text) == []


def test_the_page_has_no_word_of_the_code() -> None:
    """In what its templates say between tags and expressions."""
    for path in sorted((PACKAGE / "report/page").glob("*.j2")):
        text = re.sub(
            r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", "", path.read_text("utf-8"), flags=re.DOTALL
        )
        assert OURS.findall(text) == [], path
