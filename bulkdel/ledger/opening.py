"""Whether a run's journal could be opened to go on: asked by those who change nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.ledger import rows
from bulkdel.ledger.identity import Identity, goes_on
from bulkdel.ledger.ledger_file import LEDGER, LedgerFile, refuse_orphans
from bulkdel.ledger.reader import connect_to_read
from bulkdel.ledger.render import Rendering
from bulkdel.ledger.storage import readable, translated
from bulkdel.ledger.tail import checked_tail
from bulkdel.words import AnyOperation, Entry, Mode


def ensure_opens(
    run_dir: Path,
    identity: Identity,
    entry_of: Callable[[int], Entry],
    *,
    operation: AnyOperation,
    mode: Mode,
) -> None:
    """Return if `Journal.open` would, with the same arguments; by the same decisions.

    Nobody may work with the journal meanwhile.

    Raises:
        Corrupt, StorageFailed, WrongInput: as `Journal.open`.
    """
    with translated(run_dir, reading=True), readable(run_dir):
        for name in (files.JOURNAL, LEDGER):
            if files.is_there(run_dir / name) and not files.may(run_dir / name, os.R_OK | os.W_OK):
                raise WrongInput("cannot be written (Permission denied)", where=run_dir / name)
    missing_lines(run_dir, identity, entry_of, operation=operation, mode=mode)


def missing_lines(
    run_dir: Path,
    identity: Identity,
    entry_of: Callable[[int], Entry],
    *,
    operation: AnyOperation,
    mode: Mode,
) -> bytes:
    """The lines that `Journal.open` would write at the ledger's end, since a process died before.

    Of a line that stands there in part, all of it.

    Raises:
        Corrupt, StorageFailed, WrongInput: as `Journal.open`.
    """
    with translated(run_dir, reading=True), readable(run_dir):
        db = connect_to_read(run_dir)
        if db is None:
            refuse_orphans(run_dir)
            return b""
        with closing(db):
            db.execute("BEGIN")  # all that is read is of one moment
            if not goes_on(run_dir, db, identity):
                refuse_orphans(run_dir)
                return b""
            before, now = rows.read_heads(db)
            is_new = now.offset == 0
            if is_new and not files.is_there(run_dir / LEDGER):
                return b""
            names = tuple(target.name for target in identity.targets)
            rendering = Rendering(names=names, operation=operation, mode=mode)
            with closing(LedgerFile(run_dir, is_new=is_new, only_read=True)) as ledger:
                tail = b"".join(checked_tail(db, ledger, before, now, rendering, entry_of))
                ledger.refuse_strangers(now.offset + len(tail))
                return ledger.lacking(now, tail)
