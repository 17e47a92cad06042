"""Text while it is generated: whole characters are handed out, and what may still change is held back."""

from collections.abc import Callable, Sequence

UNFINISHED_CHARACTER = "\ufffd"

TextListener = Callable[[str], None]


class TextStream:
    """Turns tokens into text as they come. What is from one of `hold_back` on waits for `finish`, which may change it;
    text from a stop string on is not the answer's, and what may be the beginning of one waits, too."""

    def __init__(
        self,
        decode: Callable[[Sequence[int]], str],
        on_text: TextListener | None,
        *,
        hold_back: Sequence[str] = (),
        stop: Sequence[str] = (),
    ) -> None:
        self._decode, self._on_text, self._hold_back, self._stop = decode, on_text, hold_back, stop
        self._token_ids: list[int] = []
        self._num_sent = 0

    @property
    def text(self) -> str:
        """All text so far, up to the first stop string."""
        return self.up_to_stop(self._decode(self._token_ids))

    def up_to_stop(self, text: str) -> str:
        """The text before the first stop string."""
        return text[: self._stops_at(text)]

    def put(self, token_id: int) -> bool:
        """Take the next token, and hand out what is certain; returns whether a stop string is complete."""
        self._token_ids.append(token_id)
        if self._on_text is None and not self._stop:
            return False
        text = self._decode(self._token_ids)
        stops_at = self._stops_at(text)
        if not text.endswith(UNFINISHED_CHARACTER):
            certain = text[:stops_at]
            for mark in self._hold_back:
                certain = certain.split(mark)[0]
            is_last = stops_at is not None and len(certain) == stops_at
            self._send(certain if is_last else certain[: len(certain) - self._num_of_stop(certain)])
        return stops_at is not None

    def finish(self, text: str) -> None:
        """Hand out what was not yet, of the whole text as it is in the end."""
        self._send(text)

    def _stops_at(self, text: str) -> int | None:
        found = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        return min(found, default=None)

    def _num_of_stop(self, text: str) -> int:
        """Characters at the end that are the beginning of a stop string."""
        longest = max(map(len, self._stop), default=1) - 1
        lengths = range(min(longest, len(text)), 0, -1)
        return next((n for n in lengths if any(stop.startswith(text[-n:]) for stop in self._stop)), 0)

    def _send(self, text: str) -> None:
        if self._on_text is not None and len(text) > self._num_sent:
            self._on_text(text[self._num_sent :])
        self._num_sent = max(self._num_sent, len(text))
