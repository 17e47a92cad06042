"""`videoxl train`: run a recipe, or say what it needs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.added_models import added_or_given
from videoxl.cli.console import note, print_json, print_pairs, print_table


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A YAML file, such as recipes/lora.yaml.")],
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="FILE", help="Examples instead of the recipe's; as often as you like."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="A model instead of the recipe's: nano, a folder, a hub id.",
            callback=added_or_given,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="RUN", help="The run's folder; default runs/RECIPE.")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a value, such as trainer.max_steps=20; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what learns, steps, bytes a device and time; load no weights.")
    ] = False,
    until_step: Annotated[
        int | None, typer.Option("--until-step", metavar="N", help="Stop after step N; run again to go on.")
    ] = None,
    json: opt.Json = False,
) -> None:
    """Train a model by a recipe.

    A run lives in a folder and goes on where it stands: after Ctrl-C, a full disk or a power cut run the same command
    again. Several GPUs: put `accelerate launch --no_python --config_file recipes/accelerate/fsdp2.yaml` before it.
    """
    from videoxl.cli.training import prepare
    from videoxl.errors import UsageError

    if until_step is not None and until_step < 1:
        raise UsageError(f"--until-step is {until_step}, expected 1 or more.")
    out = Path("runs") / recipe.stem if out is None else out
    job = prepare(recipe, data=data or (), model=model, overrides=override or ())
    if dry_run:
        document = job.dry_run(out)
        return print_json(document) if json else _print(document)
    done = job.run(out, until_step=until_step)
    if json:
        return print_json(done)
    if done["step"] >= done["num_steps"]:
        note(f"step {done['step']} of {done['num_steps']}: the run is at its end")
    else:
        note(f"step {done['step']} of {done['num_steps']}; run the same command again to go on")
    print(done.get("model") or done["out"])


def _print(document: dict[str, Any]) -> None:
    """A dry run for a person; kinds of training that say other things are printed by their names."""
    if "devices" not in document:
        return print_pairs([(name, str(value)) for name, value in document.items()])
    for text in document["notes"]:
        note(text)
    total, trained = sum(document["parameters"].values()), sum(document["trained"].values())
    print(f"{trained:,} of {total:,} weights learn: {', '.join(document['trained'])}")
    steps = document["steps"]
    if steps is not None:
        print(
            f"{steps['num_steps']:,} steps of {steps['batch_size']} examples on {document['num_devices']} device(s), "
            f"from {document['num_examples']:,} examples an epoch"
        )
    largest = document["largest_example"]
    print(
        f"largest example: {largest['num_frames']} frames, {largest['num_visual_tokens']:,} visual tokens, "
        f"{largest['num_rows']:,} rows of memory, {largest['num_text_tokens']:,} tokens of text"
    )
    _print_devices(document["devices"])
    _print_time(document["time"])


def _print_devices(plans: list[dict[str, Any]]) -> None:
    from videoxl.compression.size import ByteSize

    shardings = list(dict.fromkeys(plan["sharding"] for plan in plans))
    print("bytes a device, * where 80 GB are enough:")
    rows = []
    for number in sorted({plan["num_devices"] for plan in plans}):
        cells = {plan["sharding"]: plan for plan in plans if plan["num_devices"] == number}
        shown = [f"{ByteSize(cells[name]['total'])}{'*' if cells[name]['fits'] else ' '}" for name in shardings]
        rows.append((str(number), *shown))
    print_table(("devices", *shardings), rows)


def _print_time(estimate: dict[str, Any]) -> None:
    rate = estimate["measured_operations_per_second"]
    text = f"{estimate['seconds_per_example']:.2g} s an example"
    if "seconds" in estimate:
        text += f", {_duration(estimate['seconds'])} in all"
    print(f"time, an estimate from a small step on {estimate['measured_on']} ({rate / 1e9:,.0f} GFLOP/s): {text}")


def _duration(seconds: float) -> str:
    for unit, length in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} seconds"
