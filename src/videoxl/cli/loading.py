"""A model for a verb: loaded quietly, with one line on what a small one cannot do."""

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from videoxl.cli.console import log_level, note
from videoxl.errors import CheckpointError

if TYPE_CHECKING:
    from videoxl.engine import VideoXL

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


def say_limits(vxl: "VideoXL", source_sha256s: list[str]) -> None:
    """Say what the model cannot do, unless it only sees the film that it is shown with."""
    text = limits(vxl.name)
    if text and not _is_demo(source_sha256s):
        note(f"{vxl.name}: {text}")


def _is_demo(source_sha256s: list[str]) -> bool:
    from videoxl.synth.demo import DEMO
    from videoxl.video import source_fingerprint

    return bool(source_sha256s) and DEMO.is_file() and set(source_sha256s) == {source_fingerprint(DEMO)}
