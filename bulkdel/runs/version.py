"""Which bulkdel this is."""

from __future__ import annotations


def version() -> str:
    """The number of the version that is installed, or that none is."""
    from importlib import metadata  # what few commands need, and slow

    try:
        return metadata.version("bulkdel")
    except metadata.PackageNotFoundError:
        return "(not installed)"
