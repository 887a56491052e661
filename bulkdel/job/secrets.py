"""A target's secrets, its own and its proxy's, read when they are needed and never before."""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from bulkdel.errors import WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.providers.protocol import Secret

SECRET_MOST_BYTES = 4096
_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH


def read_secret(target: Target) -> Secret:
    """The secret of a target that has one, from where its job file says.

    Raises:
        WrongInput: it is not there or cannot be a secret; says where, and never what it holds.
        ValueError: the target is the emulator inside the process, which has a secret of its own.
    """
    source = target.secret
    if source is not None and source.env is not None:
        return _from_environment(target.name, source.env)
    if source is not None and source.file is not None:
        return _from_file(target.name, source.file)
    raise ValueError(f"target {target.name} has no secret to read")


def read_login(target: Target) -> Secret | None:
    """The "user:password" of a target's proxy; None where it needs none.

    Raises:
        WrongInput: the variable is not set or cannot be one; never says what it holds.
    """
    proxy = target.proxy
    if proxy is None or proxy.env is None:
        return None
    key, holder = f"targets.{target.name}.proxy_env", f"the environment variable {proxy.env}"
    must = "put user:password of the proxy into it, as they are (nothing is percent-encoded)"
    value = os.environ.get(proxy.env, "")
    if not value:
        raise WrongInput(f"{holder} is not set or empty", where=key, mend=must)
    if len(value.encode("utf-8", "surrogateescape")) > SECRET_MOST_BYTES:
        what = f"{holder} holds more than {SECRET_MOST_BYTES} bytes"
        raise WrongInput(what, where=key, mend=must)
    user = value.partition(":")[0]
    if value.lower().startswith(("http://", "https://")):
        raise WrongInput(f"{holder} holds an address", where=key, mend=must)
    if not user or user == value or not value.isprintable() or value != value.strip():
        raise WrongInput(f"{holder} holds no user:password", where=key, mend=must)
    return Secret(value)


def store_address(job: Job) -> str:
    """The address of the PostgreSQL that the workers share; it may hold a password.

    Raises:
        WrongInput: the variable is not set; never says what it holds.
    """
    variable = job.cluster.store_env if job.cluster else None
    address = os.environ.get(variable or "", "")
    if not address:
        raise WrongInput(
            f"the environment variable {variable} is not set or empty",
            where="cluster.store_env",
            mend="put the address of the PostgreSQL that all workers share into it",
        )
    return address


def hidden_of(target: Target) -> Iterator[str]:
    """What no text may hold that others read: the secrets of a target, as far as they are there."""
    with suppress(WrongInput):
        if target.secret is not None:
            yield read_secret(target).reveal()
    with suppress(WrongInput):
        if login := read_login(target):
            yield from hidden_of_login(login)


def hidden_of_login(login: Secret) -> tuple[str, ...]:
    """The login as a whole, as the proxy is told it, and its password."""
    _, _, password = login.reveal().partition(":")
    return tuple(filter(None, (login.reveal(), basic(login), password)))


def basic(login: Secret) -> str:
    """What a proxy is told of a login: base64 of it, in UTF-8."""
    return b64encode(login.reveal().encode()).decode()


def secret_warnings(job: Job) -> Iterator[str]:
    """A sentence for each secret file that others on this machine can read."""
    sources = [(f"targets.{one.name}.secret_file", one.secret) for one in job.targets]
    for key, source in (*sources, ("evidence.signing_key_file", job.signing_key)):
        file = source.file if source else None
        with suppress(OSError):
            if file is not None and file.stat().st_mode & _OTHERS:
                yield (f"{key}: {file} can be read by other users of this machine; `chmod 600` it.")


def _from_environment(target: str, variable: str) -> Secret:
    key, holder = f"targets.{target}.secret_env", f"the environment variable {variable}"
    value = os.environ.get(variable, "")
    if not value:
        raise WrongInput(
            f"{holder} is not set or empty",
            where=key,
            mend="put the app's secret key into it (what a shell reads from a file it exports only "
            "after `set -a`)",
        )
    return _checked(value, key, holder)


def _from_file(target: str, file: Path) -> Secret:
    key = f"targets.{target}.secret_file"
    try:
        # To open a pipe, or to read a device, could take for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            kind = os.fstat(descriptor).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise WrongInput(
                    f"{file} is no regular file",
                    where=key,
                    mend="put the secret key into one, or into a variable that secret_env names",
                )
            # A line end, and one to see that it is more.
            content = os.read(descriptor, SECRET_MOST_BYTES + 3)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise WrongInput(
            f"{file} cannot be read: {error.strerror}",
            where=key,
            mend="put the app's secret key into it, or name the file that holds it",
        ) from None
    # Undecodable bytes become surrogates, which _checked refuses: a UnicodeDecodeError would carry
    # the whole content into a traceback.
    value = content.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    if not value:
        raise WrongInput(f"{file} is empty", where=key, mend="put the app's secret key into it")
    return _checked(value, key, str(file))


def _checked(value: str, key: str, holder: str) -> Secret:
    if len(value.encode("utf-8", "surrogateescape")) > SECRET_MOST_BYTES:
        what = f"{holder} holds more than {SECRET_MOST_BYTES} bytes"
        raise WrongInput(what, where=key, mend="that is no secret key")
    if not value.isprintable() or value != value.strip():
        raise WrongInput(
            f"{holder} must hold the secret key alone, as UTF-8 text of one line without blanks "
            "around it",
            where=key,
        )
    return Secret(value)
