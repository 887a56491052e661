"""How long answers take."""

from __future__ import annotations

from bulkdel.send.answers import BOUNDS_S, NO_ANSWERS, AnswerTimes


def test_an_answer_is_in_the_bucket_that_it_just_fits() -> None:
    """A bucket ends with its bound; nothing is too long for the last, and the sum is exact."""
    times = AnswerTimes()
    assert times.seen() == NO_ANSWERS
    before = times.seen()
    for seconds in (0.0, BOUNDS_S[0], BOUNDS_S[1], 1e9):
        times.add(seconds)
    seen = times.seen()
    assert seen.counts == (2, 1, *[0] * (len(BOUNDS_S) - 2), 1)
    assert seen.sum_s == sum((0.0, BOUNDS_S[0], BOUNDS_S[1], 1e9))
    assert before == NO_ANSWERS
