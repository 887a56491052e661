"""What commands say of hundreds of targets fits on a screen, and says first what matters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bulkdel.errors import Exit
from bulkdel.ledger.audit.verify import Verified
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, Origin, PlanMeta, Share
from bulkdel.report.beside import SideStatus, SideTarget
from bulkdel.report.export_json import export_words
from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.remote import remote_verification
from bulkdel.report.text.remote import remote_text
from bulkdel.report.text.undo import confirm_undo_text, undone_text
from bulkdel.report.text.verification import verification_text
from bulkdel.report.undone import Undone
from bulkdel.words import Errand, Mode, Verdict
from tests.support import build

NAMES = [f"app-{at:03}" for at in range(300)]
JOB = replace(
    build.job(), targets=tuple(replace(build.TARGETS["tencent"], name=name) for name in NAMES)
)
SCREEN = 50
"""Lines."""


def side(errand: Errand) -> SideStatus:
    """A run beside all shards: 20 of each target's 100 pairs; of app-250 one could not be done."""
    done = dict.fromkeys(NAMES, Counters(deleted=20, calls=1))
    done["app-250"] = Counters(deleted=19, already_gone=1, calls=1)
    return SideStatus(
        folder="verification",
        errand=errand,
        origin=Origin(
            plan_digest="d", whole_lists=False, population=(100,) * 300, sample=20, seed=7
        ),
        targets=tuple(SideTarget(name=name, pairs=20, counters=done[name]) for name in NAMES),
    )


def meta() -> PlanMeta:
    """The plan of all."""
    return PlanMeta(
        fingerprint=build.fingerprint([(name, 100) for name in NAMES]),
        books=Books(read=100, pairs=100, duplicates=0, rejected=0, protected=0),
        shares=tuple(
            Share(target=name, first=at, batches=1, pairs=100, largest=())
            for at, name in enumerate(NAMES)
        ),
        digest="d",
    )


def lines(text: str) -> int:
    """Of a page."""
    assert len(text) > 100
    return len(text.splitlines())


def test_a_verification() -> None:
    """The target of which something remains stands first; of the rest the widest bound is said."""
    told = remote_verification(side(Errand.ASK), (), mode=Mode.ONE_WAY, not_asked={})
    text = remote_text(JOB, told, lambda *words: " ".join(words), again="again", width=100)
    assert lines(text) < SCREEN
    rows = [line.split() for line in text.splitlines() if line.lstrip().startswith("app-")]
    assert rows[0][:4] == ["app-250", "20", "19", "1"]
    assert "289 others" in text
    assert "Of 297 other targets likewise at most 14.0%, each by itself." in text


def test_an_undo() -> None:
    """Before it and after it: the sum of what is left out stands in the last row."""
    before = confirm_undo_text(JOB, meta(), (), 100, backed_up="", unsettled=0)
    undone = Undone(status=side(Errand.PUT_BACK), ending=None, exit_code=Exit.DONE)
    after = undone_text(undone, 100)
    for text, number in ((before, "28,900"), (after, "5,780")):
        assert lines(text) < SCREEN
        assert "289 others" in text
        assert number in text


def test_files_and_an_export() -> None:
    """The books of all, and how many rows are of whom."""
    verified = Verified(settled={name: {Verdict.DELETED: 90} for name in NAMES}, settlements=1)
    text = verification_text(JOB, meta(), verified, 100)
    assert lines(text) < SCREEN
    assert "26,010" in text
    words = export_words(Path("x.csv"), ExportNotes(rows=300, by_target=dict.fromkeys(NAMES, 1)))
    assert "289 others 289" in words
    assert len(words) < 500
