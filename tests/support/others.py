"""The command as another user, and folders that such a user can reach."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

SOMEBODY: Final = 12345
"""A user id that is nobody's."""

BECOMES_SOMEBODY: Final = f"""
import os
os.setgroups([])
os.setgid({SOMEBODY})
os.setuid({SOMEBODY})
"""
"""What a program for `python -c` does to go on as SOMEBODY, who may not reach the interpreter: what
it needs must have been imported by then."""

COMMAND: Final = (
    "-c",
    f"""
import codecs, importlib, importlib.readers, pkgutil, sys
import bulkdel
for found in pkgutil.walk_packages(bulkdel.__path__, "bulkdel."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
for name in ("utf-8-sig", "latin-1", "idna"):
    codecs.lookup(name)
bulkdel.report.page.html.template_and_style()
{BECOMES_SOMEBODY}
sys.argv[0] = "bulkdel"
bulkdel.cli.app.main()
""",
)
"""The command itself, as SOMEBODY."""

needs_root: Final = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become somebody else"
)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
