"""The `bulkdel` command, also as `python -m bulkdel`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from bulkdel.cli.signals import code_of, leave_saying, overhear, stopping


def main() -> NoReturn:
    """Leaves with the command's exit code, whatever signal comes in whatever moment.

    So the signals have their handlers before the rest is imported, which takes a while, and the
    process ends without Python's own clearing up, which would take the handlers away first.
    """
    code = code_of(sys.argv)
    with stopping(lambda by: leave_saying(by, code), code):
        overhear()
        from bulkdel.cli.app import main as command  # noqa: PLC0415 - as said above

        try:
            command()  # its last words are written when it ends
        except SystemExit as left:
            os._exit(left.code if isinstance(left.code, int) else 2 if left.code else 0)
        os._exit(0)


if __name__ == "__main__":
    main()
