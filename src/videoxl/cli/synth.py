"""`videoxl synth`: films whose facts are known, for trying and testing."""

from pathlib import Path
from typing import Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json
from videoxl.cli.duration import parse_seconds
from videoxl.errors import UsageError


def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where films go, each with NAME.json beside it.")],
    number: Annotated[int, typer.Option("--number", "-n", metavar="N", help="How many films.")] = 1,
    seconds: Annotated[str, typer.Option("--seconds", metavar="TIME", help="Length of a film: 120, 2m, 0:30.")] = "120",
    pictures: Annotated[int, typer.Option("--pictures", metavar="N", help="Pictures inserted into each film.")] = 4,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="train, validation or test: whose footage and renderings.")
    ] = "test",
    fps: Annotated[float, typer.Option("--fps", metavar="RATE", help="Frames per second of the written file.")] = 10.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same films.")] = 0,
    json: opt.Json = False,
) -> None:
    """Write films whose facts are known.

    Real footage with named pictures inserted at known times, and the facts as JSON beside each film.
    """
    if number < 1:
        raise UsageError(f"--number is {number}, expected 1 or more films.")
    length = parse_seconds(seconds, option="--seconds")
    if not length:
        raise UsageError(f"--seconds is {seconds}, expected more than zero.")
    import numpy as np

    from videoxl.synth.script import random_film
    from videoxl.synth.splits import check_split

    written = []
    for index in range(number):
        film = random_film(
            np.random.default_rng([seed, index]), seconds=length, num_needles=pictures, split=check_split(split)
        )
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"film-{seed}-{index:03d}.mp4"
        film.write(path, fps=fps)
        shown = [(needle.name, needle.start_seconds, needle.stop_seconds) for needle in film.facts.needles]
        written.append({"film": str(path), "facts": str(path.with_suffix(".json")), "shown": shown})
        note(f"wrote {path}: {', '.join(name for name, _, _ in shown) or 'nothing inserted'}")
    if json:
        return print_json(written)
    for film_json in written:
        print(film_json["film"])
