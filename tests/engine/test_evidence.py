"""Evidence: stretches of video that are looked at above the background."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from videoxl.engine.evidence import LEAST_OF_BEST, MAX_RANGES, evidence_ranges
from videoxl.memory import CompressedMemory, MemoryAbout, MemorySource
from videoxl.memory.segment import Segment

SECONDS = 2.0  # of an interval


def memory_of(videos):
    """A memory of intervals with so many rows, in one list for each video, and a text in front of each."""
    sources = tuple(MemorySource(name="film.mp4", duration_seconds=SECONDS * len(sizes)) for sizes in videos)
    memory = CompressedMemory(MemoryAbout(model_name="tiny", model_fingerprint="0" * 64, sources=sources))

    def keep(segment):
        memory.append(segment, *(torch.zeros(1, 1, segment.num_rows, 4) for _ in range(2)))

    for source, sizes in enumerate(videos):
        keep(Segment(kind="text", num_rows=2, token_ids=(1, 2)))
        for number, num_rows in enumerate(sizes):
            keep(
                Segment(
                    kind="interval", num_rows=num_rows, first_frame=number, num_frames=1, ratio=1, source=source,
                    start_seconds=SECONDS * number, stop_seconds=SECONDS * (number + 1),
                )
            )  # fmt: skip
    return memory


def shares_of(memory, of_intervals):
    """Attention that falls on intervals, all of it on the last row of each; texts get more than any of them."""
    shares, left = [], list(of_intervals)
    for segment in memory.segments:
        shares += [0.0] * (segment.num_rows - 1) + [9.0 if segment.kind == "text" else left.pop(0)]
    return torch.tensor(shares)


def in_the_open(memory, scores):
    """The definition: intervals that have a quarter of the best one's score, neighbours of one video together."""
    total, ranges, before = sum(scores), [], None
    for index, (interval, score) in enumerate(zip(memory.intervals, scores, strict=True)):
        if not total or score < LEAST_OF_BEST * max(scores):
            continue
        if before is not None and before[0] == index - 1 and before[1] == interval.source:
            ranges[-1][1], ranges[-1][2] = interval.stop_seconds, ranges[-1][2] + score / total
        else:
            ranges.append([interval.start_seconds, interval.stop_seconds, score / total, interval.source])
        before = index, interval.source
    return sorted(ranges, key=lambda found: -found[2])[:MAX_RANGES]


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=9), min_size=1, max_size=3), st.randoms())
def test_ranges_are_the_definition(videos, random):
    """Best first, with the share of what is above background; what lies on text counts for nothing."""
    memory = memory_of(videos)
    scores = [random.choice([0.0, 0.0, 1.0, 2.0, 4.0, 8.0]) for _ in memory.intervals]
    found = evidence_ranges(memory, shares_of(memory, scores), torch.zeros(memory.num_rows))
    expected = in_the_open(memory, scores)
    assert [(each.start_seconds, each.stop_seconds, each.source) for each in found] == [
        (start, stop, source) for start, stop, _, source in expected
    ]
    assert [each.score for each in found] == pytest.approx([score for _, _, score, _ in expected])


def test_what_every_question_shows_is_no_evidence():
    """Of an interval that gets its background, and of one that gets less, nothing is left."""
    memory = memory_of([[1, 2, 1]])
    background_S = shares_of(memory, [3.0, 1.0, 2.0])
    [found] = evidence_ranges(memory, shares_of(memory, [3.0, 1.5, 0.5]), background_S)
    assert (found.start_seconds, found.stop_seconds, found.score) == (SECONDS, 2 * SECONDS, 1.0)


@pytest.mark.parametrize("share", [0.0, float("nan")])
def test_where_nothing_is_looked_at_there_is_none(share):
    """Neither is a number that is none."""
    memory = memory_of([[2, 1]])
    assert evidence_ranges(memory, shares_of(memory, [share, share]), torch.zeros(memory.num_rows)) == ()


def test_of_nothing_there_is_none():
    """A memory without a segment has no evidence."""
    assert evidence_ranges(memory_of([]), torch.zeros(0), torch.zeros(0)) == ()
