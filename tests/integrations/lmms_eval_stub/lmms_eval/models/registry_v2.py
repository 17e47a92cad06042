"""How a plugin says what it brings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelManifest:
    """A name and the classes behind it, by their paths."""

    model_id: str
    simple_class_path: str | None = None
    chat_class_path: str | None = None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.simple_class_path is None and self.chat_class_path is None:
            raise ValueError(f"{self.model_id} has no class")
