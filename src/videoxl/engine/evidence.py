"""Where in the video an answer comes from: attention over memory, against what every question attends to.

While the answer's tokens are predicted, some layers look at the rows that hold what is being said. How much each
interval is looked at is compared with how much a question about nothing looks at it; what is above that background is
evidence. Weights that were taught where to look need no such comparison (`evidence_background` of the config).

S memory rows, I intervals.
"""

from collections.abc import Sequence

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
    scores_I = interval_scores(memory, attention_S, background_S)
    total = float(scores_I.sum())
    if not total > 0:
        return ()
    intervals = memory.intervals  # once: it is made anew each time, and there may be thousands
    found = (scores_I >= LEAST_OF_BEST * scores_I.max()).nonzero()[:, 0].tolist()
    runs = [[found[0]]]
    for index in found[1:]:
        if index == runs[-1][-1] + 1 and intervals[index].source == intervals[index - 1].source:
            runs[-1].append(index)
        else:
            runs.append([index])
    ranges = [_range(intervals, run, float(scores_I[run].sum()) / total) for run in runs]
    return tuple(sorted(ranges, key=lambda evidence: -evidence.score)[:MAX_RANGES])


def interval_scores(memory: CompressedMemory, attention_S: torch.Tensor, background_S: torch.Tensor) -> torch.Tensor:
    """Attention above background (I,) for each interval of a memory, in order; 0 where there is none.

    All intervals in one step, for there may be thousands.
    """
    above_S = (attention_S - background_S).clamp(min=0)
    device, segments = above_S.device, memory.segments
    sizes = torch.tensor([segment.num_rows for segment in segments], dtype=torch.long, device=device)
    is_interval = torch.tensor([segment.kind == "interval" for segment in segments], dtype=torch.bool, device=device)
    sums_S = pad(above_S.double().cumsum(dim=0), (1, 0))
    stops = sizes.cumsum(dim=0)
    return (sums_S[stops] - sums_S[stops - sizes])[is_interval]


def _range(intervals: Sequence[Segment], run: Sequence[int], score: float) -> Evidence:
    first, last = intervals[run[0]], intervals[run[-1]]
    return Evidence(first.start_seconds, last.stop_seconds, score, source=first.source)
