"""A training run in words: frozen dataclasses, read from YAML, in which an unknown key is an error."""

import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from videoxl.errors import UsageError
from videoxl.training.alignment import AlignmentConfig
from videoxl.training.curriculum import Curriculum
from videoxl.training.examples import ExampleConfig
from videoxl.training.initialisation import InitialisationConfig

Config = TypeVar("Config")


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """The decoder, and what it is told of frames."""

    hidden_size: int = 128
    intermediate_size: int = 320
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    rope_theta: float = 1e8
    max_position_embeddings: int = 32768
    image_size: int = 192
    spatial_pool_stride: int = 3
    projector_hidden_size: int = 384
    compression_ratios: tuple[int, ...] = (2, 4, 8, 16, 32)
    evidence_layers: tuple[int, ...] = (3, 4)


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """AdamW: warm-up, constant, then linear to almost nothing."""

    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    betas: tuple[float, float] = (0.9, 0.95)
    clip_norm: float = 1.0
    warmup_steps: int = 60
    decay_from: float = 0.7
    """Share of the run at which the rate begins to fall."""
    last_rate: float = 0.02


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run but the data and the machine."""

    curriculum: Curriculum
    model: ModelSizes = field(default_factory=ModelSizes)
    alignment: AlignmentConfig = field(default_factory=AlignmentConfig)
    initialisation: InitialisationConfig = field(default_factory=InitialisationConfig)
    examples: ExampleConfig = field(default_factory=ExampleConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    seed: int = 0
    num_steps: int = 5000
    batch_films: int = 16
    """At most so many films in a batch."""
    batch_frames: int = 512
    """At most so many frames in a batch: long films come in fewer."""
    token_noise: float = 0.3
    """Largest standard deviation of noise on visual tokens, which have size 1; drawn per film."""
    look_weight: float = 0.3
    """Weight of learning where to look beside learning what to say."""
    foreign_capacity: int = 4096

    def as_dict(self) -> dict[str, Any]:
        """Fully resolved, as JSON can hold it."""
        return asdict(self)


def read_recipe(path: str | Path) -> Recipe:
    """The recipe in a YAML file.

    Raises:
        UsageError: An unknown key, a missing one, or a value that cannot be used.
    """
    found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return make_config(Recipe, found, where=Path(path).name)


def make_config(kind: type[Config], values: Any, *, where: str) -> Config:
    """A frozen dataclass, and those inside it, from plain mappings and lists."""
    if not isinstance(values, Mapping):
        raise UsageError(f"{where} is {values!r}, expected keys and values.")
    known = typing.get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0)[0]
            raise UsageError(f"{where} has the unknown key {key!r}; did you mean {near!r}?")
    try:
        return kind(**{key: _value(known[key], value, f"{where}: {key}") for key, value in values.items()})
    except TypeError as error:
        raise UsageError(f"{where}: {error}; expected {', '.join(names)}.") from error


def _value(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind):
        return make_config(kind, value, where=where)  # type: ignore[arg-type]
    if isinstance(kind, types.GenericAlias) and kind.__origin__ is tuple:
        if not isinstance(value, list):
            raise UsageError(f"{where} is {value!r}, expected a list.")
        return tuple(_value(kind.__args__[0], item, where) for item in value)
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise UsageError(f"{where} is {value!r}, expected a value of type {kind.__name__}.")
    return value
