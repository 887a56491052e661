"""The work of `prove`: what a sealed run holds of one account, with proofs, and of nobody else."""

from __future__ import annotations

from pathlib import Path

from bulkdel import files
from bulkdel.errors import Corrupt, WrongInput
from bulkdel.evidence.merkle import leaf, root_by
from bulkdel.evidence.pseudonyms import Pseudonyms
from bulkdel.evidence.sealed import SealedRun, open_index, open_lines, open_sealed, read_key
from bulkdel.evidence.statement import CERTIFICATE_VERSION, Certificate, Entry
from bulkdel.job.job import Job

ENTRIES_MOST = 1_000_000


def prove(job: Job, account: str) -> Certificate:
    """A certificate for one account: its lines of the sealed run, and the proof of each.

    Raises:
        WrongInput: the run is not sealed, the key of the pseudonyms is gone, or no line names it.
        Corrupt: a file of the sealed run was changed.
    """
    folder = job.run_dir / files.SEALED
    if not folder.is_dir():
        raise WrongInput(
            "the run is not sealed, and only a sealed run can prove anything",
            where=job.run_dir,
            mend="`bulkdel seal` seals it; until then `bulkdel export --account` shows its pairs",
        )
    sealed = open_sealed(folder)
    pseudonym = Pseudonyms(read_key(sealed)).of(account)
    one = sealed.statement
    entries = _entries(
        sealed, folder / files.LEDGER, pseudonym, one.lines, one.merkle_root, one.index_sha256
    )
    if not entries:
        raise WrongInput(
            "no line of the sealed run names this account, on either side",
            where="--account",
            mend="ids are case-sensitive and taken as they are",
        )
    checks: tuple[Entry, ...] = ()
    count, root = one.verification_lines, one.verification_merkle_root
    if count is not None and root is not None and one.verification_index_sha256 is not None:
        path = folder / files.SEALED_VERIFICATION
        checks = _entries(sealed, path, pseudonym, count, root, one.verification_index_sha256)
    return Certificate(
        version=CERTIFICATE_VERSION,
        account=account,
        pseudonym=pseudonym,
        statement=sealed.text.decode(),
        signature=sealed.signature.decode(errors="replace"),
        entries=entries,
        verification=checks,
    )


def _entries(  # noqa: PLR0917  # what the statement says of a file
    sealed: SealedRun, path: Path, pseudonym: str, count: int, root: str, index_sha256: str
) -> tuple[Entry, ...]:
    """Raises Corrupt where a line is not under the root that was signed."""
    index = open_index(path, sha256=index_sha256, lines=count)
    found: list[Entry] = []
    with open_lines(path) as file:
        for place, line in index.found(file, pseudonym):
            if len(found) >= ENTRIES_MOST:
                raise WrongInput(f"more than {ENTRIES_MOST:,} lines name it", where="--account")
            proof = index.proof(file, place)
            top = root_by(proof, leaf(line), index=place, size=count)
            if top is None or top.hex() != root:
                raise Corrupt(
                    f"line {place + 1} was changed since the run was sealed",
                    where=path,
                    mend=f"restore {sealed.folder} from a copy",
                )
            found.append(
                Entry(line=line.decode(), index=place, proof=tuple(one.hex() for one in proof))
            )
    return tuple(found)
