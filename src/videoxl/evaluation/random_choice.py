"""A baseline without a model: one of the options, drawn. Scored like any run, it says what guessing is worth.

The interval of its score is that of a run of as many items; `expected_share` is where many such runs would end.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.errors import UsageError
from videoxl.evaluation.asker import Prompt, Said, Watched, WatchListener
from videoxl.evaluation.item import Item
from videoxl.evaluation.run_settings import RunSettings, drawing
from videoxl.evaluation.task import Asking

if TYPE_CHECKING:
    from videoxl.video.source import Watchable

RANDOM_CHOICE = "random-choice"


class RandomChoice:
    """An asker that reads neither question nor video."""

    name = RANDOM_CHOICE
    watches = False
    fingerprint = ""

    def __init__(self, settings: RunSettings) -> None:
        if settings.blind or settings.chosen_of_watching:
            what = ", ".join(["blind"] * settings.blind + settings.chosen_of_watching)
            raise UsageError(f"got {RANDOM_CHOICE} and {what} together: a random choice sees nothing; leave it out.")
        self._settings = settings

    def settings(self) -> dict[str, Any]:
        """See `Asker.settings`."""
        shown = self._settings.to_json(watches=False)
        return {name: value for name, value in shown.items() if name != "blind"}

    def versions(self) -> dict[str, str]:
        """See `Asker.versions`."""
        return {}

    def watch(
        self,
        item: Item,
        source: "str | Watchable",
        *,
        scratch: Path | None = None,
        listener: WatchListener | None = None,
    ) -> Watched:
        """See `Asker.watch`; never called."""
        raise AssertionError("a random choice watches nothing")

    def ask(self, watched: Watched | None, prompts: Sequence[Prompt], *, asking: Asking) -> list[Said]:
        """See `Asker.ask`. One drawing an item, which knows of no other."""
        return [self._draw(each.item, asking) for each in prompts]

    def _draw(self, item: Item, asking: Asking) -> Said:
        if not item.options or asking != "generate":
            return Said(None, failure="a random choice needs options to choose from")
        return Said(str(drawing(self._settings.seed, "choice", item.id).choice(list(item.letters))))


def expected_share(items: Sequence[Item]) -> float | None:
    """The share of questions that guessing gets right on the average; None where nothing has options.

    Several tries of one question are right only together.
    """
    questions: dict[str, float] = {}
    for item in items:
        if item.options:
            name = item.group or item.id
            questions[name] = questions.get(name, 1.0) * (1 / len(item.options) if item.answer else 0.0)
    return sum(questions.values()) / len(questions) if questions else None
