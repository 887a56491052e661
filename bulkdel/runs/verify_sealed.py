"""The work of `verify` on a sealed run or a certificate: nothing else of the run is needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.evidence.certificate import certificate_faults
from bulkdel.evidence.pseudonyms import key_of
from bulkdel.evidence.sealed import faults, open_sealed, read_small, stated
from bulkdel.evidence.signing import KEY_BYTES_MOST
from bulkdel.evidence.statement import (
    CERTIFICATE_BYTES_MOST,
    NewerError,
    Statement,
    certificate_of,
)

_LOOKED_AT: Final = 64
NO_PSEUDONYM: Final = (
    "That the pseudonym is that of the account: with --pseudonym-key sealed.key it is checked."
)
ALL_ENTRIES: Final = "That these are all entries about the account."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of judging what was sealed.

    Attributes:
        what: the thing, for a sentence.
        faults: what is wrong, a sentence each.
        unjudged: what could not be judged this time, a sentence each.
    """

    what: str
    statement: Statement
    faults: tuple[str, ...]
    unjudged: tuple[str, ...] = ()


def sealed_folder(path: Path) -> Path | None:
    """The folder of a sealed run that this path names: itself, or a run directory; else None."""
    for folder in (path, path / files.SEALED):
        with suppress(OSError):  # whoever opens a file there says it better
            if (folder / files.STATEMENT).is_file():
                return folder
    return None


def is_sealed(path: Path) -> bool:
    """Whether this is no job file: a directory, or a file that begins as JSON does."""
    return path.is_dir() or is_certificate(path)


def is_certificate(path: Path) -> bool:
    """Whether this is a file that begins as JSON does; a job file never does."""
    if not path.is_file():
        return False
    with files.open_to_read(path) as file:
        return file.read(_LOOKED_AT).lstrip()[:1] == b"{"


def judge_sealed(folder: Path, public: bytes | None, say: Callable[[str], None]) -> Judged:
    """Judges a sealed run.

    Args:
        folder: as `sealed_folder` finds it.
        public: the public half of the key that it must be signed with; None: not judged.
        say: is told what takes time.

    Raises:
        WrongInput: it cannot be judged; or `public` is no key.
    """
    sealed = open_sealed(folder)
    try:
        wrong = faults(sealed, public, say)
    except ValueError as error:
        raise _no_key(error) from None
    return Judged(
        what=f"The sealed run in {folder}", statement=sealed.statement, faults=tuple(wrong)
    )


def judge_certificate(path: Path, public: bytes | None, key: bytes | None) -> Judged:
    """Judges a certificate; `key` is that of the pseudonyms, where somebody has it.

    Raises:
        WrongInput: it cannot be judged; or `public` is no key.
    """
    try:
        certificate = certificate_of(read_small(path, CERTIFICATE_BYTES_MOST))
    except NewerError as error:
        what = f"is of a newer bulkdel ({error}); this one cannot judge it"
        raise WrongInput(what, where=path, mend="install the newest one") from None
    except ValueError:
        raise WrongInput("is no certificate of bulkdel", where=path) from None
    statement = stated(certificate.statement.encode(), path)
    try:
        wrong = certificate_faults(certificate, statement, public, key)
    except ValueError as error:
        raise _no_key(error) from None
    unjudged = (ALL_ENTRIES,) if key is not None else (NO_PSEUDONYM, ALL_ENTRIES)
    return Judged(
        what=f"The certificate {path}", statement=statement, faults=tuple(wrong), unjudged=unjudged
    )


def read_public(path: Path) -> bytes:
    """The text of a public key's file."""
    return read_small(path, KEY_BYTES_MOST)


def read_pseudonym_key(path: Path) -> bytes:
    """The key of the pseudonyms in this file.

    Raises:
        WrongInput: it holds none.
    """
    try:
        return key_of(read_small(path, KEY_BYTES_MOST))
    except ValueError:
        raise WrongInput("holds no key of pseudonyms", where=path) from None


def _no_key(error: ValueError) -> WrongInput:
    return WrongInput(f"it holds {error}", where="--public-key", mend="name FILE.pub")
