"""What `check` says of the key that `seal` signs with."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.evidence.signing import new_key
from bulkdel.job.job import Job, SecretSource
from bulkdel.job.secrets import secret_warnings
from bulkdel.report.checks import Check, Grade
from bulkdel.runs.check_machine import look_at_signing_key
from tests.support import build


def job_of(file: Path | None) -> Job:
    """A job that signs with the key in this file."""
    source = None if file is None else SecretSource(file=file)
    return build.job(build.target(), signing_key=source)


def looked(job: Job) -> Check:
    """The one finding."""
    [one] = look_at_signing_key(job)
    return one


def test_a_key_that_signs_is_good(tmp_path: Path) -> None:
    """Its file is named, nothing of it is shown; without [evidence] nothing is said."""
    file = tmp_path / "key.pem"
    private, _ = new_key()
    file.write_bytes(private)
    file.chmod(0o600)
    seen = looked(job_of(file))
    assert (seen.grade, seen.words) == (Grade.GOOD, f"is in {file}")
    assert list(secret_warnings(job_of(file))) == []
    assert list(look_at_signing_key(job_of(None))) == []


@pytest.mark.parametrize("held", [None, b"", b"opensesame", new_key()[1], b"a" * 20_000])
def test_a_key_that_signs_nothing_is_warned_of(tmp_path: Path, held: bytes | None) -> None:
    """Gone, empty, no key, a public half, far too long: the run can begin, sealing could not."""
    file = tmp_path / "key.pem"
    if held is not None:
        file.write_bytes(held)
    seen = looked(job_of(file))
    assert seen.grade is Grade.WARNING
    assert "bulkdel seal --new-key FILE" in seen.mend
    assert "opensesame" not in seen.words + seen.mend


def test_a_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named; unset it is warned of."""
    job = build.job(build.target(), signing_key=SecretSource(env="A_SIGNING_KEY"))
    monkeypatch.setenv("A_SIGNING_KEY", new_key()[0].decode())
    assert (looked(job).grade, looked(job).words) == (Grade.GOOD, "is in A_SIGNING_KEY")
    monkeypatch.delenv("A_SIGNING_KEY")
    assert "A_SIGNING_KEY is not set" in looked(job).words


def test_a_key_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    """As of a target's secret file; check, plan and the question show it."""
    file = tmp_path / "key.pem"
    file.write_bytes(new_key()[0])
    file.chmod(0o640)
    [told] = secret_warnings(job_of(file))
    assert told.startswith(f"evidence.signing_key_file: {file} can be read by other users")
