"""One interval: consecutive frames that are summarised together, at one compression ratio."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Frames `start` up to but without `stop`, condensed `ratio` visual tokens to one VST.

    Ratio 1 means no compression: the raw rows are kept and no VST is made.
    """

    start: int
    stop: int
    ratio: int

    def __post_init__(self) -> None:
        assert 0 <= self.start < self.stop, f"an interval needs 0 <= start < stop, got {self.start}..{self.stop}"
        assert self.ratio >= 1, f"a compression ratio is an integer from 1 on, got {self.ratio}"

    @property
    def num_frames(self) -> int:
        return self.stop - self.start
