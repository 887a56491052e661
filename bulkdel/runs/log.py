"""run.log: one JSON object a line, bounded, without secrets, and on stderr as well if asked."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from bulkdel import files
from bulkdel.plain import json_escaped
from bulkdel.report.version import version
from bulkdel.runs.names import NOBODY_NAMED, Names

TEXT_CAP = 500
"""Characters of one value."""
TRACE_CAP = 20_000
"""Characters of a traceback: the end is kept, where the error is."""
FIELDS_CAP = 32
ITEMS_CAP = 20
DEPTH_CAP = 3

COMMAND_STARTED: Final = "command.started"
COMMAND_ENDED: Final = "command.ended"
COMMAND_CRASHED: Final = "command.crashed"
LIBRARY_SPOKE: Final = "library.spoke"

LIBRARY_STARTED: Final = "library.started"

Log: TypeAlias = FilteringBoundLogger
"""What takes events, a line of the log each."""

_FIRST = ("timestamp", "level", "event")
_SECRET_KEY = re.compile(r"secret|usersig|signature|token|password|credential|nonce", re.IGNORECASE)
_QUOTED = re.compile(r"^([\s|+-]*(?:KeyError|Unicode\w+Error|_?duckdb\.\w+)): .*$", re.MULTILINE)
"""Errors of libraries whose words quote values, which may be account ids."""
_SECRET_TEXT = re.compile(r"((?:usersig|signature|signaturenonce)=)[^&\s\"'<>]+", re.IGNORECASE)


@contextmanager
def logging_to(
    path: Path,
    *,
    warn: Callable[[str], None],
    also_stderr: bool = False,
    names: Names = NOBODY_NAMED,
) -> Iterator[None]:
    """Within it all that structlog is told, and the warnings of libraries, is appended to `path`.

    Accounts are called as `names` has it. The file is made with mode 0600; its folder must be
    there. A line that cannot be written is lost without harm, and where the file cannot be opened,
    `warn` is told once: the log is no record, the journal is.

    Raises:
        WrongInput: it is no file of this user's own.
    """
    file = None
    try:
        file = files.open_for_work(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except OSError as error:
        warn(f"{path} cannot be written ({files.reason(error)}): nothing is logged there")
    handler = _Libraries(level=logging.WARNING)
    root = logging.getLogger()
    try:
        structlog.configure(
            processors=_processors(names),
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=lambda *_: _Writer(file, also_stderr=also_stderr),
            cache_logger_on_first_use=False,
        )
        root.addHandler(handler)
        yield
    finally:
        root.removeHandler(handler)
        structlog.reset_defaults()
        if file is not None:
            files.close(file)


@contextmanager
def log_of(path: Path, names: Names = NOBODY_NAMED) -> Iterator[FilteringBoundLogger]:
    """A log of its own that appends to `path`, whatever structlog is told elsewhere.

    Raises:
        WrongInput: it is no file of this user's own.
        OSError: the file cannot be opened.
    """
    file = files.open_for_work(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        log: FilteringBoundLogger = structlog.wrap_logger(
            _Writer(file, also_stderr=False),
            processors=_processors(names),
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )
        yield log
    finally:
        files.close(file)


def process_values() -> Mapping[str, Any]:
    """What runs here: told with the first event of a command, so that a log can be understood."""
    return {
        "bulkdel": version(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "host": platform.node(),
        "pid": os.getpid(),
    }


def _processors(names: Names) -> list[Processor]:
    return [
        partial(_named, names),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        traced,
        bounded,
        _rendered,
    ]


def _named(
    names: Names, _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Calls an event's account as `names` has it; labels of batches are hashes of account ids."""
    if isinstance(account := event.get("account"), str):
        event["account"] = names(account)
    if not names.shown:
        for label in ("batch", "batches"):
            event.pop(label, None)
    return event


def traced(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turns exc_info into text. Never with the values of variables: they hold secrets."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["traceback"] = trace(error)
    return event


def trace(error: BaseException) -> str:
    """The traceback as text: files, lines and source, no values of variables."""
    text = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=False).format()
    )
    return masked(_QUOTED.sub(r"\1", text))[-TRACE_CAP:]


def masked(text: str) -> str:
    """The text without the signatures of addresses; exceptions of libraries quote them."""
    return _SECRET_TEXT.sub(r"\1***", text)


def bounded(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """At most FIELDS_CAP fields, each of bounded size; fields named like a secret are stars."""
    names = [name for name in _FIRST if name in event]
    names += [name for name in event if name not in _FIRST]
    kept = {
        name[:TEXT_CAP]: _trace_text(event[name])
        if name == "traceback" and isinstance(event[name], str)
        else _field(name, event[name], DEPTH_CAP)
        for name in names[:FIELDS_CAP]
    }
    if len(names) > FIELDS_CAP:
        kept["fields_dropped"] = len(names) - FIELDS_CAP
    return kept


def _field(name: str, value: Any, depth: int) -> Any:
    return "***" if _SECRET_KEY.search(name) else _cut(value, depth)


def _cut(value: Any, depth: int) -> Any:
    """A value that is small and that JSON can hold."""
    small: Any
    match value:
        case None | bool() | float():
            small = value
        case int():
            small = value if -(2**63) <= value < 2**64 else _text(str(value))
        case bytes() | bytearray() | memoryview():
            small = f"({len(value)} bytes)"
        case Mapping() if depth:
            few = islice(value.items(), ITEMS_CAP)
            small = {_text(str(name)): _field(str(name), one, depth - 1) for name, one in few}
        case list() | tuple() if depth:
            small = [_cut(one, depth - 1) for one in value[:ITEMS_CAP]]
            small += [f"({len(value)} in all)"] if len(value) > ITEMS_CAP else []
        case _:
            small = _text(str(value))
    return small


def _trace_text(text: str) -> str:
    """The end of a traceback, which says what happened; of what UTF-8 cannot hold, escapes."""
    return text[-TRACE_CAP:].encode("utf-8", "backslashreplace").decode("utf-8")


def _text(text: str) -> str:
    shown = masked(text[: TEXT_CAP * 2]).encode("utf-8", "backslashreplace").decode("utf-8")
    return shown if len(shown) <= TEXT_CAP else f"{shown[:TEXT_CAP]}... ({len(text)} characters)"


def _rendered(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    return json_escaped(orjson.dumps(dict(event), option=orjson.OPT_APPEND_NEWLINE))


class _Writer:
    """Where rendered lines go: one write each, so that lines never mix."""

    def __init__(self, file: int | None, *, also_stderr: bool) -> None:
        self._files = [one for one in (file, 2 if also_stderr else None) if one is not None]

    def msg(self, line: bytes) -> None:
        """Appends the line; a full disk or a closed terminal loses it, and nothing else."""
        for file in self._files:
            try:
                os.write(file, line)
            except OSError:
                continue

    debug = info = warning = error = critical = exception = log = msg


class _Libraries(logging.Handler):
    """Passes on what libraries say through the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """One event, with the library's name."""
        error: BaseException | None = None
        if record.exc_info:
            kind_error_trace: tuple[Any, BaseException | None, TracebackType | None]
            kind_error_trace = record.exc_info
            error = kind_error_trace[1]
        structlog.get_logger().warning(
            LIBRARY_SPOKE, library=record.name, said=record.getMessage(), exc_info=error
        )
