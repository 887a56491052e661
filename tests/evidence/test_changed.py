"""Whatever is changed in what was sealed is told, by exit 1 or 2, and nothing else is changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bulkdel.cli import streams
from bulkdel.cli.verify_sealed import verify_sealed
from bulkdel.errors import WrongInput
from tests.support.process import Place
from tests.support.sealing import PEOPLE, seal, small_run, tree

SEALED = "runs/job/sealed"
FILES = (
    "ledger.index",
    "ledger.jsonl",
    "sealed.key",
    "statement.json",
    "statement.sig",
    "verification.index",
    "verification.jsonl",
)
CHANGED_BYTES = 40
"""Of each file; a bit of each of so many bytes is turned, and the first and last bytes always."""


@pytest.fixture(scope="session")
def certified(sealed_run: Place) -> Place:
    """A sealed run, and a certificate c.json out of it."""
    done = sealed_run.run("prove", "job.toml", "--account", PEOPLE[0], "--out", "c.json")
    assert done.code == 0, done.err
    return sealed_run


@pytest.fixture
def judge(sealed: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Judges within this process: the exit code, and what was said."""
    said: list[str] = []
    monkeypatch.setattr(streams, "result", lambda text: said.append(str(text)))

    def judged(path: str = "runs/job", key: str | None = None) -> tuple[int, str]:
        said.clear()
        try:
            code = verify_sealed(
                sealed.folder / path,
                None,
                public_key=sealed.folder / "key.pem.pub",
                pseudonym_key=None if key is None else sealed.folder / key,
                json=False,
            )
        except WrongInput as error:
            return error.exit_code, str(error)
        return int(code), "".join(said)

    return judged


def bits(content: bytes) -> list[bytes]:
    """The content with one bit turned, at many places."""
    rng = random.Random(len(content))
    last = len(content) - 1
    places = {0, 1, last - 1, last, *(rng.randint(0, last) for _ in range(CHANGED_BYTES))}
    turned = []
    for at in sorted(places):
        for bit in {1, 0x20, 1 << rng.randint(0, 7)}:
            one = bytearray(content)
            one[at] ^= bit
            turned.append(bytes(one))
    return turned


@pytest.mark.parametrize("name", FILES)
def test_a_changed_or_shortened_file_is_named(
    sealed: Place, judge: Callable[..., tuple[int, str]], name: str
) -> None:
    """Rule: each file, with a bit turned, cut off anywhere, longer, or gone: told, and which."""
    assert judge()[0] == 0
    path = sealed.folder / SEALED / name
    content = path.read_bytes()
    cut = [content[:at] for at in (0, 1, len(content) // 2, len(content) - 1)]
    for spoiled in (*bits(content), *cut, content + b"\n", content + content):
        path.write_bytes(spoiled)
        code, said = judge()
        assert code in {1, 2}, spoiled
        assert name in said
        assert path.read_bytes() == spoiled
    path.unlink()
    if name == "sealed.key":  # destroyed on purpose: all else can be checked
        assert judge()[0] == 0
    else:
        assert judge()[0] in {1, 2}


def test_a_certificate_with_a_turned_bit(
    certified: Place, sealed: Place, judge: Callable[..., tuple[int, str]]
) -> None:
    """Rule: with the key of the pseudonyms no bit of what is proved can be another."""
    content = (certified.folder / "c.json").read_bytes()
    path = sealed.folder / "c.json"
    path.write_bytes(content)
    key = f"{SEALED}/sealed.key"
    assert judge("c.json", key)[0] == 0
    values = json.loads(content)
    for spoiled in bits(content):
        path.write_bytes(spoiled)
        code, _ = judge("c.json", key)
        assert code in {1, 2} or json.loads(spoiled) == values


def _put(change: Callable[[dict[str, Any]], object], values: dict[str, Any]) -> dict[str, Any]:
    change(values)
    return values


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda of: of["entries"].clear(), "no entry"),
        (lambda of: of["entries"].append(of["entries"][0]), "twice"),
        (lambda of: of["entries"][0].update(index=10**30), "not one of those"),
        (lambda of: of["entries"][0].update(index=-1), "not one of those"),
        (lambda of: of["entries"][0].update(index=True), "no certificate"),
        (lambda of: of["entries"][0].update(proof=["zz"]), "no hex"),
        (lambda of: of["entries"][0].update(proof=["00" * 32] * 900), "not one of those"),
        (lambda of: of["entries"][0].update(line="[" * 9999), "not one of those"),
        (lambda of: of["entries"][0]["proof"].pop(), "not one of those"),
        (lambda of: of.update(pseudonym="0" * 32), "pseudonym"),
        (lambda of: of.update(account=PEOPLE[1]), "pseudonym"),
        (lambda of: of.update(entries=of.pop("verification"), verification=[]), "not one of"),
        (lambda of: of.update(signature=of["signature"].lower()), "signature"),
        (lambda of: of.update(statement=of["statement"].replace(" 16", " 17", 1)), "signature"),
        (lambda of: of.update(statement="{}"), "no statement"),
        (lambda of: of.update(version=2), "newer"),
        (lambda of: of.update(version=0), "no certificate"),
        (lambda of: of.update(version=True), "no certificate"),
        (lambda of: of.update(more=1), "no certificate"),
        (lambda of: of.update(account=7), "no certificate"),
    ],
)
def test_a_certificate_that_was_put_together(
    certified: Place,
    sealed: Place,
    judge: Callable[..., tuple[int, str]],
    change: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    """Rule: entries repeated, of elsewhere, of another type or number: told, and what."""
    values = json.loads((certified.folder / "c.json").read_bytes())
    (sealed.folder / "c.json").write_text(json.dumps(values))
    assert judge("c.json", f"{SEALED}/sealed.key")[0] == 0

    (sealed.folder / "c.json").write_text(json.dumps(_put(change, values)))

    code, said = judge("c.json", f"{SEALED}/sealed.key")
    assert code in {1, 2}
    assert words in " ".join(said.split())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "no certificate"),
        (b'{"version": 99}', "newer"),
        (b'{"version": 1' + b"0" * 5000 + b"}", "no certificate"),
        (b'{"version": 1, "a": ' + b"[" * 100_000, "no certificate"),
        (b'{"version": 1, "version": 1}', "no certificate"),
        (b'{"version": 1e0}', "no certificate"),
        (b'{"version": 1, "account": "\\ud800"}', "no certificate"),
        (b'{"version": 1, "account": "\xff"}', "no certificate"),
    ],
)
def test_hostile_json_is_refused(
    sealed: Place, judge: Callable[..., tuple[int, str]], content: bytes, words: str
) -> None:
    """Rule: what is no certificate, or no statement, is refused in words."""
    (sealed.folder / "c.json").write_bytes(content)
    assert judge("c.json")[0] == 2
    assert words in judge("c.json")[1]
    (sealed.folder / SEALED / "statement.json").write_bytes(content)
    code, said = judge()
    assert code == 2
    assert words.replace("certificate", "statement") in said


@pytest.mark.e2e
def test_a_machine_that_has_nothing_else(certified: Place, tmp_path: Path) -> None:
    """Rule: a folder with the public key and what was sealed is enough.

    Of what is another run's, or another key's, the command says so and leaves with 1 or 2.
    """
    bare, other = Place(tmp_path / "bare"), Place(tmp_path / "other")
    for one in (bare, other):
        one.folder.mkdir()
    small_run(other)
    seal(other)
    ours = tree(certified.folder / SEALED)
    theirs = tree(other.folder / SEALED)
    bare.write("c.json", (certified.folder / "c.json").read_bytes())
    bare.write("pub", (certified.folder / "key.pem.pub").read_bytes())
    bare.write("other.pub", (other.folder / "key.pem.pub").read_bytes())
    bare.write("no.pub", "nothing")
    bare.write("key", ours["sealed.key"])
    bare.write("other.key", theirs["sealed.key"])

    def sealed(files: dict[str, bytes]) -> None:
        (bare.folder / "s").mkdir(exist_ok=True)
        for name, content in files.items():
            bare.write(f"s/{name}", content)

    sealed(ours)
    for words, code, said in (
        (("c.json", "--public-key", "pub"), 0, "holds"),
        (("c.json", "--public-key", "pub", "--pseudonym-key", "key"), 0, "holds"),
        (("s", "--public-key", "pub"), 0, "holds"),
        (("s", "--public-key", "pub", "--json"), 0, '"ok": true'),
        (("s",), 2, "public key"),
        (("s", "--public-key", "no.pub"), 2, "no public key"),
        (("s", "--public-key", "other.pub"), 1, "another key"),
        (("c.json", "--public-key", "other.pub"), 1, "another key"),
        (("c.json", "--public-key", "pub", "--pseudonym-key", "other.key"), 1, "another run's"),
    ):
        before = tree(bare.folder)
        done = bare.run("verify", *words)
        assert done.code == code, (words, done.out, done.err)
        assert said in " ".join((done.out + done.err).split())
        assert tree(bare.folder) == before
    for name in ("ledger.jsonl", "sealed.key", "statement.sig", "ledger.index"):
        sealed({**ours, name: theirs[name]})
        done = bare.run("verify", "s", "--public-key", "pub")
        assert done.code == 1, name
        assert name in done.out
