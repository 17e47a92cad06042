"""Where in the video an answer comes from: attention over memory, against what every question attends to.

While the answer's tokens are predicted, some layers look at the rows that hold what is being said. How much each
interval is looked at is compared with how much a question about nothing looks at it; what is above that background is
evidence. Weights that were taught where to look need no such comparison (`evidence_background` of the config).

S memory rows.
"""

from collections.abc import Sequence
from itertools import groupby

import torch

from videoxl.engine.answer import Evidence
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment

MAX_RANGES = 5
LEAST_OF_BEST = 0.25  # a range that gets less than this share of the best one's score is noise


def evidence_ranges(
    memory: CompressedMemory, attention_S: torch.Tensor, background_S: torch.Tensor
) -> tuple[Evidence, ...]:
    """The stretches of video looked at above background, best first."""
    scores = interval_scores(memory, attention_S, background_S)
    total = sum(scores)
    if total <= 0:
        return ()
    least = LEAST_OF_BEST * max(scores)
    intervals = memory.intervals  # once: it is made anew each time, and there may be thousands

    def kind(index: int) -> tuple[bool, int]:
        return scores[index] >= least, intervals[index].source

    runs = [(is_evidence, list(run)) for (is_evidence, _), run in groupby(range(len(scores)), key=kind)]
    found = [_range(intervals, run, scores, total) for is_evidence, run in runs if is_evidence]
    return tuple(sorted(found, key=lambda evidence: -evidence.score)[:MAX_RANGES])


def interval_scores(memory: CompressedMemory, attention_S: torch.Tensor, background_S: torch.Tensor) -> list[float]:
    """Attention above background for each interval of a memory, in order; 0 where there is none."""
    above_S = (attention_S - background_S).clamp(min=0)
    sums = [0.0, *above_S.double().cumsum(0).tolist()]  # up to each row: one step for all intervals
    scores, row = [], 0
    for segment in memory.segments:
        if segment.kind == "interval":
            scores.append(max(0.0, sums[row + segment.num_rows] - sums[row]))
        row += segment.num_rows
    return scores


def _range(intervals: Sequence[Segment], indices: Sequence[int], scores: Sequence[float], total: float) -> Evidence:
    first, last = intervals[indices[0]], intervals[indices[-1]]
    score = sum(scores[index] for index in indices) / total
    return Evidence(first.start_seconds, last.stop_seconds, score, source=first.source)
