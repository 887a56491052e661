"""Rejects that are exported, mended and sent delete what was meant, and nothing else."""

from __future__ import annotations

import pytest

from tests.support.process import Place, ledger, toml

pytestmark = pytest.mark.e2e

ROWS = (
    'To_Account,"a\n""note""",From_Account\n'
    "b0,x,a0\n"
    'b1 written far too long for an id,"victim,friend\r\nx,y",a1\n'
    'b2 written far too long for an id,"x"y,a2\n'
    'b3,"\n'
    'victim,z,friend",a3\n'
    "To_Account,x,From_Account\n"
    "b4 written far too long for an id,=1+1,a4\n"
    "b5 written far too long for an id," + "n" * 2000 + ",a5\n"
)


@pytest.mark.parametrize("gone", ["removed", "swapped"])
def test_mended_rejects_are_sent_by_a_second_run(place: Place, gone: str) -> None:
    """One-way, with columns in another order, whatever became of the input in the meantime."""
    place.write("pairs.csv", ROWS)
    job = toml("x").replace('"x"', '"emulator"')
    place.write("job.toml", job)
    assert place.run("run", "job.toml").code == 1
    if gone == "removed":
        (place.folder / "pairs.csv").unlink()
    else:
        place.write("pairs.csv", ROWS.replace("To_Account", "x").replace("From_", "To_"))
    done = place.run("export", "job.toml", "--rejects", "--output", "mend.csv")
    assert done.code == 0
    told = done.err.splitlines()
    assert [line.partition(" left out")[0] for line in told if line.startswith("Warning")] == [
        "Warning: 1 rejected row",
        "Warning: 1 rejected row",
    ]
    assert "pairs.csv line" in done.err
    assert "spreadsheet" in done.err
    mended = (place.folder / "mend.csv").read_bytes().decode()
    assert mended.startswith('To_Account,"a\n""note""",From_Account\n')
    place.write("mend.csv", mended.replace(" written far too long for an id", ""))
    place.write("again.toml", job.replace("pairs.csv", "mend.csv"))
    place.run("run", "again.toml")
    sent = {(one["from_account"], one["to_account"]) for one in ledger(place.folder / "runs/again")}
    assert sent == {("a1", "b1"), ("a4", "b4")}
