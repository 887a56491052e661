"""How this program was called, for commands that are printed to be pasted."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

NAME: Final = "bulkdel"


def program() -> str:
    """How it was called, as a shell reads it; its name alone where a shell finds it by that."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m bulkdel"
    if called.name != NAME:
        return NAME
    found = shutil.which(NAME)
    is_found = found is not None and os.path.realpath(found) == os.path.realpath(called)
    return NAME if is_found else shlex.quote(sys.argv[0])
