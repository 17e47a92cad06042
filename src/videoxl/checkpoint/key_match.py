"""Which stored tensor fills which weight of the model: every one once, nothing left, nothing empty.

Two things are forgiven, and noted: a token table with the one row too many that the released loader adds, and VSTs that
are missing altogether, which start from the decoder's own projections and the end token's embedding as the paper's do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from videoxl.checkpoint import keymap
from videoxl.checkpoint.tensor_files import TensorEntry, listed
from videoxl.errors import CheckpointError
from videoxl.model import VideoXLConfig, VideoXLForConditionalGeneration

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A stored tensor, or some of its rows."""

    entry: TensorEntry
    rows: tuple[int, int] | None = None

    @property
    def shape(self) -> Shape:
        if self.rows is None:
            return self.entry.shape
        return (self.rows[1] - self.rows[0], *self.entry.shape[1:])

    @property
    def start(self) -> int:
        """Where its bytes begin in the file."""
        return self.entry.start + (0 if self.rows is None else self.rows[0] * self._row_bytes)

    @property
    def num_bytes(self) -> int:
        return self.entry.num_bytes if self.rows is None else (self.rows[1] - self.rows[0]) * self._row_bytes

    @property
    def _row_bytes(self) -> int:
        return self.entry.num_bytes // self.entry.shape[0]


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """Where each weight of a model comes from."""

    sources: Mapping[str, Source]
    """One for each weight, by our names."""
    initialised: tuple[str, ...] = ()
    """VST weights that were not stored; their source is what they start from."""
    ignored: tuple[str, ...] = ()
    """Stored tensors that are computed rather than learned."""
    notes: tuple[str, ...] = ()


def model_shapes(config: VideoXLConfig) -> dict[str, Shape]:
    """Names and shapes of a model's weights, without allocating any."""
    with torch.device("meta"):
        model = VideoXLForConditionalGeneration(config)
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def match_keys(entries: Mapping[str, TensorEntry], config: VideoXLConfig, *, is_official: bool) -> KeyMatch:
    """Pair stored tensors with weights, or say which are left over, missing, or of another shape.

    Raises:
        CheckpointError: Anything does not fit; all names are listed by kind.
    """
    expected = model_shapes(config)
    own_name = {keymap.without_body(name): name for name in expected}
    notes: list[str] = []
    sources: dict[str, Source] = {}
    ignored: list[str] = []
    leftover: list[str] = []
    misfits: list[str] = []
    for stored, entry in entries.items():
        renamed = keymap.ours(stored) if is_official else stored
        name = None if renamed is None else own_name.get(keymap.without_body(renamed))
        if name is None or name in sources:
            (ignored if keymap.is_buffer(stored) else leftover).append(stored)
            continue
        sources[name] = source = _without_extra_row(entry, name, expected[name], notes)
        if source.shape != expected[name]:
            misfits.append(f"{stored} is {list(entry.shape)}, expected {list(expected[name])}")
    if config.tie_word_embeddings and keymap.EMBEDDING in sources:
        sources.setdefault(keymap.HEAD, sources[keymap.EMBEDDING])
    missing = [name for name in expected if name not in sources]
    initialised = _vst_from_base(missing, sources, config, expected) if not (leftover or misfits) else {}
    missing = [name for name in missing if name not in initialised]
    _refuse(leftover, misfits, [keymap.official(name) or name if is_official else name for name in missing])
    if initialised:
        notes.append(
            f"{len(initialised)} VST weights are not in the checkpoint and start as copies of the decoder's own: "
            "answers need training first"
        )
    ordered = {name: (sources | initialised)[name] for name in expected}
    return KeyMatch(ordered, tuple(initialised), tuple(ignored), tuple(notes))


def _without_extra_row(entry: TensorEntry, name: str, shape: Shape, notes: list[str]) -> Source:
    if name in keymap.TABLES and entry.shape == (shape[0] + 1, *shape[1:]):
        notes.append(f"{entry.name} has {entry.shape[0]} rows; the last, which no token has, is cut off")
        return Source(entry, (0, shape[0]))
    return Source(entry)


def _vst_from_base(
    missing: list[str], sources: Mapping[str, Source], config: VideoXLConfig, expected: Mapping[str, Shape]
) -> dict[str, Source]:
    """What VSTs start from, where none of their projections (or their embedding) is stored."""
    projections = [name for name in expected if keymap.is_vst(name) and name != keymap.VST_EMBEDDING]
    found: dict[str, Source] = {}
    if all(name in missing and keymap.base_of_vst(name) in sources for name in projections):
        found = {name: sources[keymap.base_of_vst(name)] for name in projections}
    if keymap.VST_EMBEDDING in missing and keymap.EMBEDDING in sources:
        end = config.text_config.eos_token_id
        end = end[0] if isinstance(end, list) else (end or 0)
        found[keymap.VST_EMBEDDING] = Source(sources[keymap.EMBEDDING].entry, (end, end + 1))
    return found


def _refuse(leftover: list[str], misfits: list[str], missing: list[str]) -> None:
    faults = [
        f"{len(names)} {what}: {listed(names)}"
        for what, names in (
            ("weights have no place in the model", leftover),
            ("weights have another shape", misfits),
            ("weights are missing", missing),
        )
        if names
    ]
    if faults:
        raise CheckpointError(
            f"the checkpoint does not fit its config.json. {'; '.join(faults)}. "
            "See what the folder holds with `videoxl inspect`, and fetch what is missing."
        )
