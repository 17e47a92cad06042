"""`videoxl models`: which models there are, what they can do, and where to find them."""

from pathlib import Path
from typing import Any

from videoxl.cli import options as opt
from videoxl.cli.console import print_json, print_pairs
from videoxl.cli.loading import limits, quieten

OFFICIAL: dict[str, Any] = {
    "name": "official Video-XL 7B",
    "use": "--model FOLDER, or --model OWNER/NAME to fetch it from the hub",
    "where": "the authors' repository, VectorSpaceLab/Video-XL, links to their weights",
    "can": "answer free questions about any video; made by the authors of the paper (arXiv 2409.14485)",
    "needs": "about 16 GiB for its weights in bfloat16, and a GPU to be quick; see `videoxl plan 1h --model FOLDER`",
}


def models(json: opt.Json = False) -> None:
    """List models, embedded and elsewhere."""
    quieten()
    from videoxl.engine.loading import EMBEDDED

    described = [*(_embedded(name) for name in EMBEDDED), OFFICIAL]
    if json:
        return print_json(described)
    for about in described:
        print(about["name"])
        print_pairs([(key, str(value)) for key, value in about.items() if key != "name"], indent=2)


def _embedded(name: str) -> dict[str, Any]:
    from videoxl.checkpoint.inspect import inspect_folder
    from videoxl.engine.loading import model_path

    folder = Path(model_path(name))
    if not (folder / "config.json").is_file():
        return {"name": name, "use": f"not in this installation: {folder} has no weights"}
    report = inspect_folder(folder)
    return {
        "name": name,
        "use": f"the default, or --model {name}; embedded at {folder}",
        "can": limits(name) or "see its model card",
        "size": f"{report.num_parameters:,} parameters, {report.num_bytes / 1e6:.1f} MB",
        "ratios": ", ".join(map(str, report.compression_ratios)),
        "a frame": f"{report.tokens_per_frame} visual tokens",
    }
