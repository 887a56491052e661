"""Secrets: where they are read from, and that no error shows one."""

from __future__ import annotations

import base64
import os
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import ProxySource, SecretSource, Target
from bulkdel.job.secrets import hidden_of, read_login, read_secret, secret_warnings
from bulkdel.report.doubts import warnings
from tests.support import build, front

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"


def target(source: SecretSource | None) -> Target:
    """A target whose secret is read from `source`."""
    return build.target(name="west", secret=source, address="https://host.example")


def refusal(source: SecretSource) -> tuple[str, str]:
    """The sentence and the whole traceback of a refused secret."""
    with pytest.raises(WrongInput) as caught:
        read_secret(target(source))
    return str(caught.value), "".join(traceback.format_exception(caught.value))


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: the variable's value is the secret, unchanged, and its repr is stars."""
    monkeypatch.setenv("THE_KEY", KEY)

    secret = read_secret(target(SecretSource(env="THE_KEY")))

    assert secret.reveal() == KEY
    assert KEY not in repr(secret)


@pytest.mark.parametrize("content", [KEY, KEY + "\n", KEY + "\r\n"])
def test_from_a_file(tmp_path: Path, content: str) -> None:
    """Rule: the file holds the secret, with or without one line end."""
    file = tmp_path / "key"
    file.write_bytes(content.encode())

    assert read_secret(target(SecretSource(file=file))).reveal() == KEY


@pytest.mark.parametrize("login", ["me:pa55", "m@x:p@:%41:", "jürgen:", "a:b c"])
def test_a_login_is_taken_as_it_is(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: nothing is decoded or cut; its repr is stars, and all it may look like is hidden."""
    monkeypatch.setenv("THE_LOGIN", login)
    one = replace(target(None), proxy=ProxySource(address="http://p:1", env="THE_LOGIN"))

    read = read_login(one)

    assert read is not None
    assert read.reveal() == login
    assert login not in repr(read)
    told = base64.b64encode(login.encode()).decode()
    password = login.partition(":")[2]
    assert {*hidden_of(one)} == {login, told, password} - {""}


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (None, "is not set or empty"),
        ("", "is not set or empty"),
        ("pa55word", "holds no user:password"),
        (":pa55word", "holds no user:password"),
        (" me:pa55word", "holds no user:password"),
        ("me:pa55word\n", "holds no user:password"),
        ("me:pa55word\r\nX: y", "holds no user:password"),
        ("http://me:pa55word@proxy.corp:3128", "holds an address"),
        ("me:pa55word" + "x" * 4096, "more than 4096 bytes"),
        ("me:pa55word\udcff", "holds no user:password"),
    ],
)
def test_what_is_no_login(held: str | None, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: it is refused with the key and the variable, and never shown."""
    monkeypatch.delenv("THE_LOGIN", raising=False)
    if held is not None:
        monkeypatch.setenv("THE_LOGIN", held)
    one = replace(target(None), proxy=ProxySource(address="http://p:1", env="THE_LOGIN"))
    with pytest.raises(WrongInput) as caught:
        read_login(one)
    sentence = str(caught.value)
    assert sentence.startswith("targets.west.proxy_env: the environment variable THE_LOGIN ")
    assert words in sentence
    assert "pa55" not in "".join(traceback.format_exception(caught.value))
    assert not [*hidden_of(one)]


def test_a_proxy_without_a_login() -> None:
    """Rule: nothing is read where no variable is named."""
    assert read_login(target(None)) is None
    assert read_login(replace(target(None), proxy=ProxySource(address="http://p:1"))) is None


def test_the_largest_secret(tmp_path: Path) -> None:
    """Rule: 4096 bytes are a secret, with any line end; one more is none, and nothing is cut."""
    file = tmp_path / "key"
    file.write_bytes(b"k" * 4096 + b"\r\n")
    assert read_secret(target(SecretSource(file=file))).reveal() == "k" * 4096

    for content in (b"k" * 4097, b"k" * 4096 + b"\r\nk", b"k" * 4096 + b"\n\nk"):
        file.write_bytes(content)
        sentence, _ = refusal(SecretSource(file=file))
        assert str(file) in sentence
        assert "kk" not in sentence


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_without_a_secret(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """Rule: an unset or empty variable is named, with the target it is for."""
    monkeypatch.delenv("THE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("THE_KEY", value)

    sentence, _ = refusal(SecretSource(env="THE_KEY"))

    assert "targets.west.secret_env" in sentence
    assert "THE_KEY" in sentence
    assert "not set" in sentence


@pytest.mark.parametrize(
    "content",
    [
        f"{KEY}\n{KEY}\n".encode(),
        f" {KEY}".encode(),
        f"{KEY}\n\n".encode(),
        f"{KEY}\t".encode(),
        f"{KEY}\x00".encode(),
        f"{KEY}\xa0".encode(),
        KEY.encode() + b"\xff",
        KEY.encode("utf-16"),
        KEY.encode() * 100,
    ],
)
def test_what_is_no_secret_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Rule: what cannot be a secret is refused without showing it, in traceback or sentence."""
    file = tmp_path / "key"
    file.write_bytes(content)
    shown = [*refusal(SecretSource(file=file))]
    assert "targets.west.secret_file" in shown[0]
    if b"\x00" not in content:
        monkeypatch.setenv("THE_KEY", content.decode("utf-8", "surrogateescape"))
        shown += [*refusal(SecretSource(env="THE_KEY"))]

    assert all(KEY[:8] not in text for text in shown)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    """Rule: a file without a secret is named, with the target it is for."""
    file = tmp_path / "key"
    file.write_bytes(content)

    sentence, _ = refusal(SecretSource(file=file))

    assert f"targets.west.secret_file: {file} is empty" in sentence


def test_no_file(tmp_path: Path) -> None:
    """Rule: a file that is not there, or is a directory, is named with what is wrong with it."""
    gone, _ = refusal(SecretSource(file=tmp_path / "gone"))
    folder, _ = refusal(SecretSource(file=tmp_path))

    assert f"targets.west.secret_file: {tmp_path / 'gone'} cannot be read: No such file" in gone
    assert f"targets.west.secret_file: {tmp_path} cannot be read: Is a directory" in folder


def test_what_could_keep_us_waiting(tmp_path: Path) -> None:
    """Rule: a pipe that nobody writes to, or an endless device, is refused and not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for file in (tmp_path / "pipe", tmp_path / "link"):
        sentence, _ = refusal(SecretSource(file=file))
        assert f"targets.west.secret_file: {file} is no regular file" in sentence


@pytest.mark.parametrize(("mode", "warned"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)])
def test_a_file_that_others_can_read(tmp_path: Path, mode: int, warned: int) -> None:
    """Rule: it is warned of, by its name, also where the name is a link to it."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(mode)
    (tmp_path / "link").symlink_to("key")
    job = front.job(target(SecretSource(file=tmp_path / "link")))
    told = list(secret_warnings(job))
    assert len(told) == warned
    assert all(f"{tmp_path / 'link'} can be read by other users" in one for one in told)
    assert set(told) <= set(warnings(job))


def test_no_warning_where_there_is_nothing_to_warn_of(tmp_path: Path) -> None:
    """Rule: a secret in a variable, none, or a file that is gone: another sentence says that."""
    sources = (SecretSource(env="THE_KEY"), None, SecretSource(file=tmp_path / "gone"))
    assert not [one for source in sources for one in secret_warnings(front.job(target(source)))]


def test_the_emulator_has_none() -> None:
    """Rule: nobody asks for the secret of the emulator inside the process."""
    with pytest.raises(ValueError, match="west"):
        read_secret(target(None))
