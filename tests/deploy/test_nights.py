"""The samples for nights without anybody: what cron and systemd run, run as they run it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bulkdel.errors import Exit
from bulkdel.job.schema import RetryTable
from tests.support.judge import Judge, Pair
from tests.support.process import KEY, ROOT, csv_text, ledger, toml

pytestmark = pytest.mark.e2e

SAMPLES = ROOT / "jobs/deploy"
SECRET = "0123456789abcdef0123456789abcdef"
PAIRS = [("alice", "bob"), ("dave", "erin")]
ONE_TRY = "[retry]\nmax_attempts = 1\nbase_delay_s = 0.01\n"


@dataclass(frozen=True, slots=True)
class Purge:
    """/srv/purge of the samples: the script and the secrets beside a job, its input and bulkdel."""

    folder: Path

    def write(self, job: str, pairs: list[Pair] = PAIRS) -> None:
        """The job and its input."""
        (self.folder / "purge.toml").write_text(job)
        (self.folder / "pairs.csv").write_text(csv_text(pairs))

    def program(self, text: str) -> None:
        """What is run as bulkdel from now on."""
        program = self.folder / ".venv/bin/bulkdel"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """What becomes of a sample's command under cron: no terminal, no environment, from /."""
        line = command.replace("/srv/purge", shlex.quote(str(self.folder)))
        return subprocess.run(  # noqa: S603  # our own sample
            ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "HOME=/", "/bin/sh", "-c", line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            check=False,
            timeout=60,
        )


@pytest.fixture
def purge(tmp_path: Path) -> Purge:
    """It, with the real bulkdel, in a folder whose name has a blank in it."""
    made = Purge(tmp_path / "a purge")
    made.folder.mkdir()
    shutil.copy(SAMPLES / "night.sh", made.folder)
    example = (SAMPLES / "env.example").read_text()
    key = re.sub(r"^TENCENT_SECRET_KEY=.*$", f"{KEY}='{SECRET}'", example, flags=re.MULTILINE)
    (made.folder / "env").write_text(key)
    made.program(f'PYTHONPATH={shlex.quote(str(ROOT))} exec {sys.executable} -m bulkdel "$@"')
    return made


def cron_command() -> str:
    """The one line of the crontab that is a command, without its five fields of time."""
    lines = (SAMPLES / "crontab").read_text().splitlines()
    (line,) = (line for line in lines if re.match(r"[0-9*]", line))
    assert "%" not in line, "cron reads it as the end of a line"
    assert any(line.startswith("MAILTO=") for line in lines)
    return line.split(None, 5)[5]


def unit(name: str, key: str) -> str:
    """The value of a key of a unit file, where it stands once."""
    lines = (SAMPLES / name).read_text().splitlines()
    (value,) = (line.removeprefix(f"{key}=") for line in lines if line.startswith(f"{key}="))
    return value


def test_cron_and_systemd_run_the_same_command() -> None:
    """So what is shown here of one holds for the other."""
    assert cron_command() == unit("bulkdel-purge.service", "ExecStart")


def test_a_good_night_is_silent(purge: Purge) -> None:
    """The secret reaches the run without an export, all is deleted, nobody is told."""
    with Judge({"tencent": PAIRS}, secret=SECRET) as judge:
        purge.write(toml(judge.address))
        done = purge.run(cron_command())
        assert (done.returncode, done.stdout) == (0, "")
    assert len(ledger(purge.folder / "runs/purge")) == len(PAIRS)
    assert "already gone" in (purge.folder / "purge.out").read_text()
    assert (purge.folder / "purge.out").stat().st_mode & 0o077 == 0


def test_a_failed_pair_is_told_of(purge: Purge) -> None:
    """1: all is settled, and not all of it deleted."""
    with Judge({"tencent": PAIRS}, secret=SECRET) as judge:
        purge.write(toml(judge.address), [*PAIRS, ("carol", "carol")])
        done = purge.run(cron_command())
    assert done.returncode == 1
    assert "exit 1." in done.stdout


def test_a_wrong_job_is_told_of(purge: Purge) -> None:
    """2: what bulkdel says of it is in the mail."""
    purge.write("operation = 'delete'\n")
    done = purge.run(cron_command())
    assert done.returncode == 2
    assert "exit 2." in done.stdout
    assert "operation" in done.stdout


def test_a_guard_is_told_of(purge: Purge) -> None:
    """3: the guard is named."""
    with Judge({"tencent": PAIRS}, secret=SECRET) as judge:
        purge.write(toml(judge.address, tail="[guards]\nmax_pairs = 1\n"))
        done = purge.run(cron_command())
    assert done.returncode == 3
    assert "exit 3." in done.stdout
    assert "max_pairs" in done.stdout


def test_refused_credentials_are_told_of(purge: Purge) -> None:
    """77: the app is disabled, as the provider says at once and for good."""
    with Judge({"tencent": PAIRS}, secret=SECRET, faults=["60016"]) as judge:
        purge.write(toml(judge.address))
        done = purge.run(cron_command())
    assert done.returncode == 77
    assert "exit 77." in done.stdout
    assert "60016" in done.stdout
    assert SECRET not in done.stdout


def test_a_run_that_only_ever_ends_with_75_is_told_of(purge: Purge) -> None:
    """The first night settles a pair, and is silent; the second one settles none."""
    with Judge({"tencent": PAIRS}, secret=SECRET, faults=["30006,account=dave"]) as judge:
        purge.write(toml(judge.address, tail=ONE_TRY))
        first = purge.run(cron_command())
        assert (first.returncode, first.stdout) == (75, "")
        second = purge.run(cron_command())
    assert second.returncode == 69
    assert "nothing was settled since the last night" in second.stdout
    assert "30006" in second.stdout


@pytest.mark.parametrize(
    ("nights", "code"),
    [
        (((5, 9), (3, 7)), 75),
        (((9, 5), (5, 3)), 75),  # as many as another target had
        (((5, 9), (5, 7)), 69),
        (((0, 9), (0, 7)), 75),  # a target that is done does not move
        (((50, 9), (5, 7)), 75),
    ],
)
def test_a_night_counts_for_each_target(
    purge: Purge, nights: tuple[tuple[int, int], ...], code: int
) -> None:
    """One that stands still is told of while the other goes on."""
    purge.write("")
    for number, left in enumerate(nights):
        shown = "".join(f'      "unsettled": {pairs},\\n' for pairs in left)
        purge.program(f"[ $1 = run ] && exit 75\nprintf '{shown}'")
        assert purge.run(cron_command()).returncode == (code if number else 75)


@pytest.mark.parametrize("code", [1, 2, 3, 77, 137, 127])
def test_every_other_code_is_told_of_as_it_is(purge: Purge, code: int) -> None:
    """Also the codes that are no word of bulkdel's: killed, not there."""
    purge.write("")
    purge.program(f"exit {code}")
    done = purge.run(cron_command())
    assert done.returncode == code
    assert f"exit {code}." in done.stdout


def test_a_folder_that_is_gone_is_told_of(purge: Purge) -> None:
    """Nothing is run in another folder."""
    shutil.move(purge.folder / "night.sh", purge.folder.parent)
    command = f"'{purge.folder.parent}/night.sh' /srv/purge/gone/purge.toml"
    done = purge.run(command)
    assert done.returncode == 2
    assert "gone" in done.stdout
    assert not (purge.folder / "purge.out").exists()


def test_an_option_of_run_is_passed_on(purge: Purge) -> None:
    """Metrics, say."""
    purge.write("")
    purge.program('[ "$1" = run ] && for one; do echo "<$one>"; done')
    purge.run(f"{cron_command()} --metrics-file '/a b.prom'")
    printed = (purge.folder / "purge.out").read_text().split("\n")
    assert printed[:-1] == [
        "<run>",
        "<purge.toml>",
        "<--yes>",
        "<--no-progress>",
        "<--metrics-file>",
        "</a b.prom>",
    ]


def test_systemd_tells_of_every_code_but_0_and_75() -> None:
    """Nothing but 75 is a success besides 0, and a failed unit starts the unit that mails."""
    assert unit("bulkdel-purge.service", "SuccessExitStatus") == "75"
    assert unit("bulkdel-purge.service", "OnFailure") == "mail-the-operator@%n.service"
    assert (SAMPLES / "mail-the-operator@.service").exists()


def test_a_worker_is_started_again_where_that_helps() -> None:
    """After 75 and a kill, but never after a code that needs a person; its stop is no failure."""
    worker = "bulkdel-worker@.service"
    assert unit(worker, "SuccessExitStatus") == unit(worker, "RestartForceExitStatus") == "75"
    assert unit(worker, "Restart") == "on-failure"
    never = {int(code) for code in unit(worker, "RestartPreventExitStatus").split()}
    assert never == {*Exit} - {Exit.DONE, Exit.LEFT}
    assert unit(worker, "OnFailure") == unit("bulkdel-purge.service", "OnFailure")
    assert int(unit(worker, "TimeoutStopSec")) >= 2 * RetryTable().timeout_s


def test_the_mail_to_the_operator_is_sent(tmp_path: Path) -> None:
    """As its ExecStart says, with %i and %H as systemd fills them in: to, subject, what it said."""
    shell, flag, script, *names = shlex.split(unit("mail-the-operator@.service", "ExecStart"))
    assert (shell, flag, names) == ("/bin/sh", "-c", ["sh", "%i"])
    for name, text in (
        ("sendmail", 'echo "$@" >"$MAIL.how"; cat >"$MAIL"'),
        ("systemctl", 'echo "printed by $5"; exit 3'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    name, _, address = unit("mail-the-operator@.service", "Environment").partition("=")
    subprocess.run(  # noqa: S603  # our own sample
        [
            shell,
            flag,
            script.replace("%H", "here").replace("/usr/sbin/sendmail", str(tmp_path / "sendmail")),
            "sh",
            "bulkdel-purge.service",
        ],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", name: address, "MAIL": str(tmp_path / "mail")},
        check=True,
        timeout=60,
    )
    head, _, body = (tmp_path / "mail").read_text().partition("\n\n")
    assert head.split("\n") == [
        "To: you@example.com",
        "Subject: bulkdel-purge.service failed on here",
    ]
    assert body == "printed by bulkdel-purge.service\n"
    assert (tmp_path / "mail.how").read_text() == "-t\n"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """Every key is known to it, and every value."""
    for path in SAMPLES.glob("*.[st]*"):
        if path.suffix in {".service", ".timer"}:
            text = path.read_text()
            for program in ("/srv/purge/night.sh", "/srv/purge/.venv/bin/bulkdel"):
                text = text.replace(program, "/bin/true")
            (tmp_path / path.name).write_text(text.replace("/srv/purge", str(tmp_path)))
    done = subprocess.run(  # noqa: S603  # our own samples
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "bulkdel" not in done.stderr
    assert "mail-the-operator" not in done.stderr
