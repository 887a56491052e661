"""What `init` must know: from the options where they say it, from a person where there is one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Final

from bulkdel.cli import ask, streams
from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Input
from bulkdel.job.shown import looks_like_a_secret
from bulkdel.job.writer import (
    DEEDS,
    REACHES,
    Answers,
    TargetAnswers,
)
from bulkdel.plan.input.formats import DELIMITERS
from bulkdel.plan.input.header_words import Wanted, lacking, names_no_column, other_delimiter
from bulkdel.plan.input.likely import propose
from bulkdel.plan.input.sources import STDIN, find_sources
from bulkdel.plan.sample import columns_of
from bulkdel.providers import PROVIDERS
from bulkdel.report.figures import plain
from bulkdel.words import Mode, Operation

FROM_FIELD: Final = "From_Account"
TO_FIELD: Final = "To_Account"
_SHOWN: Final = 12
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options of `init`, as they were given; what is None or empty was not."""

    operation: str | None = None
    mode: str | None = None
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    app_ids: tuple[int, ...] = ()
    secret_envs: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()
    admin: str | None = None
    endpoint: str | None = None
    inputs: tuple[str, ...] = ()
    format: str | None = None
    from_field: str | None = None
    to_field: str | None = None
    accounts_only: bool = False


def answers_of(given: Given, *, home: Path, asking: bool) -> Answers:
    """All that a job file at `home` needs.

    Raises:
        WrongInput: an option is wrong, or missing where nobody can be asked.
    """
    _checked(given)
    if not asking:
        _complete(given)
    operation = Operation(
        given.operation
        or ask.choose("What shall the job do?", {str(one): words for one, words in DEEDS.items()})
    )
    reach = {str(one): words for one, words in REACHES[operation].items()}
    mode = Mode(given.mode or ask.choose("How much does one deletion remove?", reach))
    providers = given.providers or _providers()
    targets = tuple(_target(given, at, name, asking=asking) for at, name in enumerate(providers))
    files = given.inputs or (
        ask.text(
            "Input file (CSV, TSV, JSONL or Parquet; a glob will do)",
            judge=_unreadable(given.format),
        ),
    )
    columns = _columns(files, given.format)
    from_field, to_field = _fields(given, operation, columns, asking=asking)
    accounts_only = given.accounts_only
    if (
        operation is Operation.DELETE_ALL_FRIENDS
        and to_field in columns.names
        and not accounts_only
    ):
        accounts_only = asking and ask.agreed(
            f"The input has the column {to_field}, so it looks like a list of friendships. Clear "
            f"the WHOLE list of every {from_field} in it, whatever {to_field} says?"
        )
    return Answers(
        operation=operation,
        mode=mode,
        files=tuple(_as_written(file, home) for file in files),
        format=Format(given.format) if given.format else None,
        from_field=from_field,
        to_field=to_field,
        accounts_only=accounts_only,
        targets=targets,
    )


def _checked(given: Given) -> None:
    """WrongInput for an option that is none of the words it may be."""
    _one_of("--operation", given.operation, list(Operation))
    _one_of("--mode", given.mode, list(Mode))
    _one_of("--format", given.format, list(Format))
    for name in given.providers:
        _one_of("--provider", name, list(PROVIDERS))
    for option, values in (
        ("--region", given.regions),
        ("--app-id", given.app_ids),
        ("--secret-env", given.secret_envs),
        ("--secret-file", given.secret_files),
    ):
        if len(values) > max(1, len(given.providers)):
            raise WrongInput(
                f"{option} is given {len(values)} times, for {len(given.providers)} --provider; "
                "they belong together in the order they are given"
            )


def _one_of(option: str, value: str | None, allowed: Sequence[str]) -> None:
    if value is not None and value not in allowed:
        known = ", ".join(allowed)
        raise WrongInput(f"{option} {plain(value, 40)}: there is none; it must be one of {known}")


def _complete(given: Given) -> None:
    """WrongInput that names every option that is missing."""
    number = max(1, len(given.providers))
    lacks = [
        option
        for option, lacking in (
            ("--operation", given.operation is None),
            ("--mode", given.mode is None),
            ("--provider", not given.providers),
            ("--region", given.endpoint is None and len(given.regions) < number),
            ("--app-id", len(given.app_ids) < number),
            ("--input", not given.inputs),
        )
        if lacking
    ]
    if lacks:
        each = " (for each --provider)" if number > 1 else ""
        raise WrongInput(
            f"there is no terminal to ask on, and these options are missing: {', '.join(lacks)}"
            f"{each}; nothing was written"
        )


def _providers() -> tuple[str, ...]:
    names = {name: provider.title for name, provider in PROVIDERS.items()}
    chosen = ask.choose("Where are the friendships?", {**names, "all": "in all of them"})
    return tuple(names) if chosen == "all" else (chosen,)


def _target(given: Given, at: int, name: str, *, asking: bool) -> TargetAnswers:
    provider = PROVIDERS[name]
    region = _nth(given.regions, at)
    if not region and given.endpoint is None:
        known = dict.fromkeys(provider.regions, "")
        region = ask.choose(f"{provider.title}: in which region is the app?", known)
    if at < len(given.app_ids):
        app_id = given.app_ids[at]
    else:
        streams.say("", *wrap(f"The app's number is shown in {provider.app_id_place}.", ask.WIDTH))
        asked = f"{provider.title}: the app's number ({provider.app_id_name})"
        app_id = int(ask.text(asked, judge=_number, lead=False))
    secret_file = _nth(given.secret_files, at)
    secret_env = _nth(given.secret_envs, at)
    if not secret_env and not secret_file:
        secret_env = provider.secret_env
        if asking and given.endpoint != "emulator":
            asked = f"{provider.title}: environment variable with the secret key"
            secret_env = ask.text(asked, default=secret_env, judge=_variable)
    return TargetAnswers(
        provider=name,
        region=region,
        app_id=app_id,
        secret_env=secret_env,
        secret_file=secret_file,
        admin=given.admin or "" if provider.needs_admin else "",
        endpoint=given.endpoint or "",
    )


def _nth(values: Sequence[str], at: int) -> str:
    return values[at] if at < len(values) else ""


def _number(answer: str) -> str:
    good = answer.isascii() and answer.isdecimal() and 1 <= int(answer) < 2**32
    return "" if good else "It is a whole number, as the provider's console shows it."


def _variable(answer: str) -> str:
    if looks_like_a_secret(answer):
        return (
            "That looks like the secret itself, which is never written in a job file. Type the "
            "name of the variable that holds it."
        )
    return "" if _VARIABLE.fullmatch(answer) else "A name has letters, digits and _ only."


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of the first input file, and what separates them; none of standard input."""

    names: tuple[str, ...] = ()
    delimiter: str = ""


def _columns(files: Sequence[str], format_: str | None) -> Columns:
    """The columns of the first input file.

    Raises:
        WrongInput: there is none, or its columns cannot be read.
    """
    if STDIN in files:
        return Columns()
    wanted = Input.model_construct(  # whole paths, which may hold what a job file may not
        files=tuple(str(Path(file).absolute()) for file in files),
        format=Format(format_) if format_ else None,
        from_field=FROM_FIELD,
        to_field=TO_FIELD,
        accounts_only=False,
    )
    source = find_sources(wanted, Path())[0]
    delimiter = DELIMITERS.get(source.format, b"").decode()
    return Columns(names=columns_of(source), delimiter=delimiter)


def _unreadable(format_: str | None) -> ask.Judge:
    """Says what is wrong with an input file, for whoever types its name."""

    def judge(answer: str) -> str:
        try:
            _columns((answer,), format_)
        except WrongInput as error:
            return f"{error}."
        return ""

    return judge


def _fields(
    given: Given, operation: Operation, columns: Columns, *, asking: bool
) -> tuple[str, str]:
    pairs = operation is Operation.DELETE_FRIENDS
    names = columns.names
    first, other = given.from_field or FROM_FIELD, given.to_field or TO_FIELD
    wanted = Wanted(
        from_field=first, to_field=other if pairs else None, delimiter=columns.delimiter
    )
    if not names or all(field in names for field in wanted.fields):
        return first, other
    if not asking or other_delimiter(names, wanted):
        what, mend = lacking(names, wanted)
        raise WrongInput(f"the input: {what}", "nothing was written", mend=_as_options(mend))
    shown = ", ".join(plain(column, 30) for column in names[:_SHOWN])
    more = ", ..." if len(names) > _SHOWN else ""
    if names_no_column(names, wanted):
        streams.say(
            "",
            f"The input's first line is read as its header: {shown}{more}",
            "If that is a row already, stop here (Ctrl-C) and put this line above it:",
            f"  {columns.delimiter.join(wanted.fields)}",
        )
    else:
        streams.say("", f"The input's columns: {shown}{more}")
    proposed = propose(names)

    def judge(answer: str) -> str:
        return "" if answer in names else "There is no such column."

    if first not in names:
        first = ask.text(
            "The column of From_Account" if pairs else "The column of the accounts",
            default=proposed[0],
            judge=judge,
            lead=False,
        )
    if pairs and other not in names:
        other = ask.text("The column of To_Account", default=proposed[1], judge=judge, lead=False)
    return first, other


def _as_options(mend: str) -> str:
    """What to do, with the options of `init` in place of the job file's keys."""
    named = re.sub(r"input\.(from|to)_field", r"--\1-field", mend)
    return named.replace("input.format", "--format").replace(" = ", " ")


def _as_written(file: str, home: Path) -> str:
    """An input file as it shall stand in the job file: relative to it, unless it is absolute."""
    if file == STDIN or Path(file).is_absolute():
        return file
    return os.path.relpath(Path(file).absolute(), home)
