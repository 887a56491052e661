"""After sealing no file of the run holds an account id, in any encoding."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from bulkdel import files
from bulkdel.evidence.pseudonyms import CUT_OUT, Pseudonyms, new_key
from bulkdel.evidence.sealed import index_path
from bulkdel.runs.seal import seal_lines
from tests.evidence.test_lines import line
from tests.support.judge import Judge
from tests.support.process import Place, csv_text, toml
from tests.support.sealing import (
    EVIDENCE,
    PAIRS,
    PEOPLE,
    QUICK,
    WORLD,
    make_key,
    seal,
    tree,
)

REJECTED = "Zur\u00fcckgewiesen\x07"
GUARDED = "Besch\u00fctzte"
TRIAL = ("Probe-eins", "Probe-zwei", "Probe-drei")
IDS = (*PEOPLE[:4], *PEOPLE[5:9], REJECTED[:-1], GUARDED, *TRIAL)
BESIDE = """
[backup]
enabled = true
[canary]
accounts = 1
then = "go"
[guards]
protect = ["Besch\u00fctzte"]
"""
STRANGERS = {"notes.txt": b"mine", "rehearsal-notes.txt": b"mine", "backup-of-mine/x": b"mine"}
KILLED = ("plan.parquet.77.tmp", "stdin.data.77.tmp", "report.html.77.tmp", ".planning/part")


def spellings(account: str) -> Iterator[bytes]:
    """How an account may stand in a file."""
    raw = account.encode()
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield account.encode(encoding)
    yield json.dumps(account)[1:-1].encode()
    yield json.dumps(account)[1:-1].replace("/", "\\/").encode()
    for safe in ("", "/", "/@+"):
        yield quote(account, safe=safe).encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw)
        yield coded[(0, 2, 3)[before] : -4]  # what depends on nothing beside it


def contents(path: Path) -> Iterator[bytes]:
    """A file, and what is packed in it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name) for name in packed.namelist())


def held(folder: Path) -> dict[str, list[str]]:
    """Which accounts stand in which files, by the files' names."""
    return {
        path.name: found
        for path in folder.rglob("*")
        if path.is_file()
        and (
            found := [
                account
                for account in IDS
                if any(one in all_ for all_ in contents(path) for one in spellings(account))
            ]
        )
    }


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_no_file_of_the_run_holds_an_id(place: Place) -> None:
    """Rule: whatever was done beside the run, sealed/, the lock and strangers' files are left."""
    make_key(place)
    world = [*WORLD, ("stranger", "friend")]
    rows = [*PAIRS, PAIRS[0], (PEOPLE[0], REJECTED), (GUARDED, PEOPLE[5])]
    with Judge({"tencent": world}, secret=place.secret) as judge:
        job = toml(judge.address, mode="two_way", files='"-"', tail=EVIDENCE + QUICK + BESIDE)
        place.write("job.toml", job.replace("[input]\n", '[input]\nformat = "csv"\n'))
        trial = ",".join(TRIAL)
        for words, code in (
            (("rehearse", "job.toml", "tencent", "--accounts", trial, "--yes"), (0, 1)),
            (("run", "job.toml"), (0, 1)),
            (("verify", "job.toml", "--remote"), (0,)),
            (("verify", "job.toml", "--remote", "--again", "--sample", "3"), (0,)),
            (("report", "job.toml"), (0,)),
            (("export", "job.toml", "--rejects", "--output", "rejects.csv"), (0,)),
        ):
            fed = csv_text(rows) if "run" in words else None
            done = place.run(*words, stdin=fed)
            assert done.code in code, (words, done.out, done.err)
    run_dir = place.folder / "runs/job"
    for name in KILLED:
        (run_dir / name).parent.mkdir(exist_ok=True)
        (run_dir / name).write_text(PEOPLE[0])
    for name, content in STRANGERS.items():
        (run_dir / name).parent.mkdir(exist_ok=True)
        (run_dir / name).write_bytes(content)
    (place.folder / "elsewhere").mkdir()
    place.write("elsewhere/kept", b"kept")
    (run_dir / "undo").symlink_to(place.folder / "elsewhere")
    before = held(run_dir)
    assert {"ledger.jsonl", "plan.parquet", "rejects.jsonl", "stdin.data"} <= before.keys()

    done = seal(place)

    assert "BACKUP IS DESTROYED" in done.err
    assert held(run_dir) == {}
    left = tree(run_dir)
    assert {name: left.pop(name) for name in STRANGERS} == STRANGERS
    assert {name.partition("/")[0] for name in left} == {files.LOCK, files.SEALED}
    assert (place.folder / "elsewhere/kept").read_bytes() == b"kept"
    for line_of in ("run", "undo", "report", "verify --remote", "backup"):
        refused = place.run(*line_of.split(), "job.toml")
        assert refused.code == 2, (line_of, refused.out)
        assert "sealed" in refused.complaint
    assert tree(run_dir).keys() == {*left, *STRANGERS}


def test_texts_that_quote_an_id_are_cut_out(tmp_path: Path) -> None:
    """Rule: a provider's text stays where no account stands in it, of its line or of another.

    Neither in other capitals nor in percents.
    """
    texts = {
        "no such user": True,
        "user Kundin+1@Stra\u00dfe/1 is unknown": False,
        "user KUNDIN+2@STRASSE/2 is unknown": False,
        "the administrator is busy": False,
        "at /user/Kundin%2b3%40Stra%C3%9Fe%2f3": False,
    }
    ledger = tmp_path / "ledger.jsonl"
    people = [(PEOPLE[at % 4], PEOPLE[5 + at % 4]) for at in range(8)]
    told = [(*pair, text) for pair in people for text in texts]
    lines = [line(from_account=one, to_account=two, info=text) for one, two, text in told]
    ledger.write_bytes(
        b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)
    )
    out = tmp_path / "out.jsonl"

    seal_lines([ledger], out, Pseudonyms(new_key()), ["Administrator"], lambda *_: None)

    kept = [json.loads(one)["info"] for one in out.read_bytes().splitlines()]
    assert kept == [text if texts[text] else CUT_OUT for _, _, text in told]
    assert held(tmp_path).keys() == {ledger.name}
    assert index_path(out).is_file()


def test_texts_beyond_number_are_cut_out(tmp_path: Path) -> None:
    """Rule: what varies too much may name something, and what is too long too."""
    ledger, out = tmp_path / "ledger.jsonl", tmp_path / "out.jsonl"
    lines = [line(info=f"number {at}") for at in range(200)]
    ledger.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in lines))

    seal_lines([ledger], out, Pseudonyms(new_key()), [], lambda *_: None)

    kept = {json.loads(one)["info"] for one in out.read_bytes().splitlines()}
    assert len(kept - {CUT_OUT}) <= 50
    assert CUT_OUT in kept
