"""The model that lmms-eval asks. Requests are grouped by their films: each is watched once, whatever the order.

lmms-eval imports this module by the name in `manifest.py`. Elsewhere it cannot be imported.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from tqdm import tqdm

from videoxl.engine import VideoXL, load
from videoxl.errors import MissingDependencyError, UsageError, VideoError, VideoNotFoundError
from videoxl.integrations.lmms_eval.arguments import ModelArguments
from videoxl.integrations.lmms_eval.question import Film, Question, read_question
from videoxl.memory import CompressedMemory
from videoxl.video import open_video, sample_times

try:
    from lmms_eval.api.instance import GenerationResult, Instance, TokenCounts
    from lmms_eval.api.model import lmms
    from lmms_eval.protocol import ChatMessages
except ImportError as error:
    raise MissingDependencyError(
        f"VideoXLChat is a model of lmms-eval, which cannot be imported here ({error}): `pip install lmms-eval`."
    ) from error

logger = logging.getLogger(__name__)

NUM_NAMES_SHOWN = 10


class VideoXLChat(lmms):
    """Answers questions on films in the order in which they were given."""

    is_simple = False

    def __init__(self, **given: Any) -> None:
        """What `--model_args` may hold stands in `ModelArguments`; anything else is refused."""
        super().__init__()
        self.arguments = ModelArguments.read(given)
        _refuse_several_processes()
        self._vxl: VideoXL | None = None
        self._said: set[str] = set()
        arguments = self.arguments
        self.vxl.watch_config(arguments.sample(), arguments.ratio, arguments.planner, arguments.interval_frames)

    @property
    def vxl(self) -> VideoXL:
        """The model, loaded when it is needed: `clean` lets it go."""
        if self._vxl is None:
            self._vxl = load(self.arguments.pretrained, device=self.arguments.device, dtype=self.arguments.dtype)
        return self._vxl

    def generate_until(self, requests: list[Instance]) -> list[GenerationResult]:
        """An answer to each request, in their order.

        Raises:
            UsageError: A request shows or asks what cannot be watched or done.
            VideoError: A video is missing or cannot be read, and `bad_videos` is `stop`.
        """
        questions = [
            read_question(request.args, self.task_dict, lambda said: ChatMessages(messages=said).messages)
            for request in requests
        ]
        self._say_what_is_not_done(questions)
        if self.arguments.bad_videos == "stop":
            _refuse_missing(questions)
        answers: dict[int, GenerationResult] = {}
        num_empty = 0
        with tqdm(total=len(questions), desc="videoxl", unit="question") as bar:
            for group in _by_films(questions):
                asked = [questions[place] for place in group]
                given = self._answer_all(asked)
                num_empty += given is None
                answers.update(zip(group, given or [GenerationResult(text="")] * len(group), strict=True))
                bar.update(len(group))
        if num_empty:
            logger.warning("%d videos could not be watched; questions on them are answered with nothing.", num_empty)
        return [answers[place] for place in range(len(questions))]

    def loglikelihood(self, requests: list[Instance]) -> NoReturn:
        """Refused: lmms-eval itself asks models with a chat interface for generated answers only."""
        raise UsageError("videoxl gives no log-likelihoods; take a task whose output_type is generate_until.")

    def generate_until_multi_round(self, requests: list[Instance]) -> NoReturn:
        """Refused."""
        raise UsageError("videoxl is asked one round a question; take a task whose output_type is generate_until.")

    def clean(self) -> None:
        """Let the model go; it is loaded again if it is asked again."""
        self._vxl = None
        super().clean()

    def _answer_all(self, questions: Sequence[Question]) -> list[GenerationResult] | None:
        """Answers to questions on the same films; None where these cannot be watched and that is to be gone on with."""
        films = questions[0].films
        try:
            memory = self._watch(films) if films else None
        except VideoError as error:
            spots = _shown(str(question.spot) for question in questions)
            if self.arguments.bad_videos == "stop":
                raise type(error)(
                    f"{error} It is asked about by {spots}. Nothing of this run is kept; "
                    "with bad_videos=empty such questions are answered with nothing, and counted."
                ) from error
            logger.warning("%s It is asked about by %s, which are answered with nothing.", error, spots)
            return None
        times_asked: dict[Any, int] = {}
        answers = []
        for question in questions:
            # lmms-eval repeats a request to see how answers vary: each time is drawn anew, and the same in every run.
            seed = times_asked[question.spot] = times_asked.get(question.spot, -1) + 1
            answers.append(self._answer(memory, question, seed))
        return answers

    def _watch(self, films: Sequence[Film]) -> CompressedMemory:
        """A memory of the films, one behind the other."""
        arguments, memory = self.arguments, None
        for film in films:
            video = open_video(film.source)
            sample = arguments.sample(start_seconds=film.start_seconds, end_seconds=film.end_seconds)
            chosen = sample_times(video.info.duration_seconds, sample)
            if chosen.is_capped:
                self._say_once(
                    "capped",
                    f"max_frames={arguments.max_frames} leaves {len(chosen.seconds_F)} of {chosen.num_requested} "
                    f"frames of {film.name}, evenly spread; other long videos are cut likewise.",
                )
            options: dict[str, Any] = dict(
                fps=sample.fps, num_frames=sample.num_frames, max_frames=sample.max_frames,
                start_seconds=sample.start_seconds, end_seconds=sample.end_seconds, ratio=arguments.ratio,
                planner=arguments.planner, interval_frames=arguments.interval_frames,
            )  # fmt: skip
            if memory is None:
                memory = self.vxl.watch(video, **options)
            else:
                self.vxl.append(memory, video, **options)
            num_lost = memory.about.sources[-1].details.get("frames_lost", 0)
            if num_lost:
                logger.warning("%d of %d frames of %s are lost.", num_lost, len(chosen.seconds_F), film.name)
        assert memory is not None
        return memory

    def _answer(self, memory: CompressedMemory | None, question: Question, seed: int) -> GenerationResult:
        answering = question.answering
        answer = self.vxl.ask(
            memory,
            question.text,
            max_new_tokens=answering.max_new_tokens,
            temperature=answering.temperature,
            seed=seed,
        )
        usage = answer.usage
        counts = TokenCounts(input_tokens=usage.memory_rows + usage.question_tokens, output_tokens=usage.answer_tokens)
        return GenerationResult(text=answering.cut(answer.text), token_counts=counts)

    def _say_what_is_not_done(self, questions: Iterable[Question]) -> None:
        for question in questions:
            task = question.spot.task
            for option in question.answering.ignored:
                self._say_once(option, f"{option}, which {task} asks for, is not done by videoxl.")
            if question.is_reordered:
                self._say_once(f"order of {task}", f"{task} has text before its video; it is asked behind it.")

    def _say_once(self, key: str, sentence: str) -> None:
        if key not in self._said:
            self._said.add(key)
            logger.warning("%s", sentence)


def _by_films(questions: Sequence[Question]) -> Iterator[list[int]]:
    """Places of questions on the same films, in order of first mention."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, question in enumerate(questions):
        groups.setdefault(tuple(film.key for film in question.films), []).append(place)
    yield from groups.values()


def _refuse_missing(questions: Iterable[Question]) -> None:
    """Before anything is watched: a run that cannot end should not begin."""
    missing = dict.fromkeys(film.name for question in questions for film in question.films if film.is_missing)
    if missing:
        raise VideoNotFoundError(
            f"{len(missing)} of the videos that are asked about do not exist: {_shown(missing)}. Nothing was watched; "
            "fetch them, or pass bad_videos=empty to have their questions answered with nothing, and counted."
        )


def _refuse_several_processes() -> None:
    num_processes = int(os.environ.get("WORLD_SIZE", "1"))
    if num_processes > 1:
        raise UsageError(
            f"videoxl runs in one process, this is one of {num_processes}: each would watch every film again. "
            "Start lmms-eval without a launcher, or give each GPU a run with tasks of its own."
        )


def _shown(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - NUM_NAMES_SHOWN
    return ", ".join(listed[:NUM_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
