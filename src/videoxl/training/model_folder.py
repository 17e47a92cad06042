"""From a trained model to a folder that `videoxl ask --model` takes."""

from collections.abc import Mapping
from pathlib import Path

import torch

from videoxl.model.modeling_videoxl import VideoXLForConditionalGeneration
from videoxl.model.processing_videoxl import VideoXLProcessor
from videoxl.training.adapters import has_lora, merge_lora
from videoxl.training.checkpoint_folder import written_whole

READABLE = 0o644
CARD = "README.md"


def export_model(
    model: VideoXLForConditionalGeneration,
    processor: VideoXLProcessor,
    folder: str | Path,
    *,
    card: str | None = None,
    texts: Mapping[str, str] | None = None,
    dtype: torch.dtype | None = None,
    state: Mapping[str, torch.Tensor] | None = None,
) -> Path:
    """Write weights (adapters merged into them), config, tokenizer and model card; replaces the folder as a whole.

    The model itself has its adapters merged, too: train no further with it.

    Args:
        card: What README.md says; see `videoxl.training.card`.
        texts: More files, by name.
        dtype: The number type of the weights; None writes those of each as they are.
        state: The weights, where ranks hold shards of them and somebody has put these together.
    """
    folder = Path(folder)
    if has_lora(model):
        merge_lora(model)
    model = model.eval()
    written = dict(texts or {}) | ({} if card is None else {CARD: card})
    with written_whole(folder, mark=False) as part:
        if dtype is not None:
            state = {name: tensor.to(dtype) for name, tensor in (state or model.state_dict()).items()}
        model.save_pretrained(part, state_dict=state)
        processor.save_pretrained(part)
        for name, text in written.items():
            (part / name).write_text(text, encoding="utf-8")
        for path in part.iterdir():
            path.chmod(READABLE)  # safetensors writes files that only their owner may read
    return folder
