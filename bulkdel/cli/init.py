"""`bulkdel init`: writes a job file after a few questions, or from options."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from bulkdel.cli import ask, streams
from bulkdel.cli.answers import Given, answers_of
from bulkdel.cli.new_file import write_new
from bulkdel.cli.options import command
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job, Reach, SecretSource, Target
from bulkdel.job.writer import job_text
from bulkdel.plain import escaped
from bulkdel.providers import PROVIDERS

EPILOG = """
\b
Exit codes:
  0  written
  2  could not be done: the file is there already, an option is wrong, or one
     is missing and there is no terminal to ask on; nothing was written

\b
A job with several targets: give --provider several times, and --region,
--app-id and --secret-env once for each, in the same order.

\b
Examples:
  bulkdel init purge.toml
  bulkdel init purge.toml --operation delete_friends --mode two_way \\
    --provider $first --region $region --app-id $app_id \\
    --secret-env $secret_env --input pairs.csv
  bulkdel init trial.toml --operation delete_friends --mode one_way \\
    --provider $last --app-id 1 --endpoint emulator --input pairs.csv \\
    --from-field user --to-field friend
"""


def _option(name: str, metavar: str, words: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name, metavar=metavar, help=words, show_default=False
    )
    return option


def init(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The job file to write.", show_default=True)
    ] = Path("purge.toml"),
    *,
    operation: Annotated[
        str | None, _option("--operation", "NAME", "delete_friends or delete_all_friends.")
    ] = None,
    mode: Annotated[
        str | None,
        _option("--mode", "NAME", "one_way (From_Account's list only) or two_way (both lists)."),
    ] = None,
    provider: Annotated[
        list[str] | None, _option("--provider", "NAME", "$providers; may be repeated.")
    ] = None,
    region: Annotated[list[str] | None, _option("--region", "NAME", "Where the app lives.")] = None,
    app_id: Annotated[list[int] | None, _option("--app-id", "ID", "$app_ids.")] = None,
    secret_env: Annotated[
        list[str] | None,
        _option("--secret-env", "VARIABLE", "The environment variable with the app's key."),
    ] = None,
    secret_file: Annotated[
        list[str] | None, _option("--secret-file", "FILE", "Or the file with the app's key.")
    ] = None,
    admin: Annotated[
        str | None, _option("--admin", "ACCOUNT", "$admin_vendors: the admin. Default: $admin.")
    ] = None,
    endpoint: Annotated[
        str | None,
        _option("--endpoint", "ADDRESS", "Instead of the provider: emulator, or an address."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        _option("--input", "FILE", "Path or glob of the input, or -; may be repeated."),
    ] = None,
    format_: Annotated[
        str | None, _option("--format", "NAME", "csv, tsv, jsonl or parquet. Default: the suffix.")
    ] = None,
    from_field: Annotated[
        str | None, _option("--from-field", "COLUMN", "Default: From_Account.")
    ] = None,
    to_field: Annotated[str | None, _option("--to-field", "COLUMN", "Default: To_Account.")] = None,
    accounts_only: Annotated[
        bool,
        typer.Option(
            "--accounts-only", help="delete_all_friends: ignore the To column of the input."
        ),
    ] = False,
) -> int:
    """Write a commented job file: FILE, which must not be there yet.

    Asks for what the options do not say, if there is a terminal. Reads the
    columns of the input and proposes which is which. A secret is never asked
    for and never written: only where it comes from.
    """
    if file.exists() or file.is_symlink():
        what = f"{file} is there already, and is not overwritten"
        raise WrongInput(what, mend="choose another name")
    given = Given(
        operation=operation,
        mode=mode,
        providers=tuple(provider or ()),
        regions=tuple(region or ()),
        app_ids=tuple(app_id or ()),
        secret_envs=tuple(secret_env or ()),
        secret_files=tuple(secret_file or ()),
        admin=admin,
        endpoint=endpoint,
        inputs=tuple(inputs or ()),
        format=format_,
        from_field=from_field,
        to_field=to_field,
        accounts_only=accounts_only,
    )
    home = file.absolute().parent
    answers = answers_of(given, home=home, asking=ask.can_ask())
    job = write_new(file, job_text(answers, file=str(file)))
    streams.result("\n".join(_next_steps(file, job)) + "\n")
    return 0


def _next_steps(file: Path, job: Job) -> Iterator[str]:
    yield f"Wrote {escaped(str(file))}. Next:"
    for target in job.targets:
        if target.secret is not None:
            yield ""
            yield from wrap(
                _key_words(target, target.secret),
                ask.WIDTH,
                break_long_words=False,  # a path is pasted as it stands
                break_on_hyphens=False,
            )
            if target.secret.env:
                yield f"  export {target.secret.env}='...'"
    yield ""
    yield from _steps(file, job)


def _steps(file: Path, job: Job) -> Iterator[str]:
    """What to do with a new job file, in its order; what concerns a real provider only there."""
    real = [target.name for target in job.targets if target.reach is Reach.REAL]
    yield "Could it run now? Deletes nothing:"
    yield f"  {command('check', file, None)}"
    yield "What would be sent? Sends nothing:"
    yield f"  {command('plan', file, None)}"
    if real:
        yield "Does the provider do what bulkdel takes for granted? With three accounts of your own"
        yield "that have no friends among each other (put their ids for a,b,c):"
        for name in real:
            yield f"  {command('rehearse', file, None)} {name} --accounts a,b,c"
    yield "Delete; it shows what, and asks before a real provider is called:"
    yield f"  {command('run', file, None)}"
    yield "Is it gone? Asks the provider and changes nothing:"
    yield f"  {command('verify', file, None)} --remote"


def _key_words(target: Target, source: SecretSource) -> str:
    """Where an app's key is shown, and where it is read from."""
    provider = PROVIDERS[target.provider]
    into = f"the variable {source.env}"
    if source.file is not None:
        into = f"the file {escaped(str(source.file))} (`chmod 600`) and nothing else"
    return (
        f"Put the key of app {target.app_id} into {into}: the job file never holds it. "
        f"{provider.vendor}'s console shows it as {provider.secret_place}."
    )
