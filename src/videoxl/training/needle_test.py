"""A needle test during training: films made for it, one picture inserted into each, asked by the model as it is now.

What is said is plain: is the name that was inserted in the answer, and does the best evidence lie where it was shown?
"""

from collections.abc import Callable

import numpy as np

from videoxl.engine.videoxl import VideoXL
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.synth.film import Film
from videoxl.synth.questions import Question, make_questions
from videoxl.synth.script import random_film
from videoxl.training.recipe import NeedleConfig

SPLIT = "validation"  # test films are for the end
ANSWER_TOKENS = 16
NAME = "needle test"

NeedleTest = Callable[[VideoXLForConditionalGeneration], dict[str, float]]


def needle_test(
    config: NeedleConfig,
    processor: VideoXLProcessor,
    *,
    ratio: int,
    planner: str = "fixed",
    fps: float = 1.0,
    seed: int = 0,
) -> NeedleTest:
    """The test of a recipe: the same films and questions whenever it is made."""
    films = [_film(config, index, seed=seed) for index in range(config.films)]
    questions = [_question(film, index, seed=seed) for index, film in enumerate(films)]

    def run(model: VideoXLForConditionalGeneration) -> dict[str, float]:
        was_training = model.training
        vxl = VideoXL(model, processor, name=NAME)
        said, shown = [], []
        try:
            for film, question in zip(films, questions, strict=True):
                memory = vxl.watch(film, fps=fps, ratio=ratio, planner=planner)
                answer = vxl.ask(memory, question.text, max_new_tokens=ANSWER_TOKENS)
                said.append(question.answer in answer.text.lower())
                shown.append(_is_shown(answer.evidence, question))
        finally:
            model.train(was_training)
        return {"needle.said": float(np.mean(said)), "needle.evidence": float(np.mean(shown))}

    return run


def _film(config: NeedleConfig, index: int, *, seed: int) -> Film:
    generator = np.random.default_rng([seed, index])
    return random_film(generator, seconds=config.seconds, num_needles=1, split=SPLIT)


def _question(film: Film, index: int, *, seed: int) -> Question:
    generator = np.random.default_rng([seed, index, 1])
    (question,) = make_questions(film.facts, generator, names=(), kinds=("what",))
    return question


def _is_shown(evidence: object, question: Question) -> bool:
    """Whether the first range of the evidence touches a showing."""
    ranges = list(evidence)  # type: ignore[call-overload]
    if not ranges:
        return False
    first = ranges[0]
    return any(first.start_seconds < stop and start < first.stop_seconds for start, stop in question.spans)
