"""`videoxl synth films`: films whose facts are known, for trying, testing and training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import note, print_json
from videoxl.cli.duration import parse_seconds
from videoxl.cli.failure import guarded
from videoxl.errors import UsageError

if TYPE_CHECKING:
    from videoxl.synth.film import Film
    from videoxl.synth.needle import NeedleKind

QUESTIONS_FILE = "questions.jsonl"
MOST_NOISE = 128.0  # nothing is seen behind more


def films(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where films go, each with NAME.json beside it.")],
    number: Annotated[int, typer.Option("--number", "-n", metavar="N", help="How many films.")] = 1,
    seconds: Annotated[str, typer.Option("--seconds", metavar="TIME", help="Length of a film: 120, 2m, 0:30.")] = "120",
    pictures: Annotated[int, typer.Option("--pictures", metavar="N", help="Names inserted into each film.")] = 4,
    kinds: Annotated[
        str,
        typer.Option("--kinds", metavar="KIND,...", help="What is put in, of insert, edit, card, shape and advert."),
    ] = "insert",
    showings: Annotated[int, typer.Option("--most-showings", metavar="N", help="Each name is shown 1 to N times.")] = 1,
    noise: Annotated[float, typer.Option("--noise", metavar="LEVELS", help="Grain of a shot, at most, of 255.")] = 0.0,
    pictures_folder: Annotated[
        Path | None,
        typer.Option("--pictures-folder", metavar="FOLDER", help="Your NAME.png, with or without NAME.txt."),
    ] = None,
    footage_folder: Annotated[
        Path | None,
        typer.Option("--footage-folder", metavar="FOLDER", help="Your clips and stills, or folders of them by split."),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="train, validation or test: whose footage and renderings.")
    ] = "test",
    fps: Annotated[float, typer.Option("--fps", metavar="RATE", help="Frames per second of the written file.")] = 10.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same films.")] = 0,
    questions: Annotated[
        bool, typer.Option("--questions", help="Also write FOLDER/questions.jsonl: questions with their answers.")
    ] = False,
    json: opt.Json = False,
) -> None:
    """Write films whose facts are known.

    Real footage with named things put in at known times, and the facts as JSON beside each film. With --questions,
    also examples for `videoxl train --data`.
    """
    length = _checked_seconds(seconds, number, noise)
    import numpy as np

    from videoxl.synth.dealing import Repeats, names_of
    from videoxl.synth.examples import example_line
    from videoxl.synth.footage import FootageSet
    from videoxl.synth.pictures import PictureSet
    from videoxl.synth.questions import make_questions
    from videoxl.synth.script import random_film
    from videoxl.synth.splits import check_split
    from videoxl.synth.wording import KINDS

    world, put_in = check_split(split), _kinds(kinds)
    pictured = PictureSet.folder(pictures_folder) if pictures_folder else PictureSet.builtin()
    footage = FootageSet.folder(footage_folder, world) if footage_folder else FootageSet.builtin(world)
    repeats = Repeats(most=showings)
    written: list[dict[str, Any]] = []
    examples: list[str] = []
    for index in range(number):
        generator = np.random.default_rng([seed, index])
        film = random_film(
            generator, seconds=length, num_needles=pictures, split=world, kinds=put_in, repeats=repeats,
            most_noise=noise, pictures=pictured, footage=footage,
        )  # fmt: skip
        written.append(_write(film, folder / f"film-{seed}-{index:03d}.mp4", fps))
        if questions:  # drawn after the film, which they therefore cannot change
            asked = make_questions(
                film.facts, generator, names=names_of(put_in, pictured.names), kinds=KINDS, scenes=footage.labels
            )
            examples.append(example_line(f"film-{seed}-{index:03d}.mp4", asked))
    if examples:
        (folder / QUESTIONS_FILE).write_text("".join(examples), encoding="utf-8")
        note(f"wrote {folder / QUESTIONS_FILE}: {len(examples)} films with all their questions")
    if json:
        return print_json(written)
    for film_json in written:
        print(film_json["film"])


def _write(film: "Film", path: Path, fps: float) -> dict[str, Any]:
    """Write a film and its facts, and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    film.write(path, fps=fps)
    shown = [(needle.name, needle.start_seconds, needle.stop_seconds) for needle in film.facts.needles]
    note(f"wrote {path}: {', '.join(name for name, _, _ in shown) or 'nothing inserted'}")
    return {"film": str(path), "facts": str(path.with_suffix(".json")), "shown": shown}


def _kinds(text: str) -> "tuple[NeedleKind, ...]":
    from videoxl.synth.needle import NEEDLE_KINDS

    chosen = tuple(word.strip() for word in text.split(","))
    if unknown := [word for word in chosen if word not in NEEDLE_KINDS]:
        raise UsageError(f"--kinds has {unknown[0]!r}, expected one or more of {', '.join(NEEDLE_KINDS)}, with commas.")
    return chosen  # type: ignore[return-value]


def _checked_seconds(seconds: str, number: int, noise: float) -> float:
    if number < 1:
        raise UsageError(f"--number is {number}, expected 1 or more films.")
    if not 0 <= noise <= MOST_NOISE:
        raise UsageError(f"--noise is {noise:g}, expected 0 to {MOST_NOISE:g} levels.")
    length = parse_seconds(seconds, option="--seconds")
    if not length:
        raise UsageError(f"--seconds is {seconds}, expected more than zero.")
    return length


synth = typer.Typer(help="Films whose facts are known.", no_args_is_help=True, rich_markup_mode=None)
synth.command()(guarded(films))
