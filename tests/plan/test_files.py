"""Inputs that are no files, that change, move or are packed oddly."""

from __future__ import annotations

import gzip
import os
import socket
import struct
import tracemalloc
from pathlib import Path
from typing import Final

import pytest
import zstandard

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Job
from bulkdel.plan.fingerprint import Changes, fingerprint_changes
from bulkdel.plan.input.facts import digest_of, ensure_unchanged, held, look_at
from bulkdel.plan.input.sources import SourceFile, find_sources
from bulkdel.plan.input.unpack import unpack
from bulkdel.plan.sample import sample_of
from tests.plan.jobs import a_job, plan

HEAD: Final = "From_Account,To_Account\n"
PLANNED: Final = HEAD + "a,b\n"


def made(folder: Path, kind: str) -> Path:
    """Something that is no file."""
    path = folder / f"in-{Path(kind).name}.csv"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "socket":
            server = socket.socket(socket.AF_UNIX)
            before = Path.cwd()
            os.chdir(folder)  # the whole path may be too long for a socket
            try:
                server.bind(path.name)
            finally:
                os.chdir(before)
                server.close()
        case "link":
            path.symlink_to(folder / "gone.csv")
        case _:
            path.symlink_to(kind)
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pipe", 'is a pipe, not a file; use "-"'),
        ("directory", "is a directory"),
        ("socket", "is a socket, not a file"),
        ("link", "is a link to a file that is not there"),
        ("/dev/zero", "is a device, not a file"),
        ("/dev/null", "is a device, not a file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str, words: str) -> None:
    """Nothing is waited for, read without end, or called empty, whoever looks at it first."""
    path = made(tmp_path, kind)
    job = a_job(tmp_path, [path.name])
    with pytest.raises(WrongInput, match=words):
        plan(job)
    if kind != "directory":
        source = SourceFile(name=path.name, path=path, format=Format.CSV, packing="")
        with pytest.raises(WrongInput, match=words):
            sample_of(job, source)
        with pytest.raises(WrongInput, match=words):
            digest_of(source)


def test_a_pattern_matches_what_lies_below_it(tmp_path: Path) -> None:
    """`**` goes into folders, not into links to them; what is no file among matches is refused."""
    for name in ("one.csv", "in/two.csv", "in/deep/three.csv", ".hidden/four.csv"):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + f"{path.stem},b\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "five.csv").write_text(HEAD + "five,b\n", encoding="utf-8")
    (tmp_path / "files" / "in" / "round").symlink_to(tmp_path / "files")
    (tmp_path / "files" / "away").symlink_to(tmp_path / "elsewhere")
    below = {"one", "two", "three"}
    for pattern in ("files/**/*.csv", "files/**", "files/**/**/*.csv", "fil*/**/*.csv"):
        assert {one for one, _ in plan(a_job(tmp_path, [pattern])).pairs} == below, pattern
    assert plan(a_job(tmp_path, ["files/away/**/*.csv"])).pairs == [("five", "b")]
    with pytest.raises(WrongInput, match="only folders match"):
        plan(a_job(tmp_path, ["files/*w*"]))
    with pytest.raises(WrongInput, match="no file matches"):
        plan(a_job(tmp_path, ["files/**/*.tsv"]))
    os.mkfifo(tmp_path / "files" / "in" / "pipe.csv")
    with pytest.raises(WrongInput, match="is a pipe"):
        plan(a_job(tmp_path, ["files/**/*.csv"]))


def test_a_file_put_in_the_place_of_another_is_noticed(tmp_path: Path) -> None:
    """Also where size and time of writing are the same again, or it was swapped and put back."""
    path, other = tmp_path / "in.csv", tmp_path / "other.csv"
    path.write_text(PLANNED, encoding="utf-8")
    other.write_text(HEAD + "a,x\n", encoding="utf-8")
    was = path.stat()
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    job = a_job(tmp_path, ["in.csv"])
    (source,) = find_sources(job.input, job.run_dir)
    facts = look_at(source, tmp_path, 0)
    ensure_unchanged(source, facts)
    with held(source, facts) as here:
        assert here.path.read_text(encoding="utf-8") == PLANNED

    def swap() -> None:
        for before, after in ((path, "kept"), (other, "in.csv"), (tmp_path / "kept", "other.csv")):
            before.rename(tmp_path / after)

    swap()
    for look in (
        lambda: ensure_unchanged(source, facts),
        lambda: digest_of(source, facts),
        lambda: held(source, facts).__enter__(),
    ):
        with pytest.raises(WrongInput, match="changed while it was read"):
            look()
    swap()
    path.write_text(HEAD + "a,y\n", encoding="utf-8")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_size == was.st_size
    with pytest.raises(WrongInput, match="changed while it was read"):
        ensure_unchanged(source, facts)


def test_a_folder_that_is_swapped_meanwhile(tmp_path: Path) -> None:
    """What is read is the file that was looked at, also while another one has its name."""
    for name, text in (("one", PLANNED), ("two", HEAD + "x,y\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "in.csv").write_text(text, encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to("one")
    job = a_job(tmp_path, ["link/in.csv"])
    (source,) = find_sources(job.input, job.run_dir)
    facts = look_at(source, tmp_path, 0)
    with held(source, facts) as here:
        if here.path == source.path:
            pytest.skip("this system has no names for open files")
        link.unlink()
        link.symlink_to("two")
        assert here.path.read_text(encoding="utf-8") == PLANNED
    with pytest.raises(WrongInput, match="changed while it was read"):
        ensure_unchanged(source, facts)


# -- moved, renamed, added, removed ----------------------------------------------------------------


def a_folder(folder: Path, **files: str) -> Job:
    """A job over all CSV files of a folder, each with one row of this To_Account."""
    folder.mkdir(exist_ok=True)
    for name, other in files.items():
        (folder / f"{name}.csv").write_text(f"{HEAD}a,{other}\n", encoding="utf-8")
    return a_job(folder, ["*.csv"])


def test_where_files_lie_changes_nothing(tmp_path: Path) -> None:
    """A moved folder, one of another name, a link to it, files of other names in the same order."""
    job = a_folder(tmp_path / "one", x="b", y="c", z="c")
    planned = plan(job).meta.fingerprint
    (tmp_path / "link").symlink_to("one")
    for folder in ("link", "one"):
        assert fingerprint_changes(a_job(tmp_path / folder, ["*.csv"]), planned) == NOTHING
    (tmp_path / "one").rename(tmp_path / "two")
    assert fingerprint_changes(a_job(tmp_path / "two", ["*.csv"]), planned) == NOTHING
    (tmp_path / "two" / "x.csv").rename(tmp_path / "two" / "u.csv")
    assert fingerprint_changes(a_job(tmp_path / "two", ["*.csv"]), planned) == NOTHING


NOTHING: Final = Changes(changed=(), missing=())


@pytest.mark.parametrize("gone", ["x", "y", "z"])
def test_what_is_gone_is_a_warning_that_names_it(tmp_path: Path, gone: str) -> None:
    """Also of two files alike it is the one that is gone."""
    job = a_folder(tmp_path / "one", x="b", y="c", z="c")
    planned = plan(job).meta.fingerprint
    (tmp_path / "one" / f"{gone}.csv").unlink()
    path = str(tmp_path / "one" / f"{gone}.csv")
    expected = Changes(changed=(), missing=(path,))
    assert fingerprint_changes(job, planned) == expected
    named = a_job(tmp_path / "one", ["x.csv", "y.csv", "z.csv"])
    assert fingerprint_changes(named, planned) == expected
    (tmp_path / "one" / f"{gone}.csv").symlink_to("nowhere")
    assert fingerprint_changes(named, planned) == expected


def test_all_gone_is_a_warning(tmp_path: Path) -> None:
    """The plan is whole without any of its input, wherever the job lies now."""
    job = a_folder(tmp_path / "one", x="b", y="c")
    planned = plan(job).meta.fingerprint
    named = a_job(tmp_path / "two", ["x.csv", "y.csv"])
    found = fingerprint_changes(named, planned)
    assert found.changed == ()
    assert len(found.missing) == 2


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"x": "b", "y": "d"}, "y.csv: content differs"),
        ({"x": "b", "y": "c", "z": "d"}, "z.csv: is new"),
        ({"x": "b", "y": "c", "z": "c"}, "z.csv: is new"),
        ({"x": "c", "y": "b"}, "order of input files: differs"),
        ({"x": "c", "y": "c"}, "x.csv: content differs"),
    ],
)
@pytest.mark.parametrize("moved", [True, False])
def test_what_is_changed_is_named(
    tmp_path: Path, files: dict[str, str], words: str, *, moved: bool
) -> None:
    """Added, reordered and changed content is a change, in the same folder and in another."""
    planned = plan(a_folder(tmp_path / "one", x="b", y="c")).meta.fingerprint
    if moved:
        (tmp_path / "one").rename(tmp_path / "two")
    changes = fingerprint_changes(
        a_folder(tmp_path / ("two" if moved else "one"), **files), planned
    )
    if words.startswith("x") and moved:
        words = "content differs"  # of two that lie elsewhere, which one cannot be known
    assert any(words in sentence for sentence in changes.changed), changes


def test_what_the_job_no_longer_names_is_a_change(tmp_path: Path) -> None:
    """A file that is there, but not in the job, was taken out of it."""
    planned = plan(a_folder(tmp_path / "one", x="b", y="c")).meta.fingerprint
    found = fingerprint_changes(a_job(tmp_path / "one", ["x.csv"]), planned)
    assert found.changed == (f"input {tmp_path}/one/y.csv: is no longer named",)


# -- packed ----------------------------------------------------------------------------------------


def unpacked(folder: Path, content: bytes, packing: str) -> bytes:
    """What is read of a packed file."""
    path = folder / f"in.csv.{packing}"
    path.write_bytes(content)
    source = SourceFile(name="in", path=path, format=Format.CSV, packing=packing)
    with path.open("rb") as packed:
        return b"".join(unpack(packed, source))


def member(text: bytes) -> bytes:
    """A gz member, the same at any time."""
    return gzip.compress(text, mtime=0)


def skipped(size: int) -> bytes:
    """A zst frame that says nothing."""
    return struct.pack("<II", 0x184D2A5F, size) + b"x" * size


def frame(text: bytes, *, window: int = 0, dictionary: bytes = b"") -> bytes:
    """A zst frame; with a window of 2 ** `window` bytes, or packed with a dictionary."""
    if dictionary:
        known = zstandard.ZstdCompressionDict(dictionary)
        return zstandard.ZstdCompressor(dict_data=known).compress(text)
    if window:
        parameters = zstandard.ZstdCompressionParameters(window_log=window)
        packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        return packer.compress(text) + packer.flush()
    return zstandard.compress(text)


TRAINED: Final = zstandard.train_dictionary(
    1000, [f"user{n},friend{n * 7}\n".encode() for n in range(2000)]
).as_bytes()


@pytest.mark.parametrize(
    ("packing", "content", "text"),
    [
        ("zst", frame(b"a") + frame(b"") + frame(b"b"), b"ab"),
        ("zst", skipped(300) + frame(b"a") + skipped(0) + frame(b"b") + skipped(9), b"ab"),
        ("zst", frame(b"a", window=27), b"a"),
        ("gz", member(b"a") + member(b"") + member(b"b"), b"ab"),
        ("gz", member(b"a") + bytes(100), b"a"),
    ],
)
def test_packed_files_are_read_to_their_end(
    tmp_path: Path, packing: str, content: bytes, text: bytes
) -> None:
    """Members and frames, empty and skippable ones too."""
    assert unpacked(tmp_path, content, packing) == text


@pytest.mark.parametrize(
    ("packing", "content", "words"),
    [
        ("zst", frame(b"a")[:-1], "broken or cut short"),
        ("zst", frame(b"a")[:3], "broken or cut short"),
        ("zst", frame(b"a") + b"more", "something else behind its end"),
        ("zst", frame(b"a") + skipped(9)[:-1], "broken or cut short"),
        ("zst", frame(b"a", window=28), r"window of 256 MB \(zstd --long=28\).*without --long"),
        ("zst", frame(b"a", window=30), r"window of 1 GB \(zstd --long=30\).*the 128 MB"),
        ("zst", frame(b"a") + frame(b"b", window=28), "without --long"),
        ("zst", frame(b"user1,friend7\n" * 9, dictionary=TRAINED), "with a dictionary"),
        ("gz", member(b"a")[:-1], "broken or cut short"),
        ("gz", member(b"a") + b"more", "something else behind its end"),
    ],
)
def test_packed_files_that_cannot_be_read(
    tmp_path: Path, packing: str, content: bytes, words: str
) -> None:
    """Each says what is wrong; a whole file is not called broken."""
    with pytest.raises(WrongInput, match=words):
        unpacked(tmp_path, content, packing)


@pytest.mark.parametrize("packing", ["zst", "gz"])
def test_what_little_unpacks_to_is_taken_in_pieces(tmp_path: Path, packing: str) -> None:
    """A few kilobytes hold half a gigabyte; of it no more than some megabytes are in hand."""
    path = tmp_path / f"in.csv.{packing}"
    zeros = bytes(1 << 20)
    if packing == "zst":
        packer = zstandard.ZstdCompressor().compressobj()
        path.write_bytes(b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush())
    else:
        with gzip.open(path, "wb", 1) as out:
            for _ in range(300):
                out.write(zeros)
    source = SourceFile(name="in", path=path, format=Format.CSV, packing=packing)
    tracemalloc.start()
    try:
        with path.open("rb") as packed:
            sizes = [len(piece) for piece in unpack(packed, source)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 300 << 20
    assert peak < 40 << 20
