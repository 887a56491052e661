"""`bulkdel emulator`: the providers' friend APIs on a local port."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli.edge import carry_out

EPILOG = """
\b
Exit codes:
  0  ended by Ctrl-C or SIGTERM
  2  could not be done: wrong options, or the port is taken

\b
To use it, give a target of the job file this line:
  endpoint = "http://127.0.0.1:9000"

\b
Examples:
  bulkdel emulator
  bulkdel emulator --port 9001 --provider zego
"""


def emulator(
    *,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0: any free one.")
    ] = 9000,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="Only this provider; may be given several times. Default: all.",
            show_default=False,
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            help="A fault to show on demand; may be given several times.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the providers' friend APIs on this machine, for trials.

    Listens on 127.0.0.1 only. It checks credentials and rates as the
    providers do, keeps its friendships in memory and forgets them at the
    end. Nothing real is touched.
    """

    def work() -> int:
        from bulkdel.cli import wiring  # noqa: PLC0415 - what is heavy is imported when used

        wiring.serve(port=port, providers=tuple(provider or ()), faults=tuple(fault or ()))
        return 0

    carry_out(work)
