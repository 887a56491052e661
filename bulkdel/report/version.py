"""Which bulkdel this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version of the installed package; "(not installed)" of a bare checkout."""
    try:
        return metadata.version("bulkdel")
    except metadata.PackageNotFoundError:
        return "(not installed)"
