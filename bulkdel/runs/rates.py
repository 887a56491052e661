"""rates.json: the rates that were set in a run, kept for its later sittings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.report.figures import plain

_BYTES_MOST: Final = 1 << 16
_NAMED: Final = 3


def kept_rates(run_dir: Path, ceilings: Mapping[str, float]) -> tuple[dict[str, float], str]:
    """The rates that hold, calls/s by target, and a word on what is ignored, empty if nothing is.

    A rate is a number above 0 and at most the target's ceiling, so it can only slow down.
    """
    path = run_dir / files.RATES
    try:
        with files.open_to_read(path) as file:
            content = file.read(_BYTES_MOST + 1)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"{path} is ignored, since it cannot be read ({files.reason(error)})"
    except WrongInput as error:
        return {}, f"{error}; what it says is ignored"
    try:
        rates = orjson.loads(content) if len(content) <= _BYTES_MOST else None
    except orjson.JSONDecodeError:
        rates = None
    if not isinstance(rates, dict):
        return {}, f"{path} is ignored: it holds no rates"
    kept = {name: qps for name, qps in rates.items() if _holds(qps, ceilings.get(name))}
    odd = ", ".join(plain(name, 60) for name in list(rates)[:_NAMED] if name not in kept)
    if len(kept) == len(rates):
        return kept, ""
    return kept, (
        f"{path}: what it says of {odd or 'some targets'} is ignored; a rate is a number above 0 "
        "and at most the target's qps"
    )


def keep_rates(run_dir: Path, rates: Mapping[str, float]) -> None:
    """Write the file anew.

    Raises:
        OSError: it cannot be written; what was there is untouched.
    """
    files.replace(run_dir / files.RATES, orjson.dumps(dict(rates)))


def _holds(qps: object, ceiling: float | None) -> bool:
    if ceiling is None or type(qps) not in (int, float):
        return False
    return isinstance(qps, int | float) and math.isfinite(qps) and 0 < qps <= ceiling
