"""sealed/: what is kept of a run, read back and judged without anything else of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.evidence.lines import Index, lines_of, read_lines, sha256_of
from bulkdel.evidence.pseudonyms import key_of, key_sha256
from bulkdel.evidence.signing import is_signed
from bulkdel.evidence.statement import BYTES_MOST, NewerError, Statement, statement_of

_KEY_MOST: Final = 1024
_MANY: Final = 500_000
"""Lines whose reading takes long enough to be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRun:
    """An opened sealed/: its statement, as text and as values, and its signature."""

    folder: Path
    text: bytes
    signature: bytes
    statement: Statement


def open_sealed(folder: Path) -> SealedRun:
    """The statement of a sealed run; nothing is judged yet.

    Raises:
        WrongInput: a file is missing or is none, or of a newer version of bulkdel.
    """
    text = read_small(folder / files.STATEMENT, BYTES_MOST)
    signature = read_small(folder / files.SIGNATURE, _KEY_MOST)
    return SealedRun(
        folder=folder,
        text=text,
        signature=signature,
        statement=stated(text, folder / files.STATEMENT),
    )


def stated(text: bytes, where: object) -> Statement:
    """The statement that this text is.

    Raises:
        WrongInput: it is none, or of a newer version of bulkdel.
    """
    try:
        return statement_of(text)
    except NewerError as error:
        what = f"is of a newer bulkdel ({error}); this one cannot judge it"
        raise WrongInput(what, where=where, mend="install the newest one") from None
    except ValueError:
        raise WrongInput("is no statement of bulkdel", where=where) from None


def read_key(sealed: SealedRun) -> bytes:
    """The key of the pseudonyms.

    Raises:
        WrongInput: it was destroyed, or the file holds none, or another one.
    """
    path = sealed.folder / files.SEALED_KEY
    if not path.exists():
        raise WrongInput(
            "the key of the pseudonyms is gone: nobody can be found in this run any more",
            where=path,
            mend="if it was destroyed on purpose, that is as it should be; `bulkdel verify` still "
            "checks everything else",
        )
    try:
        key = key_of(read_small(path, _KEY_MOST))
    except ValueError:
        raise WrongInput("holds no key of pseudonyms", where=path) from None
    if key_sha256(key) != sealed.statement.key_sha256:
        raise WrongInput("holds another run's key", where=path, mend="restore it from a copy")
    return key


def faults(
    sealed: SealedRun, public: bytes | None, says: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Everything that is wrong with a sealed run, a sentence each; none if all holds.

    Args:
        sealed: the run.
        public: the public half of the key that it must be signed with; None judges no signature.
        says: is told what takes time.

    Raises:
        ValueError: `public` is no Ed25519 key in PEM.
        WrongInput: a file cannot be read.
    """
    found = []
    if public is not None and not is_signed(public, sealed.text, sealed.signature):
        found.append(
            f"{files.SIGNATURE} is not the signature of {files.STATEMENT} by this key: one of the "
            "two was changed, or it was signed with another key"
        )
    one = sealed.statement
    key = sealed.folder / files.SEALED_KEY
    if key.exists() and sha256_of(key) != one.key_sha256:
        found.append(f"{key.name} is not the key of these pseudonyms: it was changed, or another's")
    found += line_faults(sealed.folder / files.LEDGER, one.lines, one.merkle_root, says)
    found += _index_faults(sealed.folder / files.LEDGER, one.index_sha256)
    path = sealed.folder / files.SEALED_VERIFICATION
    count, root = one.verification_lines, one.verification_merkle_root
    if count is not None and root is not None and one.verification_index_sha256 is not None:
        found += line_faults(path, count, root, says)
        found += _index_faults(path, one.verification_index_sha256)
    elif path.exists():
        found.append(f"{path.name} is there, and the statement tells of none")
    return found


def open_index(path: Path, *, sha256: str, lines: int) -> Index:
    """The index of a file of lines, if it is the one that the statement names.

    Raises:
        WrongInput: it is another one, or gone.
    """
    if fault := _index_faults(path, sha256):
        raise WrongInput(fault[0], where=path.parent, mend="restore the folder from a copy")
    try:
        return Index(index_path(path), lines=lines)
    except (ValueError, KeyError, OSError):
        raise WrongInput("is no index of these lines", where=index_path(path)) from None


def open_lines(path: Path) -> BinaryIO:
    """A file of lines, to read.

    Raises:
        WrongInput: it is gone, or cannot be read.
    """
    try:
        return files.open_to_read(path)
    except OSError as error:
        raise WrongInput(f"cannot be read ({files.reason(error)})", where=path) from None


def index_path(path: Path) -> Path:
    """Where the index of a file of lines lies."""
    return path.with_name(path.stem + files.INDEX_SUFFIX)


def read_small(path: Path, most: int) -> bytes:
    """All of a file that is read whole.

    Raises:
        WrongInput: it is gone, cannot be read, or is longer than `most` bytes.
    """
    with open_lines(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise WrongInput(f"is longer than {most:,} bytes", where=path)
    return content


def line_faults(path: Path, count: int, root: str, says: Callable[[str], None]) -> list[str]:
    """What is wrong with a file of lines, of which there are so many under this root."""
    if count >= _MANY:
        says(f"Reading {path.name}: {count:,} lines ...")
    try:
        with open_lines(path) as file:
            there, found = lines_of(read_lines(file))
    except ValueError as error:
        return [f"{path.name} is cut off or changed: {error}"]
    if there != count:
        return [f"{path.name} has {there:,} lines, and the statement says {count:,}"]
    return [f"{path.name} was changed: its tree has another root"] if found != root else []


def _index_faults(path: Path, sha256: str) -> list[str]:
    index = index_path(path)
    try:
        found = sha256_of(index)
    except OSError as error:
        return [f"{index.name} cannot be read ({files.reason(error)})"]
    return [f"{index.name} was changed"] if found != sha256 else []
