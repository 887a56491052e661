"""`python -m tests.faults`: every fault in every situation, or those that the arguments name."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from tests.faults.choose import faults, sample, signalled
from tests.faults.situations import SITUATIONS
from tests.faults.tracer import Fault
from tests.faults.trial import Place


def main() -> None:
    """Tries, and prints what is wrong, one JSON object a line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--in", dest="situations", nargs="*", default=[], metavar="SITUATION")
    parser.add_argument("--call", nargs="*", default=[])
    parser.add_argument("--where", default="", help="a part of the place's name")
    parser.add_argument("--everywhere", action="store_true", help="in imports, /proc, memory too")
    parser.add_argument("--sample", type=int, default=sys.maxsize)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--signals", type=int, default=0, help="so many moments, and no faults")
    parser.add_argument("--list", action="store_true", help="only the calls and their places")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as base, closing(Place(Path(base))) as place:
        place.open()
        for situation in SITUATIONS:
            if given.situations and situation.name not in given.situations:
                continue
            cold = given.signals > 0
            traced = place.traced(situation, warm=not cold)
            calls = [
                (call, where, count)
                for call, where, count in traced.calls
                if (not given.call or call in given.call) and given.where in where
            ]
            found = list(faults(calls, everywhere=given.everywhere))
            if cold:
                found = list(signalled(traced.ready, traced.stops, given.signals, given.seed))
            _say(situation=situation.name, calls=len(calls), faults=len(found))
            if given.list:
                for one in calls:
                    _say(call=one)
                continue
            alike: dict[str, int] = defaultdict(int)
            for fault in sample(found, given.sample, given.seed):
                wrong = place.wrong(situation, fault, warm=not cold)
                alike["wrong" if wrong else "right"] += 1
                if wrong:
                    _say(situation=situation.name, fault=_short(fault), wrong=wrong)
            _say(situation=situation.name, **alike)


def _short(fault: Fault) -> dict[str, object]:
    return {name: value for name, value in asdict(fault).items() if value}


def _say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
