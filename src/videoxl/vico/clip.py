"""A film cut into clips of equal length; each gets a caption of its own."""

from dataclasses import dataclass

CLIP_SECONDS = 14.0  # the paper's (2.4)
REST_SHARE = 0.25  # of a piece: what is left over at the end and shorter than this joins the piece before it


@dataclass(frozen=True, slots=True)
class Clip:
    """From start_seconds to just before stop_seconds."""

    start_seconds: float
    stop_seconds: float

    @property
    def seconds(self) -> float:
        return self.stop_seconds - self.start_seconds


def cut(whole: Clip, *, piece_seconds: float) -> tuple[Clip, ...]:
    """Pieces that follow one another without a gap and cover the whole; only the last one has another length."""
    assert piece_seconds > 0, "checked at the door"
    number, rest = divmod(whole.seconds, piece_seconds)
    num_pieces = max(1, int(number) + (rest >= REST_SHARE * piece_seconds))
    starts = [whole.start_seconds + index * piece_seconds for index in range(num_pieces)]
    return tuple(Clip(*bounds) for bounds in zip(starts, [*starts[1:], whole.stop_seconds], strict=True))
