"""Each library has one door: the files through which the package uses it, and no other."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parents[1] / "bulkdel"

DOORS: Final = {
    "aiohttp": {"emulator/server.py", "send/connection.py", "send/transport.py"},
    "aiohappyeyeballs": {"send/connection.py"},
    "aiolimiter": {"send/pace.py"},
    "cryptography": {"evidence/signing.py"},
    "distributed": {"runs/on_dask.py"},
    "duckdb": {"plan/duck.py"},
    "jinja2": {"report/page/html.py"},
    "numpy": {"plan/", "evidence/lines.py"},
    "orjson": {"bulkdel/"},
    "psycopg": {"lease/link.py"},
    "prometheus_client": {"report/metrics"},
    "markupsafe": {"report/page/"},
    "pydantic": {
        "job/",
        "evidence/statement.py",
        "plan/cut.py",
        "plan/meta.py",
        "ledger/circumstances.py",
        "report/backup.py",
        "runs/live.py",
        "runs/notes.py",
    },
    "pydantic_core": {"job/"},
    "rich": {"cli/progress.py", "report/text/", "runs/check_machine.py"},
    "sqlite3": {"ledger/"},
    "structlog": {"runs/", "send/", "cli/beside.py", "cli/sitting.py"},
    "tenacity": {"send/delays.py"},
    "typer": {"cli/"},
    "yarl": {"send/transport.py"},
    "zstandard": {"ledger/friends_file.py", "plan/input/unpack.py"},
}
"""By library: files, or folders with all that is in them; "bulkdel/" is everywhere."""


def imported(file: Path) -> set[str]:
    """The packages from outside, and sqlite3, that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    tops = {name.partition(".")[0] for name in names}
    own = {*sys.stdlib_module_names, "_typeshed"} - {"sqlite3"}
    return {top for top in tops if top not in own}


USERS: Final = {
    str(file.relative_to(PACKAGE)): imported(file) - {"bulkdel"} for file in PACKAGE.rglob("*.py")
}


def test_every_library_has_a_door() -> None:
    """Whatever the package imports from outside stands in the table."""
    assert set().union(*USERS.values()) == {*DOORS}


@pytest.mark.parametrize("library", DOORS)
def test_nobody_else_uses_it(library: str) -> None:
    """A library is imported behind its door alone, and behind every part of it."""
    users = {file for file, libraries in USERS.items() if library in libraries}
    if DOORS[library] == {"bulkdel/"}:
        return
    doors = DOORS[library]
    assert [file for file in users if not any(file.startswith(door) for door in doors)] == []
    assert [door for door in doors if not any(file.startswith(door) for file in users)] == []
