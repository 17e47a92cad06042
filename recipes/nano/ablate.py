"""What the parts of the method are worth at nano's scale: the paper's ablations, on films of cached frames.

    python recipes/nano/ablate.py RUN --out benchmarks/results/ablations.json [--steps 450] [--seeds 3]

RUN is the folder of a finished `videoxl train recipes/nano.yaml --out RUN`: its bank is what decoders are trained on
here, a short while each. They are asked about films of frames of the validation split (other footage, other
renderings), which are made once and kept in RUN. What is trained:

    all              curriculum over length and ratio, a random ratio for every interval: the recipe, shortened
    no curriculum    the last stage's lengths and ratios from the first step on
    fixed ratio      8:1 everywhere
    ratio a video    one random ratio for all intervals of a film

and, with the decoder of `all`, what a memory of a sixteenth of the rows may be made of instead of VSTs: average
pooling, every sixteenth frame, random rows; and intervals cut where the picture changes, at test only.
Resumable: a decoder that is trained is not trained again.
"""

import argparse
import json
import logging
import platform
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from videoxl.compression.dynamic import DynamicPlanner
from videoxl.compression.interval import Interval
from videoxl.compression.planner import FixedPlanner
from videoxl.memory.cache import BatchMemory
from videoxl.memory.key_values import KeyValues
from videoxl.model import VideoXLForConditionalGeneration
from videoxl.training.films.bank_frames import BankConfig, BankFrames, frame_bank, make_bank
from videoxl.training.films.composites import Artist
from videoxl.training.films.curriculum import Curriculum, Shape, Stage
from videoxl.training.films.examples import Example, draw_example
from videoxl.training.films.foreign_rows import ForeignRows
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.packing import TurnEncoder, pack
from videoxl.training.films.recipe import Recipe, read_recipe
from videoxl.training.films.run import FilmRun
from videoxl.training.films.step import Watched, film_batch, read, tokens, watch
from videoxl.training.films.trainer import FilmTrainer, right_answers

HERE = Path(__file__).parent
HELD_OUT = BankConfig(told=0, insert=3, edit=0, stranger=150, scene=1500, crop=0)
NUM_FRAMES, NUM_FILMS, BATCH = 128, 96, 8
BUDGET = 16
DECODER = "decoder.safetensors"
RATIOS = (1, 8, 16, 32)
KINDS = ("what", "is_there.yes", "is_there.no", "first", "last", "after", "before", "count", "list", "when.<time>")

log = logging.getLogger("ablate")


def main() -> None:
    """Train what is missing, ask, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--recipe", type=Path, default=HERE.parent / "nano.yaml")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--as-it-is", action="store_true", help="train nothing more; ask the decoders that there are")
    parser.add_argument("--only", nargs="*", help="train only these; nothing is asked or written")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    run = FilmRun(at_one_look(read_recipe(options.recipe)), options.recipe.parent, options.run)
    held_out = validation_bank(run)
    rows = []
    for name, changed in variants(run.recipe, options.steps).items():
        if options.only and name not in options.only:
            continue
        for seed in range(options.seeds):
            folder = options.run / "ablations" / f"{name}-{seed}"
            if options.as_it_is and not (folder / DECODER).exists():
                continue
            model, encoder = trained(run, replace(changed, seed=seed), folder)
            if not options.only:
                rows += ask(model, encoder, held_out, run.recipe, name, seed)
    if not options.only:
        write(rows, options)


def at_one_look(recipe: Recipe) -> Recipe:
    """The recipe without inventories: what is compared is what a memory tells, not what was read of it in steps."""
    talk = replace(recipe.examples.talk, takes_inventories=False)
    return replace(recipe, examples=replace(recipe.examples, talk=talk))


def variants(recipe: Recipe, steps: int) -> dict[str, Recipe]:
    """What is trained."""
    stages = (
        Stage(0.3, (8, 16), (1, 2, 4)),
        Stage(0.6, (16, 32), (1, 2, 4, 8)),
        Stage(1.0, (24, 48, 64), (1, 2, 4, 8, 16)),  # 1:1 too: what the memories without VSTs are made of
    )
    whole = Curriculum(stages, interval_frames=recipe.curriculum.interval_frames)
    last = Curriculum((stages[-1],), interval_frames=whole.interval_frames)
    fixed = Curriculum(tuple(replace(stage, ratios=(8,)) for stage in stages), interval_frames=whole.interval_frames)
    base = replace(recipe, num_steps=steps, curriculum=whole)
    return {
        "all": base,
        "no curriculum": replace(base, curriculum=last),
        "fixed ratio": replace(base, curriculum=fixed),
        "ratio a video": replace(base, curriculum=replace(whole, mixed_share=0.0)),
    }


def validation_bank(run: FilmRun) -> FrameBank:
    """Frames that no part of the model has been trained on."""
    artist = Artist("validation", side=run.recipe.model.image_size, media=run.beside / (run.recipe.media or "."))
    tagger = run.tagging.tagger.eval().requires_grad_(False)
    frames = BankFrames(artist, tagger, run.frozen, run.beginning[1], HELD_OUT)
    tensors = make_bank(frames, run.folder / "validation.safetensors", workers=1)
    return frame_bank(
        tensors, names=artist.names, things=run.things, gate=run.gate, focus=run.focus, sights=run.sights,
        config=HELD_OUT,
    )  # fmt: skip


def trained(run: FilmRun, recipe: Recipe, folder: Path) -> tuple[VideoXLForConditionalGeneration, TurnEncoder]:
    """A decoder of one variant and seed."""
    model, processor = FilmRun(replace(recipe, tagger=run.recipe.tagger), run.beside, run.folder).decoder()
    path = folder / DECODER
    if not path.exists():
        trainer = FilmTrainer(model, processor, run.bank, recipe, folder, save_every=recipe.num_steps)
        trainer.run()
        save_file({name: tensor.contiguous() for name, tensor in model.decoder.state_dict().items()}, path)
    model.decoder.load_state_dict(load_file(path))
    return model.eval(), TurnEncoder(processor)


@torch.no_grad()
def ask(
    model: VideoXLForConditionalGeneration, encoder: TurnEncoder, bank: FrameBank, recipe: Recipe, name: str, seed: int
) -> list[dict[str, Any]]:
    """Shares of right answers of one decoder, for every way to make a memory."""
    plans: dict[str, Callable[[np.ndarray], list[Interval]]] = {
        f"VST {ratio}:1": lambda seen, ratio=ratio: _fixed(ratio, recipe.curriculum.interval_frames) for ratio in RATIOS
    }
    ways: dict[str, Callable[[Sequence[Example]], Watched]] = {
        way: lambda films, plan=plan: _watched(model, encoder, bank, films, plan) for way, plan in plans.items()
    }
    if name == "all":
        generator = torch.Generator().manual_seed(seed)
        ways |= {
            "average pooling 16:1": lambda films: _raw(model, encoder, bank, films, _pooled),
            "every 16th frame": lambda films: _raw(model, encoder, bank, films, lambda visual: visual[:, ::BUDGET]),
            "random rows 16:1": lambda films: _random_rows(model, encoder, bank, films, generator),
            "VST 8:1, dynamic intervals": lambda films: _watched(model, encoder, bank, films, _dynamic),
        }
    found = []
    for way, make in ways.items():
        shares = _shares(model, encoder, bank, recipe, make, alone="dynamic" in way)
        log.info("%s, seed %d, %s: %s", name, seed, way, shares)
        found.append({"trained": name, "seed": seed, "memory": way, **shares})
    return found


def _shares(
    model: VideoXLForConditionalGeneration,
    encoder: TurnEncoder,
    bank: FrameBank,
    recipe: Recipe,
    make: Callable[[Sequence[Example]], Watched],
    *,
    alone: bool,
) -> dict[str, float]:
    """Right answers by kind; the same films for every way."""
    generator = np.random.default_rng(7)
    config = replace(recipe.examples, single_share=0.4, repeat_share=0.0, second_turn_share=0.0)
    films = [
        draw_example(bank, generator, num_frames=NUM_FRAMES, config=config, asks_for_sights=False)
        for _ in range(NUM_FILMS)
    ]
    size, found = (1 if alone else BATCH), defaultdict(list)
    for start in range(0, NUM_FILMS, size):
        part = films[start : start + size]
        blocks = [[encoder.block([turn]) for turn in film.turns] for film in part]
        turns = pack(blocks, pad_id=encoder.tokenizer.pad_token_id)
        reading = read(model, make(part), turns, look_layers=())
        for kind, values in right_answers(part, reading, turns.labels_BT, encoder).items():
            found[kind] += values
    shares = {kind: round(float(np.mean(found[kind])), 4) for kind in KINDS if found[kind]}
    return {**shares, "mean": round(float(np.mean(list(shares.values()))), 4)}


def _fixed(ratio: int, interval_frames: int) -> list[Interval]:
    planner = FixedPlanner(ratio, interval_frames=interval_frames)
    return [*planner.feed(np.zeros((NUM_FRAMES, 1))), *planner.flush()]


def _dynamic(seen_FD: np.ndarray) -> list[Interval]:
    planner = DynamicPlanner(8)
    return [*planner.feed(seen_FD), *planner.flush()]


def _watched(
    model: VideoXLForConditionalGeneration,
    encoder: TurnEncoder,
    bank: FrameBank,
    films: Sequence[Example],
    plan: Callable[[np.ndarray], list[Interval]],
) -> Watched:
    """Memories as training makes them."""
    visual_BFMD = tokens(bank, films)
    shape = Shape(NUM_FRAMES, tuple(plan(visual_BFMD[0].mean(1).numpy())), 0)
    return watch(
        model, film_batch(films, visual_BFMD), shape, before_ids=encoder.before, foreign=ForeignRows(1),
        generator=torch.Generator(),
    )  # fmt: skip


def _raw(
    model: VideoXLForConditionalGeneration,
    encoder: TurnEncoder,
    bank: FrameBank,
    films: Sequence[Example],
    fewer: Callable[[torch.Tensor], torch.Tensor],
) -> Watched:
    """Memories of raw rows of fewer visual tokens."""
    visual_BFMD = fewer(tokens(bank, films))
    batch, num_frames = visual_BFMD.shape[:2]
    film = replace(
        film_batch(films, tokens(bank, films)), visual_BFMD=visual_BFMD,
        shows_BXF=torch.zeros(batch, 1, num_frames, dtype=torch.bool),
        has_picture_BF=torch.zeros(batch, num_frames, dtype=torch.bool),
    )  # fmt: skip
    shape = Shape(num_frames, (Interval(0, num_frames, 1),), 0)
    return watch(model, film, shape, before_ids=encoder.before, foreign=ForeignRows(1), generator=torch.Generator())


def _pooled(visual_BFMD: torch.Tensor) -> torch.Tensor:
    """Means of sixteen visual tokens in a row, as frames of one token."""
    return visual_BFMD.flatten(1, 2).unflatten(1, (-1, BUDGET)).mean(2)[:, :, None]


def _random_rows(
    model: VideoXLForConditionalGeneration,
    encoder: TurnEncoder,
    bank: FrameBank,
    films: Sequence[Example],
    generator: torch.Generator,
) -> Watched:
    """A sixteenth of the raw rows of the whole film."""
    interval_frames = model.config.interval_frames
    whole = _watched(model, encoder, bank, films, lambda seen: _fixed(1, interval_frames))
    first = len(encoder.before)
    num_rows = whole.past.num_rows - first
    kept = first + torch.randperm(num_rows, generator=generator)[: num_rows // BUDGET].sort().values
    kept = torch.cat([torch.arange(first), kept])
    past = BatchMemory(rotate=model.decoder.rotate)
    layers = [whole.past.memory_of(layer).joined() for layer in range(len(model.decoder.layers))]
    past.append_rotated(KeyValues(*(torch.stack([rows[part] for rows in layers])[:, :, :, kept] for part in range(2))))
    shows = torch.zeros(len(films), 1, past.num_rows, dtype=torch.bool)
    return Watched(past, torch.arange(past.num_rows) >= first, shows)


def write(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """The table, with what it was measured by."""
    about = {
        "command": f"python recipes/nano/ablate.py RUN --steps {options.steps} --seeds {options.seeds}",
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "films": NUM_FILMS,
        "frames": NUM_FRAMES,
        "split": "validation",
        "steps": options.steps,
    }
    options.out.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
