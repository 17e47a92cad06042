"""Measure a model on films that nobody trained on: what, whether, when, in which order, how many, and the proof.

    python recipes/nano/evaluate.py WORK --split validation [--model FOLDER] [--films 24] [--draw 1] [--out FILE.json]
    python recipes/nano/clips.py CLONES CLIPS
    python recipes/nano/evaluate.py WORK --split test --clips CLIPS --stills FOLDER --out benchmarks/results/nano.json

Films of 128 s, one frame a second, of the split's own footage (or of that in `--clips`), renderings and wordings
(evaluation/films.py lists the groups), and hours made of them. Each is asked at 1x to 16x, and through memories of the
size of 16x without VSTs. What the model makes of each frame is kept in WORK: a run that was stopped goes on
(`--watch-only` ends there).
Choose on validation; run test once, at the end.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

import videoxl
from evaluation.asking import Asked, Asking, Record
from evaluation.films import GROUPS, Group, World
from evaluation.jobs import JobList, Sizes
from evaluation.ordinary import PublishedTower, Seen, read_things, seen_things, thing_questions
from evaluation.report import FORMAT, MEANINGS, as_json, summary
from evaluation.watching import TAUGHT_GROUPS, Teacher, Watching, in_workers
from videoxl.engine import VideoXL
from videoxl.engine.loading import model_path
from videoxl.synth.pictures import PictureSet
from videoxl.synth.splits import SPLITS

sys.path.append(str(Path(__file__).parents[2]))
from benchmarks.measurement import hardware

HERE = Path(__file__).parent
LOG_EVERY = 20

log = logging.getLogger("evaluate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, watch, ask, count."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    vxl = videoxl.load(options.model, device="cpu")
    folder = Path(model_path(options.model))
    found = measure(vxl, options, names=_lines(folder / "names.txt"), sights=_lines(folder / "sights.txt"))
    if found is None:
        return
    about, records = found
    for name, entry in about["results"].get(str(options.seconds), {}).get("16x", {}).items():
        log.info("%-20s %.3f of %d (trivial %.2f)", name, entry["share"], entry["n"], entry["trivial"])
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(as_json(about, records), encoding="utf-8")


def measure(
    vxl: VideoXL,
    options: argparse.Namespace,
    *,
    names: Sequence[str],
    sights: Sequence[str],
    teacher: Teacher | None = None,
) -> tuple[dict[str, Any], list[Record]] | None:
    """Everything about one model; None where films were only watched.

    Args:
        names: words of pictures that it knows.
        sights: words of ordinary things that it knows.
        teacher: who says what ordinary footage shows; the published tower when None.
    """
    world = _world(options, names)
    sizes = _sizes(options, world, knows_things=bool(sights))
    films = [(group, index) for group in GROUPS for index in range(sizes.films[group])]
    if teacher is None and any(group in TAUGHT_GROUPS for group, _ in films):
        teacher = PublishedTower(options.tower)
    watching = Watching(vxl, world, films, options.work, teacher=teacher)
    _follow(in_workers(watching, options.workers), len(films), "films watched")
    if options.watch_only:
        return None
    things = _thing_questions(world, watching, sights, options.things)
    asking = Asking(vxl, JobList(world, watching, sizes, things).jobs())
    records: list[Record] = []
    _follow(in_workers(asking, options.workers), len(asking), "memories asked", records.extend)
    numbers = summary(records, length=options.seconds, num_known=len(sights))
    return _about(vxl, options, world, sizes) | numbers, records


def _thing_questions(
    world: World, watching: Watching, sights: Sequence[str], things_path: Path
) -> dict[tuple[Group, int], list[Asked]]:
    films = [film for film in watching.films if film[0] in TAUGHT_GROUPS]
    if not films:
        return {}
    things = read_things(things_path)
    seen: dict[tuple[Group, int], Seen] = {
        film: seen_things(np.load(watching.things_place(*film)), things, sights) for film in films
    }
    return thing_questions(world, seen, sights)


def _world(options: argparse.Namespace, names: Sequence[str]) -> World:
    pictures = PictureSet.builtin()
    known = tuple(name for name in pictures.names if name in names) if names else pictures.names
    return World(
        options.split, known, draw=options.draw, seconds=float(options.seconds), stills=options.stills,
        clips=options.clips, strangers=options.strangers / options.split,
    )  # fmt: skip


def _sizes(options: argparse.Namespace, world: World, *, knows_things: bool) -> Sizes:
    films = dict.fromkeys(("insert", "edit", "order", "count"), options.films) | {"filler": options.fillers}
    films["stranger"] = -(-options.films // 2) if world.strangers is not None and world.strangers.is_dir() else 0
    films["stills"] = -(-options.films // 2) if knows_things and options.stills is not None else 0
    films["footage"] = -(-options.films // 4) if knows_things else 0
    filler_hours = -(-options.hours // 6)
    return Sizes(films, hours=options.hours, filler_hours=filler_hours, hour_frames=options.hour_frames)


def _follow(items: Any, total: int, what: str, take: Callable[[Any], None] = lambda item: None) -> None:
    """Go through all of them, saying now and then how many there were and how long the others will take."""
    started = time.monotonic()
    for number, item in enumerate(items, start=1):
        take(item)
        if number % LOG_EVERY == 0 or number == total:
            left = (time.monotonic() - started) / number * (total - number)
            log.info("%d of %d %s, about %d s left", number, total, what, left)


def _about(vxl: VideoXL, options: argparse.Namespace, world: World, sizes: Sizes) -> dict[str, Any]:
    config = vxl.model.config
    return {
        "format": FORMAT,
        "command": _command(options),
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": hardware() | {"processes": max(1, options.workers)},
        "versions": {name: version(name) for name in ("videoxl", "torch", "transformers", "numpy")},
        "model": {
            "name": vxl.name,
            "fingerprint": vxl.fingerprint,
            "names": len(world.names),
            "parameters": sum(parameter.numel() for parameter in vxl.model.parameters()),
        },
        "split": options.split,
        "seeds": {"draw": options.draw, "first": {group: world.seed(group, 0) for group in GROUPS}},
        "films": {
            "frames": options.seconds, "fps": 1, "of_group": dict(sizes.films),
            "interval_frames": config.interval_frames, "tokens_per_frame": config.tokens_per_frame,
        },
        "hours": {"frames": sizes.hour_frames, "of_group": sizes.hours, "of_filler": sizes.filler_hours},
        "means": MEANINGS,
    }  # fmt: skip


def _command(options: argparse.Namespace) -> str:
    """As it was typed, without the folders of this machine."""
    shown = ["WORK" if given == str(options.work) else given for given in options.given]
    return " ".join(
        ["python", "recipes/nano/evaluate.py", *(Path(each).name if os.path.isabs(each) else each for each in shown)]
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for what the model makes of frames")
    parser.add_argument("--split", choices=SPLITS, required=True)
    parser.add_argument("--model", default="nano", help="a model's name or folder")
    parser.add_argument("--films", type=int, default=100, help="films of each group of pictures")
    parser.add_argument("--fillers", type=int, default=30, help="films without any")
    parser.add_argument("--hours", type=int, default=60, help="hours of each group that is asked in hours")
    parser.add_argument("--draw", type=int, default=0, help="another number, other films")
    parser.add_argument("--out", type=Path, help="write the numbers here")
    parser.add_argument("--clips", type=Path, help="a folder of footage to use instead of the split's built-in one")
    parser.add_argument("--stills", type=Path, help="a folder of photographs of ordinary things")
    parser.add_argument("--strangers", type=Path, default=HERE / "media" / "strangers", help="SPLIT/*.webp, nameless")
    parser.add_argument("--tower", type=Path, default=HERE / "tower.safetensors", help="published tower, classifier")
    parser.add_argument("--things", type=Path, default=HERE / "things.txt", help="words of the classifier's classes")
    parser.add_argument("--seconds", type=int, default=128, help="length of a film")
    parser.add_argument("--hour-frames", type=int, default=3600, help="length of an hour")
    parser.add_argument("--workers", type=int, default=2, help="processes, each of one thread; 0 for this one only")
    parser.add_argument("--watch-only", action="store_true", help="prepare the films, ask nothing")
    options = parser.parse_args(arguments)
    options.given = list(sys.argv[1:] if arguments is None else arguments)
    if options.films < 1 or options.fillers < 1:
        parser.error(f"got {options.films} films and {options.fillers} fillers; expected 1 or more of each.")
    return options


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


if __name__ == "__main__":
    main()
