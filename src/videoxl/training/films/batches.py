"""What each step learns from, drawn by its number: films as visual tokens, and the talk about them, packed.

Everything random follows from the recipe's seed and the step, so it does not matter who draws a batch, nor when: the
process that learns, or workers beside it where a GPU would wait for them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from videoxl.training.films.curriculum import Shape
from videoxl.training.films.examples import Example, draw_example
from videoxl.training.films.frame_bank import FrameBank
from videoxl.training.films.packing import PackedTurns, TurnEncoder, pack
from videoxl.training.films.recipe import Recipe
from videoxl.training.films.step import Film, film_batch, tokens


@dataclass(frozen=True, slots=True)
class FilmBatch:
    """One batch of films of one length and plan."""

    examples: list[Example]
    shape: Shape
    film: Film
    turns: PackedTurns
    seed: int
    """Of what is drawn while the films are watched: rows of other films."""


class FilmBatches(Dataset[FilmBatch]):
    """Batch i is learned at step i."""

    def __init__(self, bank: FrameBank, encoder: TurnEncoder, recipe: Recipe) -> None:
        self.bank, self.encoder, self.recipe = bank, encoder, recipe

    def __len__(self) -> int:
        return self.recipe.num_steps

    def __getitem__(self, step: int) -> FilmBatch:
        recipe = self.recipe
        generator = np.random.default_rng([recipe.seed, step])
        torch_generator = torch.Generator().manual_seed(int(generator.integers(2**31)))
        shape = recipe.curriculum.draw(step / recipe.num_steps, generator)
        num_films = max(1, min(recipe.batch_films, recipe.batch_frames // shape.num_frames))
        examples = [
            draw_example(
                self.bank,
                generator,
                num_frames=shape.num_frames,
                config=recipe.examples,
                asks_for_sights=recipe.examples.talk.takes_inventories or shape.foreign_rows == 0,
            )
            for _ in range(num_films)
        ]
        visual_BFMD = tokens(self.bank, examples)
        noise_B = recipe.token_noise * torch.rand(num_films, 1, 1, 1, generator=torch_generator)
        visual_BFMD = visual_BFMD + noise_B * torch.randn(visual_BFMD.shape, generator=torch_generator)
        share = recipe.examples.second_turn_share
        blocks = [self.encoder.blocks(example.turns, generator, second_turn_share=share) for example in examples]
        turns = pack(blocks, pad_id=self.encoder.tokenizer.pad_token_id)
        return FilmBatch(examples, shape, film_batch(examples, visual_BFMD), turns, int(generator.integers(2**31)))


def batch_of(items: list[FilmBatch]) -> dict[str, FilmBatch]:
    """A loader's collate: items are batches already."""
    [batch] = items
    return {"batch": batch}
