"""A model for a verb: loaded quietly, with one line on what a small one cannot do."""

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.cli.console import log_level, note
from videoxl.errors import CheckpointError

if TYPE_CHECKING:
    from videoxl.engine import VideoXL
    from videoxl.memory import CompressedMemory

LIMITS_NAME = "LIMITS.txt"


def quieten() -> None:
    """Keep transformers' advice and progress bars out of the way; its errors are raised anyway."""
    if log_level() == "debug":
        return
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def load_vxl(model: str, device: str | None) -> "VideoXL":
    """The model of `--model` on `--device`."""
    if sys.stderr.isatty():
        note(f"loading {model}")  # before the imports, which take seconds themselves
    quieten()
    from videoxl.engine import load
    from videoxl.engine.loading import EMBEDDED, model_path

    folder = Path(model_path(model))
    if model in EMBEDDED and not (folder / "config.json").is_file():
        raise CheckpointError(
            f"the embedded model {model} is not in this installation: {folder} has no weights. "
            "Install videoxl again, or give the folder of a model with --model."
        )
    return load(model, device=device)


def limits(name: str) -> str | None:
    """What an embedded model can and cannot do, in one line; None for other models."""
    from videoxl.engine.loading import EMBEDDED

    text = resources.files("videoxl") / "weights" / name / LIMITS_NAME
    return " ".join(text.read_text(encoding="utf-8").split()) if name in EMBEDDED and text.is_file() else None


class LimitsNote:
    """What a model cannot do, said when it first answers and not again; never of the film that it is shown with."""

    def __init__(self, vxl: "VideoXL", memory: "CompressedMemory | None" = None) -> None:
        self._vxl, self._memory, self._is_said = vxl, memory, False

    def say(self) -> None:
        """Call it before each answer."""
        if self._is_said:
            return
        self._is_said = True
        text = limits(self._vxl.name)
        if text and not (self._memory and _is_demo([source.sha256 for source in self._memory.about.sources])):
            note(f"{self._vxl.name}: {text}")


def _is_demo(source_sha256s: list[str]) -> bool:
    from videoxl.synth.demo import DEMO
    from videoxl.video import source_fingerprint

    return bool(source_sha256s) and DEMO.is_file() and set(source_sha256s) == {source_fingerprint(DEMO)}
