"""How good something is; screens and the page have a style for each."""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """How good it is; the page's style knows these."""

    GOOD = "good"  #: all is as it should be
    MIXED = "mixed"  #: done, and something wants a look; or not done yet
    BAD = "bad"  #: somebody must act
