"""One question of a recipe in two wordings: for models that understand English, and for small vocabularies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """Wordings with slots such as {query}; the natural one is asked first."""

    natural: str
    plain: str | None = None
    """In the words of nano and its like; None where such models cannot be asked this at all."""

    def wording(self, *, is_plain: bool) -> str | None:
        """The wording for a kind of model."""
        return self.plain if is_plain else self.natural
