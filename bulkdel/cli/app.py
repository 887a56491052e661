"""The `bulkdel` command: its subcommands, its version, its manual."""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import Annotated

import typer

from bulkdel.cli import (
    aside,
    check,
    close,
    emulator,
    export,
    init,
    live,
    plan,
    report,
    run,
    schema,
    status,
    streams,
    verify,
)
from bulkdel.cli.edge import NOT_DONE
from bulkdel.cli.named import NamedGroup
from bulkdel.cli.once import Once
from bulkdel.plain import escaped

EPILOG = """
\b
A first run, with no account anywhere:
  bulkdel run jobs/demo.toml

\b
A real one:
  bulkdel init purge.toml      write a job file after a few questions
  bulkdel check purge.toml     see whether it could run now
  bulkdel plan purge.toml      look at what would be sent; sends nothing
  bulkdel run purge.toml       asks, sends, writes the ledger
  bulkdel status purge.toml    how it stands, from another terminal
  bulkdel run purge.toml       after a stop or a crash: continues
  bulkdel report purge.toml    the whole run as a page, for the morning
  bulkdel verify purge.toml    checks every byte of the results
  bulkdel close purge.toml     what can never succeed: settles it as failed

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

app = typer.Typer(
    name="bulkdel",
    cls=NamedGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def _version(asked: bool) -> None:
    if not asked:
        return
    from importlib import metadata

    try:
        number = metadata.version("bulkdel")
    except metadata.PackageNotFoundError:
        number = "(not installed)"
    streams.result(f"bulkdel {number}\n")
    raise typer.Exit


@app.callback(epilog=EPILOG)
def _bulkdel(
    *,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Remove friend relationships in bulk through chat providers' server APIs.

    Deletes the friendships that a list names, through $titles,
    never faster than the provider allows, and accounts for every single one.
    It can be stopped or killed at any moment; the same command continues.
    """


command = partial(app.command, cls=Once)

command(epilog=init.EPILOG, short_help="Write a job file after a few questions.")(init.init)
command(epilog=run.EPILOG, short_help="Plan, ask, delete; or go on where it was left.")(run.run)
command(epilog=check.EPILOG, short_help="See whether a job could run now. Deletes nothing.")(
    check.check
)
command(epilog=plan.EPILOG, short_help="Show what would be sent. Sends nothing.")(plan.plan)
command(epilog=status.EPILOG, short_help="Show how a run stands, at any time.")(status.status)
command(epilog=report.EPILOG, short_help="Write the run as a page a person reads.")(report.report)
command(epilog=export.EPILOG, short_help="Write pairs or rejects for a new job.")(export.export)
command(epilog=live.PAUSE_EPILOG, short_help="Let a running run send nothing.")(live.pause)
command(epilog=live.PAUSE_EPILOG, short_help="Let a paused run send again.")(live.resume)
command(epilog=live.RATE_EPILOG, short_help="Slow a running run down, or let it go.")(live.rate)
command(epilog=verify.EPILOG, short_help="Check the results byte for byte.")(verify.verify)
command(epilog=close.EPILOG, short_help="Settle what is left as failed.")(close.close)
command(epilog=schema.EPILOG, short_help="Print the job file's JSON schema, for editors.")(
    schema.schema
)
command(epilog=emulator.EPILOG, short_help="Serve the APIs on this machine, for trials.")(
    emulator.emulator
)


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
        told = io.StringIO()
        error.show(told)
        text = told.getvalue().removesuffix("\n")
        for word in sys.argv:
            text = text.replace(word, escaped(word))
        streams.say(*text.split("\n"))
        code = getattr(error, "exit_code", NOT_DONE)
    sys.exit(code)
