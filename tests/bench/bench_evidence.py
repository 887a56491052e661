"""What evidence costs: the lines of a ledger sealed, judged, and one person's found with proofs.

    python -m tests.bench.bench_evidence [--rows 10000000]

Prints one JSON object. The ledger is written here, of pairs whose second account comes twice; what
`seal` does beside its lines (status, statement, removal) takes no time that grows with them. Each
figure is of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bulkdel.evidence.lines import Index
from bulkdel.evidence.pseudonyms import Pseudonyms
from bulkdel.evidence.sealed import index_path, line_faults
from bulkdel.runs.seal import seal_lines
from tests.bench import rig

_KEY = bytes(32)
_PERSON = "user00000007"
_LINE = (
    b'{"target":"tencent","from_account":"user%08d","to_account":"friend%08d","status":"deleted",'
    b'"code":0,"info":"","batch":"%016x","attempts":1,"lost_answers":0,'
    b'"at":"2026-11-21T22:25:01.123Z"}\n'
)


def measure(folder: Path, rows: int) -> dict[str, Any]:
    """Seconds and MB of each, for so many lines."""
    with (folder / "ledger.jsonl").open("wb") as out:
        for at in range(rows):
            out.write(_LINE % (at // 1000, at * 7919 % (rows // 2 + 1), at // 1000))
    command = [sys.executable, "-m", "tests.bench.bench_evidence", "--in", str(folder)]
    found = {}
    for what in STEPS:
        spent = rig.spend([*command, "--step", what])
        found[what] = {"cpu_s": round(spent.cpu_s, 2), "peak_mb": round(spent.peak_mb)}
    return {"rows": rows, **found, "load": rig.load()}


def seal(folder: Path) -> None:
    """The ledger's lines."""
    made = seal_lines(
        [folder / "ledger.jsonl"], folder / "sealed.jsonl", Pseudonyms(_KEY), ["admin"], _silent
    )
    (folder / "made.json").write_text(json.dumps([made.count, made.root]))


def verify(folder: Path) -> None:
    """What was sealed."""
    count, root = json.loads((folder / "made.json").read_bytes())
    assert not line_faults(folder / "sealed.jsonl", count, root, _silent)


def prove(folder: Path) -> None:
    """The lines of one account, a thousand and more, and their proofs."""
    path = folder / "sealed.jsonl"
    count, _ = json.loads((folder / "made.json").read_bytes())
    index = Index(index_path(path), lines=count)
    with path.open("rb") as file:
        found = list(index.found(file, Pseudonyms(_KEY).of(_PERSON)))
        assert len(found) == 1000
        for place, _ in found:
            index.proof(file, place)


STEPS: dict[str, Callable[[Path], None]] = {"seal": seal, "verify": verify, "prove": prove}


def _silent(*_: object) -> None:
    """Nobody reads it."""


def main() -> None:
    """Print the report, or carry out one step of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--in", type=Path, dest="folder")
    parser.add_argument("--step", choices=STEPS)
    chosen = parser.parse_args()
    if chosen.step:
        STEPS[chosen.step](chosen.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), chosen.rows)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
