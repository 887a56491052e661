"""The accounts that are never touched, from the job file and its protect files."""

from __future__ import annotations

import hashlib

from bulkdel.errors import WrongInput
from bulkdel.job.job import Guards
from bulkdel.plan.facts import BOM


def protected_accounts(guards: Guards) -> tuple[str, ...]:
    """Every protected account, sorted bytewise, each once.

    A line of a file protects the account as it stands and also without the blanks around it:
    protecting one account too many is harmless, one too few is not.

    Raises:
        WrongInput: a protect file is missing, unreadable or not UTF-8 text.
    """
    accounts = set(guards.protect)
    for path in guards.protect_files:
        try:
            text = path.read_bytes().removeprefix(BOM).decode()
        except FileNotFoundError as exc:
            raise WrongInput(f"guards.protect_files {path}: no such file") from exc
        except OSError as exc:
            raise WrongInput(
                f"guards.protect_files {path}: cannot be read ({exc.strerror})"
            ) from exc
        except UnicodeDecodeError as exc:
            raise WrongInput(f"guards.protect_files {path}: is not UTF-8 text") from exc
        for line in text.split("\n"):
            accounts |= {line.removesuffix("\r"), line.strip()}
    accounts.discard("")
    return tuple(sorted(accounts, key=lambda account: account.encode()))


def protected_digest(accounts: tuple[str, ...]) -> str:
    """SHA-256 over the protected accounts, as hex digits."""
    return hashlib.sha256("\n".join(accounts).encode()).hexdigest()
