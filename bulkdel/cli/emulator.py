"""`bulkdel emulator`: the providers' friend APIs on a local port."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bulkdel.cli.serving import serve_emulator
from bulkdel.emulator.habits import FOUND
from bulkdel.emulator.wire import DEMO_SECRET

_HABITS = "\n".join(
    f"  {habit:<17}{', '.join(str(value).lower() for value in values)}"
    for habit, values in FOUND.items()
)
EPILOG = f"""
\b
Exit codes:
  0  ended by a signal
  2  could not be done: wrong options, or the port is taken

\b
To use it, give a target of the job file this line:
  endpoint = "http://127.0.0.1:9000"
and sign with the key that it checks,
  {DEMO_SECRET}
or the one that --secret-env names. GET /_emulator/stats answers counters,
/_emulator/graph?account=ID with a friend list, /_emulator/data?account=ID with
what stands in it.

\b
A FAULT is written as WHAT:AMOUNT,KEY=VALUE and what is not needed left out:
  30006:0.05         five calls of a hundred are answered this code
  item30006:0.02     this code for two ids of a hundred
  http502:0.01       this HTTP status (http502-after: yet deleted)
  cut-before:0.01    the connection is cut; cut-after: after deleting
  hang:0.001         no answer; hang-after: after deleting
  garbage, truncated, empty, not-object, huge
                     deleted, with such a body
  missing, extra, duplicate, shuffled
                     deleted, with such items in the answer
  pretend:0.1        ten ids of a hundred (or cleared lists) are answered as
                     done, and nothing is done
  changed:0.1,action=list
                     a page of a list that does not fit the one before it
  latency:0.02-0.3   seconds that an answer takes
  throttle:50        calls a second that are let through
  refuse,from=60,until=120
                     the port is closed for a minute
Keys: from, until (seconds since the start), provider, action (delete,
delete_all, check, list, add, alias, attributes), account, id, calls (N-N),
for (hang: seconds), retry_after (http: seconds).

\b
A HABIT is what no documentation says; --like takes them from a file that
`bulkdel rehearse` wrote, --habit sets one, by the names of that file:
{_HABITS}
  batch_limit      ids that one call may carry, from 1
  page             entries of a list in one answer, from 1

\b
Examples:
  bulkdel emulator
  bulkdel emulator --port 9001 --provider $last --friends pairs.csv
  bulkdel emulator --fault latency:0.02-0.3 --fault 30006:0.05
  bulkdel emulator --like runs/purge/rehearsal-main.json
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
    friends: Annotated[
        Path | None,
        typer.Option(
            "--friends",
            metavar="FILE",
            help="A CSV file of two columns: who has whom at the start.",
            show_default=False,
        ),
    ] = None,
    app_id: Annotated[
        int, typer.Option("--app-id", metavar="ID", min=1, help="The app it accepts.")
    ] = 1400000000,
    secret_env: Annotated[
        str | None,
        typer.Option(
            "--secret-env",
            metavar="NAME",
            help="The environment variable with the app's key. Default: a public demo key.",
            show_default=False,
        ),
    ] = None,
    only_known: Annotated[
        bool,
        typer.Option(
            "--only-known",
            help="Accounts that --friends does not name do not exist. Default: all do.",
        ),
    ] = False,
    like: Annotated[
        Path | None,
        typer.Option(
            "--like",
            metavar="FILE",
            help="Answer as the provider did that was rehearsed.",
            show_default=False,
        ),
    ] = None,
    habit: Annotated[
        list[str] | None,
        typer.Option(
            "--habit",
            metavar="KEY=VALUE",
            help="One thing that no documentation says, see below; may be given several times.",
            show_default=False,
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            help="A fault to show on demand, see below; may be given several times.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Serve the providers' friend APIs on this machine, for trials.

    Listens on 127.0.0.1 only. It checks credentials and rates as the
    providers do, keeps its friendships in memory and forgets them at the
    end. Nothing real is touched.
    """
    serve_emulator(
        port=port,
        app_id=app_id,
        secret_env=secret_env,
        friends=friends,
        only_known=only_known,
        like=like,
        habits=tuple(habit or ()),
        providers=tuple(provider or ()),
        faults=tuple(fault or ()),
    )
    return 0
