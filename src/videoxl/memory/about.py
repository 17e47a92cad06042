"""What a memory knows of its origin: model, preprocessing, sources and plan. Everything in it is plain JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from videoxl.errors import MemoryMismatchError

PlainJson = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MemorySource:
    """One video, or set of pictures, of the conversation."""

    name: str
    sha256: str = ""
    duration_seconds: float = 0.0
    details: PlainJson = field(default_factory=dict)
    """Whatever else is worth knowing (frame rate, size, frames lost), as plain JSON."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration_seconds", float(self.duration_seconds))
        object.__setattr__(self, "details", _plain(self.details))


@dataclass(frozen=True, slots=True)
class MemoryAbout:
    """What the manifest says besides rows. The dictionaries are copied: later changes to the given ones do not show."""

    model_name: str = ""
    model_fingerprint: str = ""
    """Hexadecimal digest of what decides a row: weights and model config."""
    preprocessing: PlainJson = field(default_factory=dict)
    sources: tuple[MemorySource, ...] = ()
    plan: PlainJson = field(default_factory=dict)
    """Planner, ratio, frames per second and the like, as asked for; each interval carries what it got."""
    tokens_per_frame: int = 0
    """Visual tokens of one frame before compression."""
    created_with: str = ""
    """The videoxl version that began the memory."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "preprocessing", _plain(self.preprocessing))
        object.__setattr__(self, "plan", _plain(self.plan))
        object.__setattr__(self, "sources", tuple(self.sources))
        object.__setattr__(self, "tokens_per_frame", int(self.tokens_per_frame))


def check_model(about: MemoryAbout, fingerprint: str, *, name: str = "this memory") -> None:
    """Refuse a memory whose rows another model made; to this one they would be noise."""
    if about.model_fingerprint != fingerprint:
        raise MemoryMismatchError(
            f"{name} was made by the model {about.model_name or 'of no name'} with fingerprint "
            f"{about.model_fingerprint[:12] or '(none)'}, and the loaded model has {fingerprint[:12] or '(none)'}. "
            f"Load that model, or watch the video again with this one."
        )


def check_same_run(stored: MemoryAbout, given: MemoryAbout, *, is_complete: bool, name: str = "this memory") -> None:
    """Refuse to continue a memory with another model, preprocessing, source, or (while incomplete) another plan."""
    check_model(stored, given.model_fingerprint, name=name)
    differing = [
        what
        for what, one, other in (
            ("preprocessing", stored.preprocessing, given.preprocessing),
            ("tokens per frame", stored.tokens_per_frame, given.tokens_per_frame),
            ("sources", *_identities(stored.sources, given.sources)),
            ("plan", stored.plan, stored.plan if is_complete else given.plan),
            ("plan", *_own_plans(stored.sources, given.sources)),
        )
        if one != other
    ]
    if differing:
        raise MemoryMismatchError(
            f"{name} was begun with other settings ({', '.join(differing)}) than it should be continued with. "
            f"Use the settings it was begun with, or write to another folder."
        )


def _identities(stored: tuple[MemorySource, ...], given: tuple[MemorySource, ...]) -> tuple[list[str], list[str]]:
    """What tells the stored sources from others: content where both know it (a file may move), else the name."""
    given = given[: len(stored)]
    by_content = all(source.sha256 for source in (*stored, *given))
    return (
        [source.sha256 if by_content else source.name for source in stored],
        [source.sha256 if by_content else source.name for source in given],
    )


def _own_plans(stored: tuple[MemorySource, ...], given: tuple[MemorySource, ...]) -> tuple[list[Any], list[Any]]:
    """How each video that was put behind others was to be watched, which its own details say."""
    return [source.details.get("plan") for source in stored], [
        source.details.get("plan") for source in given[: len(stored)]
    ]


def _plain(value: PlainJson) -> dict[str, Any]:
    """The value as it will read from a file: tuples are lists, keys are strings; NaN is refused by ValueError."""
    plain = json.loads(json.dumps(value, allow_nan=False))
    assert isinstance(plain, dict), f"a JSON object is a dict, got {type(value).__name__}"
    return plain
