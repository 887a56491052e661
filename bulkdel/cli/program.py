"""How this program was called, for commands that are printed to be pasted."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

NAME: Final = "bulkdel"


def program(*, anywhere: bool = False) -> str:
    """How it was called, as a shell reads it; its name alone where a shell finds it by that.

    With `anywhere` a path is whole, since who reads it may be in another directory.
    """
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{_path(sys.orig_argv[0], anywhere=anywhere)} -m {NAME}"
    if called.name != NAME:
        return NAME
    found = shutil.which(NAME)
    is_found = found is not None and os.path.realpath(found) == os.path.realpath(called)
    return NAME if is_found else _path(sys.argv[0], anywhere=anywhere)


def _path(word: str, *, anywhere: bool) -> str:
    """A path that was typed; a word without a slash was found by its name."""
    return shlex.quote(str(Path(word).absolute()) if anywhere and os.sep in word else word)
