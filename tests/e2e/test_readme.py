"""What the README tells a reader to type works as it is printed; what it shows is what comes."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import tomllib
from typing import Final, NamedTuple

import pytest

from bulkdel.job.jobfile import load_job
from tests.support.judge import Judge, read_pairs
from tests.support.process import ROOT, Done, Place, csv_text, ledger, toml

pytestmark = pytest.mark.e2e

README: Final = (ROOT / "README.md").read_text("utf-8")
SECRET: Final = "0123456789abcdef0123456789abcdef"
PAIRS: Final = [(f"from{row // 4}", f"to{row}") for row in range(120)]
INSTALLS: Final = re.compile(r"(pipx|uv tool|python3 -m pip) install \.( +# .*)?")


class Block(NamedTuple):
    """A block of code: its language, its text, and the heading that it stands under."""

    language: str
    text: str
    heading: str


def blocks() -> list[Block]:
    """All of the README, in order."""
    found = []
    for section in re.split(r"^## ", README, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        for language, text in re.findall(r"^```(\w*)\n(.*?)\n```$", body, re.DOTALL | re.MULTILINE):
            found.append(Block(language, text, heading))
    return found


def under(heading: str, language: str) -> list[str]:
    """The texts of the blocks of a language under a heading."""
    found = [one.text for one in blocks() if (one.heading, one.language) == (heading, language)]
    assert found, f"nothing in {language} under {heading}"
    return found


def commands(texts: list[str]) -> list[list[str]]:
    """The words of each command: comments left out, continued lines together."""
    lines = "\n".join(texts).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def test_every_block_is_tried() -> None:
    """There is none but those that a test here, the demo's own, or CI carries out."""
    accounted = {
        ("Try it", "sh"),
        ("Try it", "text"),
        ("Install", "sh"),
        ("A real job", "sh"),
        ("A real job", "toml"),
        ("Stop and continue", "sh"),
        ("Beside a run", "sh"),
        ("Beside a run", "toml"),
        ("Many cores, many machines", "sh"),
        ("Many cores, many machines", "toml"),
        ("Evidence that can be kept", "sh"),
        ("Evidence that can be kept", "toml"),
        ("Overnight", "toml"),
        ("What a run leaves behind", "json"),
        ("Fewest calls", "toml"),
        ("As a library", "python"),
        ("How it works", ""),
    }
    assert {(one.heading, one.language) for one in blocks()} == accounted
    assert all(INSTALLS.fullmatch(line) for line in under("Install", "sh")[0].splitlines())


def test_the_first_real_job_goes_as_it_is_printed(place: Place) -> None:
    """From the job file to the export, in order, on an emulator in the provider's place."""
    place.write("pairs.csv", csv_text(PAIRS))
    done: dict[str, Done] = {}
    with Judge({"tencent": PAIRS}, secret=SECRET) as judge:
        for words in commands(under("A real job", "sh")):
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                assert value == "..."
                place = Place(place.folder, more={name: SECRET})
                continue
            assert words[0] == "bulkdel"
            agreed = ["--yes"] if words[1] == "rehearse" else []  # there is no terminal to ask on
            done[" ".join(words[1:])] = place.run(*words[1:], *agreed)
            if words[1] == "init":
                path = place.folder / words[2]
                path.write_text(
                    path.read_text().replace("# endpoint = ", f'endpoint = "{judge.address}" # ')
                )
    codes = {words: one.code for words, one in done.items() if one.code}
    assert codes == {"run purge.toml --limit 100": 75}
    assert len(ledger(place.folder / "runs/purge")) == len(PAIRS)
    assert "120" in done["plan purge.toml"].out
    assert "Finished" in done["run purge.toml"].out
    assert read_pairs(place.folder / "failed.csv") == []


def test_the_commands_for_a_running_run_are_understood(place: Place) -> None:
    """Each takes its words; where nothing runs they say so."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("purge.toml", under("A real job", "toml")[0])
    for _, *words in commands(under("Stop and continue", "sh")):
        done = place.run(*words)
        assert done.code == 2
        assert "Usage" not in done.err
        assert "no process" in done.complaint


def test_what_goes_beside_a_run_goes_as_it_is_printed(place: Place) -> None:
    """A backup and a canary first, the rest, what remains, and all of it put back."""
    place.write("pairs.csv", csv_text(PAIRS))
    (part,) = under("Beside a run", "toml")
    with Judge({"tencent": [*PAIRS, *((other, account) for account, other in PAIRS)]}) as judge:
        place.write("purge.toml", toml(judge.address, mode="two_way", tail=part))
        before = judge.snapshot("tencent")
        done = [place.run(*words[1:]) for words in commands(under("Beside a run", "sh"))]
        assert [one.code for one in done] == [75, 0, 0, 0, 0, 0], [one.err for one in done]
        assert judge.snapshot("tencent").keys() == before.keys()
    assert len(ledger(place.folder / "runs/purge")) == len(PAIRS)
    assert read_pairs(place.folder / "remaining.csv") == []


def test_evidence_is_kept_as_it_is_printed(place: Place) -> None:
    """A key, a sealed run, a certificate for one person, and its check with the public key."""
    place.write("pairs.csv", csv_text(PAIRS))
    (part,) = under("Evidence that can be kept", "toml")
    with Judge({"tencent": PAIRS}) as judge:
        place.write("purge.toml", toml(judge.address, tail=part))
        assert place.run("run", "purge.toml").code == 0
        for words in commands(under("Evidence that can be kept", "sh")):
            agreed = (
                ["--yes"] if words[1:] == ["seal", "purge.toml"] else []
            )  # there is no terminal
            given = [PAIRS[0][0] if word == "alice" else word for word in words[1:]]
            done = place.run(*given, *agreed)
            assert done.code == 0, (words, done.err)
    assert (place.folder / "alice.html").exists()


def test_processes_and_workers_are_given_as_printed(place: Place) -> None:
    """By processes of this machine all is done; the others say that such a job names no store."""
    many = "Many cores, many machines"
    (part,) = under(many, "toml")
    (smallest,) = under("A real job", "toml")
    place.write(
        "purge.toml",
        smallest.replace("two_way", "one_way").replace(".tencent", ".big") + "\n" + part,
    )
    cluster = load_job(place.folder / "purge.toml").cluster
    assert cluster
    assert cluster.slices == {"big": 4}
    place.write("pairs.csv", csv_text(PAIRS[:8]))
    here, *elsewhere = commands(under(many, "sh")[:1])
    in_a_shell = re.findall(r"bulkdel (worker \S+ --yes)", under(many, "sh")[1])
    assert len(in_a_shell) == 2
    with Judge({"tencent": PAIRS}) as judge:
        place.write("purge.toml", toml(judge.address, tail="[cluster]\n"))
        for words in (*(one[1:] for one in elsewhere), *(text.split() for text in in_a_shell)):
            done = place.run(*words)
            assert done.code == 2
            assert "store_env" in done.complaint
        done = place.run(*here[1:])
        assert done.code == 0, done.err
    assert len(list((place.folder / "runs/purge/shards").iterdir())) == 1


@pytest.mark.parametrize(
    "heading", ["Overnight", "Fewest calls", "Beside a run", "Evidence that can be kept"]
)
def test_a_part_of_a_job_file_is_one(place: Place, heading: str) -> None:
    """The smallest job is a job, alone and with each part that is shown elsewhere."""
    (smallest,) = under("A real job", "toml")
    (part,) = under(heading, "toml")
    path = place.write("purge.toml", f"{smallest}\n{part}\n")
    job = load_job(path)
    shown = tomllib.loads(part)
    assert {"schedule", "plan", "backup", "evidence"} & shown.keys()
    assert job.name == "purge"
    place.write("alone.toml", smallest)
    assert load_job(place.folder / "alone.toml").targets[0].app_id == 1400000000


def test_the_library_sample_runs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands, in a folder with a smaller demo."""
    (sample,) = under("As a library", "python")
    (place.folder / "jobs/demo").mkdir(parents=True)
    shutil.copy(ROOT / "jobs/demo.toml", place.folder / "jobs")
    place.write("jobs/demo/pairs.csv", csv_text(PAIRS[:8]))
    program = place.write("sample.py", sample)
    monkeypatch.chdir(place.folder)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(program.read_text(), "README.md", "exec"), {"__name__": "sample"})  # noqa: S102  # our own
    assert printed.getvalue().splitlines()[-1] == "finished"
    assert "from0 4 deleted" in printed.getvalue()


def test_every_link_leads_somewhere() -> None:
    """Files are there, and so are headings."""
    headings = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for address in re.findall(r"\]\(([^)]+)\)", README):
        if address.startswith("#"):
            assert address[1:] in headings
        elif not address.startswith("https://"):
            assert (ROOT / address).exists(), address
