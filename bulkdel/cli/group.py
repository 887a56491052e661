"""A group of commands, each read when it is given, which takes no option twice.

`--help` of the group is made of a table, so that it need import none of them.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from typing import Any, ClassVar, Final, cast

import typer
from typer.core import TyperOption

from bulkdel.cli.named import NamedCommand, NamedGroup

_PATHS: Final = frozenset({"JOB", "FILE", "DIR"})
"""What stands in a manual for the path of a file or a folder."""
_TILDE: Final = re.compile(r"~$|~[A-Za-z0-9._-]*/")


class LazyGroup(NamedGroup):
    """Commands of a package: each is the function of its name in the module of its name.

    The module's EPILOG ends its help.

    Attributes:
        package: the modules' package.
        short_helps: for each command, in order, what the group's help says of it.
    """

    package: ClassVar[str]
    short_helps: ClassVar[Mapping[str, str]]

    @staticmethod
    @abstractmethod
    def carry_out(name: str, work: Callable[[], int], options: Mapping[str, Any]) -> None:
        """Do the work of a command, which was given these options; leave with its exit code."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # A word that is no command is held against the names here.
        self.commands = cast("dict[str, Any]", dict.fromkeys(self.short_helps))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's own
        """The names, in the order of the table."""
        return list(self.short_helps)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's own
        """The command, imported now; None if there is none of that name."""
        return self.load(cmd_name) if cmd_name in self.short_helps else None

    def load(self, cmd_name: str) -> Any:
        """The command of this name."""
        module = import_module(f"{self.package}.{cmd_name}")
        function = getattr(module, cmd_name)

        @wraps(function)
        def command(*args: Any, **options: Any) -> None:
            self.carry_out(cmd_name, lambda: function(*args, **options), options)

        one = typer.Typer(
            add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
        )
        one.command(cmd_name, cls=Once, epilog=module.EPILOG)(command)
        return typer.main.get_command(one)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click's own
        """Write the table into the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.short_helps.items()))


class Once(NamedCommand):
    """A command whose options with a value are given once, and never an empty one.

    Of `--limit 10 --limit 1000` no order can say which was meant; `--run-dir "$UNSET"` means
    nothing. Options that may be repeated say so in their help, and flags may be repeated.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments as they are parsed, if every option says one thing; else a usage error."""
        given, _, order = self.make_parser(ctx).parse_args(args=list(args))
        times = Counter(one for one in order if isinstance(one, TyperOption))
        for option, number in times.items():
            name = max(option.opts, key=len)
            if number > 1 and not (option.multiple or option.is_flag):
                ctx.fail(f"{name} is given {number} times; give it once.")
            values = given.get(option.name)
            texts = values if isinstance(values, (list, tuple)) else (values,)
            if "" in texts:
                ctx.fail(f"{name} is given an empty text; write its value, or leave it out.")
        for param in self.params:
            if param.metavar in _PATHS:
                _refuse_tilde(ctx, param, given.get(param.name))
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if hasattr(error, "show") and isinstance(message := getattr(error, "message", 0), str):
                from bulkdel.cli.typed import in_plain_words

                error.message = in_plain_words(message)  # type: ignore[attr-defined]
            raise


def _refuse_tilde(ctx: Any, param: Any, value: object) -> None:
    """Fails where a path begins with a ~ that no shell replaced: it would be a folder's name."""
    for text in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(text, str) and _TILDE.match(text):
            name = max(param.opts, key=len) if param.opts[0].startswith("-") else param.metavar
            ctx.fail(
                f"{name} is given {text}, and ~ stands there for itself: write the whole path."
            )
