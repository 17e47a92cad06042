"""Where in the video an answer comes from: attention over memory, against what every question attends to.

While the answer's tokens are predicted, some layers look at the rows that hold what is being said. How much each
interval is looked at is compared with how much a question about nothing looks at it; what is above that background is
evidence. Weights that were taught where to look need no such comparison (`evidence_background` of the config).

S memory rows, B questions, I segments.
"""

from collections.abc import Sequence
from itertools import groupby

import torch
from torch.nn.functional import pad

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
    [scores] = segment_shares(memory, above_S[None]).tolist()
    pairs = zip(scores, memory.segments, strict=True)
    return [max(0.0, score) for score, segment in pairs if segment.kind == "interval"]


def segment_shares(memory: CompressedMemory, shares_BS: torch.Tensor) -> torch.Tensor:
    """What falls on the rows of each segment (B, I), all segments in one step: there may be thousands."""
    sizes_I = torch.tensor([segment.num_rows for segment in memory.segments], device=shares_BS.device)
    sums_BS = pad(shares_BS.double().cumsum(dim=1), (1, 0))
    stops_I = sizes_I.cumsum(dim=0)
    return sums_BS[:, stops_I] - sums_BS[:, stops_I - sizes_I]


def _range(intervals: Sequence[Segment], indices: Sequence[int], scores: Sequence[float], total: float) -> Evidence:
    first, last = intervals[indices[0]], intervals[indices[-1]]
    score = sum(scores[index] for index in indices) / total
    return Evidence(first.start_seconds, last.stop_seconds, score, source=first.source)
