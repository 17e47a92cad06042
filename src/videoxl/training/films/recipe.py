"""A model taught from films, in words: everything that decides the run but the machine."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from videoxl.training.config import make_config, read_yaml, with_overrides
from videoxl.training.films.bank_frames import BankConfig
from videoxl.training.films.curriculum import Curriculum
from videoxl.training.films.examples import ExampleConfig
from videoxl.training.films.initialisation import InitialisationConfig
from videoxl.training.films.tagger import TaggerConfig


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
class GateConfig:
    """When a visual token may say that something named is there (model/word_gate.py)."""

    cosine: float = 0.6
    """Least cosine with a word, and `lead_weight` times its lead."""
    lead: float = 0.1
    """By how much it must be larger than the cosine with the next word."""
    lead_weight: float = 0.5
    softness: float = 0.04
    floor: float = -3.8
    nearly: float = 0.3
    """A frame that misses both by less, or has them, is looked at again (model/second_look.py)."""
    zoom: float = 0.9
    """How much of it is seen then, of each side."""


@dataclass(frozen=True, slots=True)
class FocusConfig:
    """How sure the classifier must be of an ordinary thing, and how clearly its word is said (model/word_focus.py)."""

    unsure: float = 0.2
    sure: float = 0.4
    size: float = 1.0
    mark_size: float = 2.0


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
class Round:
    """A further stretch of the decoder's training: it goes on from the one before, at a learning rate of its own."""

    num_steps: int
    curriculum: Curriculum
    optimiser: OptimiserConfig
    seed: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run but the data and the machine."""

    curriculum: Curriculum
    kind: Literal["films"] = "films"
    tower: str | None = None
    """File of the tower's weights and its classifier's (recipes/nano/tower.py), seen from the recipe; None begins with
    values of chance, to try a recipe out."""
    media: str | None = None
    """Folder of further training media, seen from the recipe (recipes/nano/media.py)."""
    held_out: float = 0.25
    """Share of the training media that the tagger does not see: the decoder learns on it how sure to be."""
    things: str | None = None
    """File with the words of the classes of the tower's classifier, one a line, seen from the recipe."""
    limits: str | None = None
    """File with what the model cannot do, in a few sentences: they go into its card and are shown by `videoxl info`."""
    model: ModelSizes = field(default_factory=ModelSizes)
    tagger: TaggerConfig = field(default_factory=TaggerConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    focus: FocusConfig = field(default_factory=FocusConfig)
    certainty: float = 0.8
    """Least probability of a name in an inventory (engine/inventory.py)."""
    named_certainty: float = 0.3
    """The same where a question names what it asks for."""
    bank: BankConfig = field(default_factory=BankConfig)
    initialisation: InitialisationConfig = field(default_factory=InitialisationConfig)
    examples: ExampleConfig = field(default_factory=ExampleConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    seed: int = 0
    num_steps: int = 5000
    rounds: tuple[Round, ...] = ()
    """What follows these steps: each round begins where the last one ended."""
    batch_films: int = 16
    """At most so many films in a batch."""
    batch_frames: int = 512
    """At most so many frames in a batch: long films come in fewer."""
    token_noise: float = 0.3
    """Largest standard deviation of noise on visual tokens, which have size 1; drawn per film."""
    look_weight: float = 0.3
    """Weight of learning where to look beside learning what to say."""
    foreign_capacity: int = 4096

    @property
    def total_steps(self) -> int:
        """Steps of the decoder, those of all rounds together."""
        return self.num_steps + sum(each.num_steps for each in self.rounds)

    def stretches(self) -> "list[Recipe]":
        """The decoder's training as recipes without rounds, one after the other."""
        first = replace(self, rounds=())
        settings = ({each.name: getattr(one, each.name) for each in fields(one)} for one in self.rounds)
        return [first, *(replace(first, **of_round) for of_round in settings)]

    def as_dict(self) -> dict[str, Any]:
        """Fully resolved, as JSON can hold it."""
        return asdict(self)


def read_recipe(path: str | Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a YAML file, with every `a.b=value` of `overrides` put in.

    Raises:
        UsageError: An unknown key, a missing one, or a value that cannot be used.
    """
    return make_config(Recipe, with_overrides(read_yaml(path), overrides), where=Path(path).name)
