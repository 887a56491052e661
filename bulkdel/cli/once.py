"""Commands that refuse what is said twice, or says nothing, instead of choosing by themselves."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperOption

from bulkdel.cli.named import NamedCommand


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
            if "" in (values if isinstance(values, (list, tuple)) else (values,)):
                ctx.fail(f"{name} is given an empty text; write its value, or leave it out.")
        return super().parse_args(ctx, args)
