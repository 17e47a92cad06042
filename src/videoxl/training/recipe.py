"""A checkpoint that learns from examples: everything that decides the run but the machine.

The paper's stages and LoRA on one's own videos are such recipes, and differ in nothing but their values. Checks of
values that cannot go together are made here, before anything is opened, and name both.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from videoxl.errors import UsageError
from videoxl.training.config import check_key, make_config, read_yaml, with_overrides
from videoxl.training.curriculum import Curriculum
from videoxl.training.data.faults import FaultBounds
from videoxl.training.data.media import MediaLimits
from videoxl.training.parameters import ParameterConfig

KINDS = ("finetune", "films")
GROUPS = ("vision_tower", "projector", "vst", "decoder", "head")
OURS = {  # keys of transformers' TrainingArguments that have their place elsewhere, and where
    "output_dir": "--out",
    "seed": "seed, at the top of the recipe",
    "data_seed": "seed, at the top of the recipe",
    "resume_from_checkpoint": "nothing: a run goes on by itself in the folder that it began in",
    "do_train": "nothing: `videoxl train` trains",
    "remove_unused_columns": "nothing: examples have no columns",
    "label_names": "nothing: labels come from the chat template",
    "train_sampling_strategy": "data: weight",
    "fsdp": "an accelerate configuration, see recipes/accelerate",
    "fsdp_config": "an accelerate configuration, see recipes/accelerate",
    "deepspeed": "an accelerate configuration, see recipes/accelerate",
}


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One set of examples."""

    path: str
    """A .jsonl, a LLaVA-style .json, a .tar, or a folder or pattern of shards; from the working directory."""
    media_folder: str | None = None
    """Where the paths in it start; beside the file where not given."""
    weight: float = 1.0
    """How often each of its examples comes in an epoch: 1 once, 2 twice, 0.5 every other one."""
    licence: str = "not said"
    """For the model card."""

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise UsageError(f"data: {self.path} has weight {self.weight}, expected a number above 0.")


@dataclass(frozen=True, slots=True)
class BaseConfig:
    """What a model is composed of that is not there yet: a decoder without VSTs, and a tower."""

    decoder: str
    """A folder or hub id of a Qwen2 or Llama that talks."""
    vision_tower: str
    """A folder or hub id of a CLIP, a SigLIP or an EfficientNet-Lite, or a safetensors file of the last."""
    vision_feature_layer: int = -2
    """Of a tower that has layers; an EfficientNet-Lite has one output."""
    spatial_pool_stride: int = 2
    image_size: int | None = None
    """Side of a frame in pixels, where the tower takes any (EfficientNet-Lite); its own where not given."""


@dataclass(frozen=True, slots=True)
class NeedleConfig:
    """A needle test during training, on films made for it: is it said what was inserted, and where it was?"""

    every_steps: int
    films: int = 8
    seconds: float = 64.0
    ratio: int | None = None
    """The largest of the curriculum where not given."""


@dataclass(frozen=True, slots=True)
class FinetuneRecipe:
    """A checkpoint, examples, a curriculum, what learns, and transformers' own trainer options, whole."""

    curriculum: Curriculum
    parameters: ParameterConfig
    trainer: Mapping[str, Any]
    """transformers' TrainingArguments by their own names."""
    kind: Literal["finetune"] = "finetune"
    model: str | None = None
    """nano, a folder (ours, or official weights) or a hub id; instead of `base`."""
    base: BaseConfig | None = None
    """What a model is composed of that has not learned to see yet; instead of `model`."""
    data: tuple[SourceConfig, ...] = ()
    evaluation_data: tuple[SourceConfig, ...] = ()
    """Examples whose loss is measured as `trainer: eval_strategy` says."""
    media: MediaLimits = field(default_factory=MediaLimits)
    max_text_tokens: int = 32768
    """The longest text of an example; one with more is a bad example."""
    bad_examples: FaultBounds = field(default_factory=FaultBounds)
    needle: NeedleConfig | None = None
    checkpointing: Literal["interval", "layer"] = "interval"
    """With `trainer: gradient_checkpointing`, what is computed again at once. By intervals nothing grows with a video
    but its rows; by layers the inputs of all layers do, and less is held in all up to some 30 intervals."""
    seed: int = 0
    licence: str = "not said"
    """Of the model that comes out, for its card."""
    deltas: Literal["float16", "bfloat16", "float32"] | None = None
    """Also write what learned by itself, in this number type: what `videoxl models add` puts onto the base."""
    equal_examples: bool = False
    """Whether every example has as many frames and intervals as every other: what ZeRO-3 needs."""
    expected_examples: int | None = None
    """How many examples the data has where it is not at hand: for --dry-run only."""

    def __post_init__(self) -> None:
        if (self.model is None) is (self.base is None):
            base = None if self.base is None else self.base.decoder
            raise UsageError(f"model is {self.model!r} and base is {base!r}; a run begins with one of them. Give one.")
        _check_trainer(self.trainer)
        _check_together(self)
        _check_parameters(self)
        if self.deltas is not None and self.base is None:
            raise UsageError(
                f"deltas is {self.deltas!r} and model is {self.model!r}; deltas are put onto a decoder and a tower. "
                "Begin with a base, or take deltas out."
            )

    def as_dict(self) -> dict[str, Any]:
        """Fully resolved, as JSON can hold it."""
        return asdict(self)

    def fingerprint(self) -> str:
        """Changes with anything that decides the run: what a resumed run must have in common with its beginning."""
        text = json.dumps(self.as_dict(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def recipe_kind(values: Mapping[str, Any], *, where: str) -> str:
    """`finetune` or `films`: which trainer a recipe is for."""
    kind = values.get("kind")
    if kind not in KINDS:
        raise UsageError(f"{where}: kind is {kind!r}, expected one of {', '.join(KINDS)}.")
    return str(kind)


def read_finetune_recipe(path: str | Path, *, overrides: Sequence[str] = ()) -> FinetuneRecipe:
    """The recipe in a YAML file, with what `--set` changes."""
    return finetune_recipe(read_yaml(path), overrides=overrides, where=Path(path).name)


def finetune_recipe(values: Mapping[str, Any], *, overrides: Sequence[str] = (), where: str) -> FinetuneRecipe:
    """The recipe that keys and values describe.

    Raises:
        UsageError: An unknown key, a missing one, or values that cannot be used, alone or together.
    """
    values = with_overrides(values, overrides)
    _check_lora(values, where=where)
    return make_config(FinetuneRecipe, values, where=where)


def _check_trainer(trainer: Mapping[str, Any]) -> None:
    from transformers import TrainingArguments

    known = [entry.name for entry in dataclasses.fields(TrainingArguments)]
    for key in trainer:
        check_key(key, known, where="trainer")
        if key in OURS:
            raise UsageError(f"trainer: {key} is {trainer[key]!r}, but its place is {OURS[key]}. Take it out.")


def _check_together(recipe: FinetuneRecipe) -> None:
    trainer, curriculum = recipe.trainer, recipe.curriculum
    batch = trainer.get("per_device_train_batch_size", 1)
    if batch != 1:
        steps = trainer.get("gradient_accumulation_steps", 1)
        raise UsageError(
            f"trainer: per_device_train_batch_size is {batch} and gradient_accumulation_steps is {steps}; a device "
            f"takes one example at a time, for each has a plan of its own. Give 1 and {batch * steps}: the same batch."
        )
    _not_both(trainer, "bf16", "fp16")
    _not_both(trainer, "max_steps", "num_train_epochs")
    for number, phase in enumerate(curriculum.phases):
        if phase.max_frames is not None and phase.max_frames > recipe.media.max_frames:
            raise UsageError(
                f"curriculum: phase {number} has max_frames {phase.max_frames} and media: max_frames is "
                f"{recipe.media.max_frames}; a phase can only take fewer. Lower the one or raise the other."
            )
    if recipe.checkpointing == "layer" and not trainer.get("gradient_checkpointing"):
        raise UsageError(
            f"checkpointing is {recipe.checkpointing!r} and trainer: gradient_checkpointing is "
            f"{trainer.get('gradient_checkpointing', False)}; nothing would be computed again. Give true, or interval."
        )
    if str(trainer.get("eval_strategy", "no")) != "no" and not recipe.evaluation_data:
        raise UsageError(
            f"trainer: eval_strategy is {trainer['eval_strategy']!r} and evaluation_data is empty; "
            "name examples to evaluate on, or take eval_strategy out."
        )


def _not_both(trainer: Mapping[str, Any], one: str, other: str) -> None:
    values = trainer.get(one), trainer.get(other)
    is_given = [value not in (None, False, -1) for value in values]
    if all(is_given):
        raise UsageError(f"trainer: {one} is {values[0]!r} and {other} is {values[1]!r}; give one of them.")


def _check_parameters(recipe: FinetuneRecipe) -> None:
    parameters, ratios = recipe.parameters, recipe.curriculum.ratios
    groups = {name: getattr(parameters, name) for name in GROUPS}
    for name, group in groups.items():
        if not group.trained and group.learning_rate is not None:
            raise UsageError(
                f"parameters: {name} has trained {group.trained} and learning_rate {group.learning_rate}; what does "
                "not learn has no rate. Take one of them out."
            )
    if parameters.lora is None and not any(group.trained for group in groups.values()):
        raise UsageError(f"parameters: nothing learns; let one or more of {', '.join((*GROUPS, 'lora'))}.")
    if ratios == (1,) and parameters.vst.trained:
        raise UsageError(
            f"curriculum: ratios is {list(ratios)} and parameters: vst has trained {parameters.vst.trained}; at "
            "ratio 1 there are no VSTs that could learn. Add ratios, or say `vst: {trained: false}`."
        )


def _check_lora(values: Mapping[str, Any], *, where: str) -> None:
    """Adapters stand in for a decoder that stays as it is, so whoever names both means something impossible."""
    parameters = values.get("parameters")
    if not isinstance(parameters, Mapping) or not parameters.get("lora"):
        return
    for name in ("decoder", "head"):
        group = parameters.get(name)
        if isinstance(group, Mapping) and group.get("trained", True):
            raise UsageError(
                f"{where}: parameters: {name} is {dict(group)!r} and lora is {parameters['lora']!r}; adapters stand in "
                f"for a {name} that stays as it is. Take one of them out."
            )
