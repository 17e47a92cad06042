"""Where the VSTs of one interval stand among its visual tokens.

One VST follows every `ratio` visual tokens, so with ratio 3 and seven tokens the step reads

    drop    v v v V v v v V             the seventh token is left out: nothing later could see it
    close   v v v V v v v V v V         the short last group gets a VST of its own

`drop` is the released code's behaviour (needed for parity); `close` never loses a token. Ratio 1 keeps the raw rows
themselves, without VSTs.
"""

from dataclasses import dataclass
from typing import Literal

Rule = Literal["close", "drop"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The order of `num_tokens` visual tokens and their VSTs within one forward step."""

    num_tokens: int
    ratio: int
    rule: Rule = "close"

    def __post_init__(self) -> None:
        assert self.num_tokens >= 0, f"a layout needs a token count from 0 on, got {self.num_tokens}"
        assert self.ratio >= 1, f"a compression ratio is an integer from 1 on, got {self.ratio}"

    @property
    def num_vst(self) -> int:
        """VSTs in this step; 0 at ratio 1."""
        if self.ratio == 1:
            return 0
        whole, rest = divmod(self.num_tokens, self.ratio)
        return whole + (1 if rest and self.rule == "close" else 0)

    @property
    def num_raw(self) -> int:
        """Visual tokens that take part; under `drop` the remainder does not."""
        if self.ratio == 1 or self.rule == "close":
            return self.num_tokens
        return self.num_tokens - self.num_tokens % self.ratio

    @property
    def num_dropped(self) -> int:
        """Visual tokens that leave no trace in memory."""
        return self.num_tokens - self.num_raw

    @property
    def length(self) -> int:
        """Rows of the forward step, visual tokens and VSTs together."""
        return self.num_raw + self.num_vst

    @property
    def num_rows_kept(self) -> int:
        """Rows that the memory keeps of this interval."""
        return self.num_vst if self.ratio > 1 else self.num_raw

    def vst_index(self) -> list[int]:
        """Positions of the VSTs within the step, ascending."""
        if self.ratio == 1:
            return []
        return [min((group + 1) * (self.ratio + 1), self.length) - 1 for group in range(self.num_vst)]

    def raw_index(self) -> list[int]:
        """Positions of the visual tokens within the step, ascending."""
        if self.ratio == 1:
            return list(range(self.num_raw))
        return [token + token // self.ratio for token in range(self.num_raw)]

    def tokens_of_row(self, row: int) -> range:
        """The visual tokens that kept row `row` directly follows (at ratio 1, the token itself)."""
        return range(row * self.ratio, min((row + 1) * self.ratio, self.num_raw))
