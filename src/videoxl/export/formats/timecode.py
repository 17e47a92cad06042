"""SMPTE timecode: frames counted as hours, minutes, seconds and frames of a day.

The count is of frames, never of seconds: at 23.976 frames a second an hour of timecode takes 3.6 s longer than an hour.
At 29.97 and 59.94 drop-frame timecode leaves out numbers (no frames) so that it stays with the clock; it is written
with a semicolon. Only these two rates have it.
"""

from dataclasses import dataclass
from fractions import Fraction

from videoxl.errors import UsageError

NTSC = Fraction(1000, 1001)
RATES: tuple[Fraction, ...] = (
    24 * NTSC, Fraction(24), Fraction(25), 30 * NTSC, Fraction(30), Fraction(48), Fraction(50), 60 * NTSC, Fraction(60),
)  # fmt: skip
RATE_SLACK = 2e-4  # a file that says 29.97 or 29.9700001 means 30000/1001, which is 1e-3 away from 30
HOURS = 24


@dataclass(frozen=True, slots=True)
class Timecode:
    """How frames of one rate are numbered."""

    rate: Fraction

    @staticmethod
    def of(fps: float) -> "Timecode | None":
        """The numbering of a frame rate; None where timecode has none for it."""
        near = [rate for rate in RATES if abs(fps - float(rate)) <= RATE_SLACK * float(rate)]
        return Timecode(near[0]) if near else None

    @property
    def nominal(self) -> int:
        """Frames of one second of timecode."""
        return round(self.rate)

    @property
    def drops(self) -> bool:
        """Whether numbers are left out."""
        return self.rate.denominator != 1 and self.nominal % 30 == 0

    @property
    def frames_of_a_day(self) -> int:
        """How many frames have a number."""
        return self.number_of(HOURS)

    def frame_at(self, seconds: float) -> int:
        """The frame that begins nearest to a time."""
        return round(Fraction(seconds) * self.rate)

    def number_of(self, hours: int) -> int:
        """The frame that is numbered HH:00:00:00."""
        return hours * (3600 * self.nominal - self._dropped_of_a_minute * 54)

    def text(self, frame: int) -> str:
        """`01:00:00:00` of a frame, `01:00:00;00` with drop-frame.

        Raises:
            UsageError: The frame lies behind the end of the day, where no number is left.
        """
        if not 0 <= frame < self.frames_of_a_day:
            raise UsageError(
                f"timecode ends at {HOURS} hours and this goes on to {float(frame / self.rate) / 3600:.1f}; "
                "write otio, csv or json instead, or watch the video in parts."
            )
        number = frame + self._skipped_before(frame)
        seconds, rest = divmod(number, self.nominal)
        sign = ";" if self.drops else ":"
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{sign}{rest:02d}"

    @property
    def _dropped_of_a_minute(self) -> int:
        """Numbers that each minute leaves out, unless it is a tenth one."""
        return self.nominal // 15 if self.drops else 0

    def _skipped_before(self, frame: int) -> int:
        dropped = self._dropped_of_a_minute
        if not dropped:
            return 0
        minute = 60 * self.nominal - dropped
        tens, rest = divmod(frame, 10 * minute + dropped)
        whole_minutes = max(0, rest - dropped) // minute
        return dropped * (9 * tens + whole_minutes)
