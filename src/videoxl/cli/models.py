"""`videoxl models`: which models there are, what they can do, and where to find them; `models add` puts one there."""

from pathlib import Path
from typing import Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.added_models import added_models, place_for
from videoxl.cli.console import note, print_json, print_pairs
from videoxl.cli.failure import guarded
from videoxl.cli.loading import limits, quieten
from videoxl.errors import UsageError

SMALL = "small"
NO_SMALL = (
    "no trained deltas of small exist yet: its recipe has been tried for a few steps only. Train it with "
    "`videoxl train recipes/small.yaml` (a GPU is needed) and give --from runs/small/deltas."
)

OFFICIAL: dict[str, Any] = {
    "name": "official Video-XL 7B",
    "use": "--model FOLDER, or --model OWNER/NAME to fetch it from the hub",
    "where": "the authors' repository, VectorSpaceLab/Video-XL, links to their weights",
    "can": "answer free questions about any video; made by the authors of the paper (arXiv 2409.14485)",
    "needs": "about 16 GiB for its weights in bfloat16, and a GPU to be quick; see `videoxl plan 1h --model FOLDER`",
}


models = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


def listing(context: typer.Context, json: opt.Json = False) -> None:
    """List models, embedded, added and elsewhere; add one.

    What is added goes to VIDEOXL_HOME, and other verbs then take it by its name.
    """
    if context.invoked_subcommand is not None:
        return
    quieten()
    from videoxl.engine.loading import EMBEDDED

    described = [*(_embedded(name) for name in EMBEDDED), *(_added(*each) for each in added_models().items()), OFFICIAL]
    if json:
        return print_json(described)
    for about in described:
        print(about["name"])
        print_pairs([(key, str(value)) for key, value in about.items() if key != "name"], indent=2)


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What other verbs will call it, such as small.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DELTAS", help="RUN/deltas of a run, or the deltas.safetensors in it."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="MODEL", help="Folder or hub id of the base decoder; default: where training had it."
        ),
    ] = None,
    tower: Annotated[
        str | None,
        typer.Option(
            "--tower", metavar="TOWER", help="File, folder or hub id of the vision tower; default: as in training."
        ),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Compose a model from its base and what was learned on it.

    Deltas of another base are refused. The model appears whole or not at all, and replaces one of the same name.
    """
    place = place_for(name)
    if source is None:
        raise UsageError(NO_SMALL if name == SMALL else f"{name} has no source; give the deltas of a run with --from.")
    if not source.exists():
        raise UsageError(f"--from is {source}, and there is no such file or folder. Give RUN/deltas of a run.")
    quieten()
    from videoxl.training.deltas import add_model, read_deltas

    folder = add_model(read_deltas(source), place, decoder=base, vision_tower=tower)
    if json:
        return print_json(_added(name, folder))
    note(f"added {name}; use it with --model {name}")
    print(folder)


def _embedded(name: str) -> dict[str, Any]:
    from videoxl.engine.loading import model_path

    folder = Path(model_path(name))
    if not (folder / "config.json").is_file():
        return {"name": name, "use": f"not in this installation: {folder} has no weights"}
    return {
        "name": name,
        "use": f"the default, or --model {name}; embedded at {folder}",
        "can": limits(name) or "see its model card",
        **_sizes(folder),
    }


def _added(name: str, folder: Path) -> dict[str, Any]:
    use = f"--model {name}; added at {folder}"
    return {"name": name, "use": use, "can": "see README.md there", **_sizes(folder)}


def _sizes(folder: Path) -> dict[str, str]:
    from videoxl.checkpoint.inspect import inspect_folder

    report = inspect_folder(folder)
    return {
        "size": f"{report.num_parameters:,} parameters, {report.num_bytes / 1e6:.1f} MB",
        "ratios": ", ".join(map(str, report.compression_ratios)),
        "a frame": f"{report.tokens_per_frame} visual tokens",
    }


models.callback()(guarded(listing))
models.command()(guarded(add))
