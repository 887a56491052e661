"""The `bulkdel` command: its subcommands, its version, its manual."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bulkdel.cli import aside, streams
from bulkdel.cli.edge import carry_out
from bulkdel.cli.group import LazyGroup
from bulkdel.cli.program import program
from bulkdel.cli.signals import SENDING
from bulkdel.errors import Exit
from bulkdel.plain import escaped

EPILOG = """
\b
A first run, with no account anywhere:
  bulkdel demo

\b
A real one:
  bulkdel init purge.toml      write a job file after a few questions
  bulkdel check purge.toml     see whether it could run now
  bulkdel rehearse purge.toml $first --accounts a,b,c
                               try what no documentation says
  bulkdel plan purge.toml      look at what would be sent; sends nothing
  bulkdel run purge.toml       asks, sends, writes the ledger
  bulkdel status purge.toml    how it stands, from another terminal
  bulkdel run purge.toml       after a stop or a crash: continues
  bulkdel report purge.toml    the whole run as a page, for the morning
  bulkdel verify purge.toml    checks every byte of the results
  bulkdel close purge.toml     gives up all that is left
  bulkdel help run             the manual of a command

\b
A job file (TOML). The secret itself is never written in it:
  operation = "delete_friends"    # or "delete_all_friends"
  mode = "two_way"                # or "one_way"
  [input]
  files = ["pairs.csv"]           # columns From_Account and To_Account
  [targets.$first]
  provider = "$first"
  region = "$region"
  app_id = $app_id
  admin = "$admin"
  secret_env = "$secret_env"

\b
Exit codes: 0 done; 1 done, but something failed or was rejected; 2 wrong
command, job file or input; and of run alone: 3 guard, 75 work is left, 77
refused by the provider. See `bulkdel run --help`.
"""

COMMANDS = {
    "demo": "Try a whole run on emulated providers.",
    "init": "Write a job file after a few questions.",
    "run": "Plan, ask, delete; or go on where it was left.",
    "worker": "Send free shards of a run, beside other machines.",
    "check": "See whether a job could run now. Deletes nothing.",
    "rehearse": "Try three accounts for what no documentation says.",
    "plan": "Show what would be sent. Sends nothing.",
    "backup": "Keep the data of all that a job deletes.",
    "forget": "Destroy a backup, or all that are due.",
    "status": "Show how a run stands, at any time.",
    "who": "Name the account behind a pseudonym of a log.",
    "report": "Write the run as a page a person reads.",
    "export": "Write pairs or rejects for a new job.",
    "pause": "Let a running run send nothing.",
    "resume": "Let a paused run send again.",
    "rate": "Slow a running run down, or let it go.",
    "verify": "Check the results: the files, or at the providers.",
    "close": "Settle what is left as failed.",
    "undo": "Put back what a run deleted, from its backup.",
    "seal": "Keep the proof of a finished run, and no account id.",
    "prove": "Write a certificate for one person.",
    "schema": "Print the job file's JSON schema, for editors.",
    "emulator": "Serve the APIs on this machine, for trials.",
}
"""Each is the function of its name in the file of its name, which is read when it is given."""


class Commands(LazyGroup):
    """The commands of `bulkdel`."""

    package = "bulkdel.cli"
    short_helps = COMMANDS

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments as they are parsed; `help COMMAND` is `COMMAND --help`."""
        if args[:1] == ["help"]:
            args = [*args[1:2], "--help"]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names; a file's name there is told what to do."""
        if args[0] not in self.short_helps and not ctx.resilient_parsing:
            from bulkdel.cli.typed import instead_of  # knows job files: not for every start

            if words := instead_of(args, self.short_helps, program=program()):
                ctx.fail(words)
        return super().resolve_command(ctx, args)

    @staticmethod
    def carry_out(name: str, work: Callable[[], int], options: Mapping[str, Any]) -> None:
        """Carry out the work of the command; see `edge.carry_out`."""
        said = partial(_in_full, options.get("job"), options.get("run_dir"))
        sends = name in SENDING or bool(options.get("remote"))
        carry_out(work, sends=sends, in_full=said)


def _in_full(job: Path | None, run_dir: Path | None, text: str) -> str:
    """`text` with each command in it that it names by its verb, `bulkdel VERB`, ready to paste."""
    if job is None or "`bulkdel " not in text:
        return text
    from bulkdel.cli.options import command  # knows job files: not for every start

    return re.sub(
        r"`bulkdel ([a-z]+)((?: --[a-z-]+)*)`",
        lambda match: f"`{command(match[1], job, run_dir)}{match[2]}`",
        text,
    )


app = typer.Typer(
    cls=Commands,
    name="bulkdel",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def _version(asked: bool) -> None:
    if not asked:
        return
    from bulkdel.report.version import version

    streams.result(f"bulkdel {version()}\n")
    raise typer.Exit


@app.callback(epilog=EPILOG)
def _bulkdel(
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Remove friend relationships in bulk through chat providers' server APIs.

    Deletes the friendships that a list names, through $titles,
    never faster than the provider allows, and accounts for every single one.
    It can be stopped or killed at any moment; the same command continues.
    """


def main() -> None:
    """Carries out the command that was given; leaves with its exit code.

    What is wrong with the command line is told at our own door to the screen: the words of it may
    be names of files that a shell put there.

    Raises:
        SystemExit: always, with the code.
    """
    streams.prepare()
    aside.set_aside()
    streams.carried(_carry)


def _carry() -> None:
    """One command, as its words say; leaves with its exit code."""
    try:
        code = app(standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "show"):  # of what click raises for a person; it has had two homes
            raise
        screen = io.StringIO()
        error.show(screen)
        text = screen.getvalue().removesuffix("\n")
        for word in sys.argv:
            text = text.replace(word, escaped(word))
        streams.say(*text.split("\n"))
        code = getattr(error, "exit_code", Exit.WRONG)
    sys.exit(code)
