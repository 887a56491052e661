"""`python -m bulkdel` is `bulkdel`."""

from __future__ import annotations

from bulkdel.cli.app import main

if __name__ == "__main__":
    main()
