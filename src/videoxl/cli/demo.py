"""`videoxl demo`: the whole path on a real video file, with the truth beside every answer."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.answering import AnswerPrinter
from videoxl.cli.console import note, print_json, print_pairs
from videoxl.cli.failure import FAILED, naming
from videoxl.cli.home import memories
from videoxl.cli.judging import is_first_moment_right, is_right
from videoxl.cli.loading import load_vxl
from videoxl.errors import UsageError, VideoNotFoundError

if TYPE_CHECKING:
    from videoxl.engine import Answer, VideoXL
    from videoxl.synth.questions import Question
    from videoxl.synth.wording import QuestionKind

KINDS: "tuple[QuestionKind, ...]" = ("what", "when_it", "is_there", "when", "count")
KIND_ASKED_AGAIN: "QuestionKind" = "when"
NUM_DRAWS = 8  # wordings tried for one that was not asked before
MAX_NEW_TOKENS = 48
SEED = 7  # decides which of the inserted pictures is asked for, and how


def demo(
    film: Annotated[
        Path | None,
        typer.Option("--film", metavar="VIDEO", help="Another film, with its facts as NAME.json beside it."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILM.vxl", help="Where the memory goes; default: kept at home."),
    ] = None,
    ratio: opt.Ratio = None,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Watch a film with known facts and ask about it.

    Each answer stands beside the truth; one more question is asked of the saved memory alone, when the film is not
    read any more. Exit 1 if most answers are wrong.
    """
    from videoxl.synth.demo import DEMO

    source = film or DEMO
    path = out or memories() / f"{source.stem}.vxl"
    with naming(source):
        questions = _questions(source)
        vxl = load_vxl(model, device)
        show = _Show(is_json=json)
        show.watch(vxl, source, ratio)
        show.save(path, overwrite=out is None)
        for question in questions[:-1]:
            show.ask(question)
        show.reopen_and_ask(path, questions[-1])
    show.end(path)


def _questions(source: Path) -> "list[Question]":
    """Questions whose answers follow from the film's facts; the last one is for the memory that is opened again."""
    import numpy as np

    from videoxl.synth.facts import FilmFacts
    from videoxl.synth.pictures import PictureSet
    from videoxl.synth.questions import make_questions

    if not source.exists():
        raise VideoNotFoundError(f"{source} does not exist. Check the path, or make a film with `videoxl synth`.")
    beside = source.with_suffix(".json")
    if not beside.exists():
        raise UsageError(
            f"{source} has no {beside.name} beside it, and without facts nothing can be called right. "
            "Make a film with `videoxl synth`, or use `videoxl ask`."
        )
    facts, generator, names = FilmFacts.open(beside), np.random.default_rng(SEED), PictureSet.builtin().names
    asked = make_questions(facts, generator, names=names, kinds=KINDS)
    again = [make_questions(facts, generator, names=names, kinds=[KIND_ASKED_AGAIN]) for _ in range(NUM_DRAWS)]
    texts = {question.text for question in asked}
    fresh = [question for drawn in again for question in drawn if question.text not in texts]
    return [*asked, *(fresh[:1] or asked[-1:])]


class _Show:
    """One run of the demo: what it prints, and how many answers were right."""

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json
        self._document: dict[str, Any] = {}
        self._asked: list[dict[str, Any]] = []

    def watch(self, vxl: "VideoXL", source: Path, ratio: int | None) -> None:
        """Watch with progress, and say what was kept."""
        from videoxl.cli.watching import WatchOptions, is_condensed, kept_json, kept_pairs, watch_with_progress
        from videoxl.video import open_video
        from videoxl.video.clock import clock

        info = open_video(source).info
        watched = watch_with_progress(vxl, source, WatchOptions(fps=1.0, ratio=ratio))
        self._vxl, self._memory = vxl, watched.memory
        summary = watched.memory.summary()
        self._document = {"film": str(source), "model": vxl.name, **kept_json(summary)}
        self._document["seconds"] = watched.seconds
        if not self._is_json:
            print(f"{info.name}: {clock(info.duration_seconds)}, {info.width}x{info.height} {info.codec}")
            pairs = kept_pairs(summary, is_condensed=is_condensed([each.ratio for each in watched.memory.intervals]))
            print_pairs([("model", vxl.name), *pairs, ("seconds", f"{watched.seconds:.1f}")], indent=2)
            print()

    def save(self, path: Path, *, overwrite: bool) -> None:
        """Keep the memory; one that a person named is never replaced."""
        self._memory.save(path, overwrite=overwrite)
        self._document["memory"] = str(path)

    def ask(self, question: "Question") -> None:
        """Ask on the memory at hand, and put the truth beside the answer."""
        printer = AnswerPrinter(self._vxl, self._memory, is_json=self._is_json, has_several=True)
        answer = printer.ask(
            self._vxl.chat(self._memory),
            question.text,
            max_new_tokens=MAX_NEW_TOKENS,
            remark=lambda given: _truth(question, given),
        )
        self._asked.append(
            {
                **answer.to_json(),
                "truth": question.answer,
                "shown": question.spans,
                "is_right": is_right(question, answer),
                "is_first_moment_right": is_first_moment_right(question, answer),
            }
        )

    def reopen_and_ask(self, path: Path, question: "Question") -> None:
        """The same from the file, which holds no picture: the film is not read again."""
        began = time.perf_counter()
        self._memory = self._vxl.open(path)
        opened_seconds = time.perf_counter() - began
        if not self._is_json:
            print(f"opened {path} in {opened_seconds:.2f} s; the film itself is not read any more")
        self.ask(question)
        self._document["reopened_seconds"] = time.perf_counter() - began
        note(f"opened and answered in {self._document['reopened_seconds']:.2f} s")

    def end(self, path: Path) -> None:
        """The score, and what to do next."""
        num_right = sum(asked["is_right"] for asked in self._asked)
        moments = [
            asked["is_first_moment_right"] for asked in self._asked if asked["is_first_moment_right"] is not None
        ]
        if self._is_json:
            print_json({**self._document, "right": num_right, "asked": len(self._asked), "answers": self._asked})
        else:
            print(
                f"{num_right} of {len(self._asked)} answers are right; "
                f"{sum(moments)} of {len(moments)} first moments show what was asked for."
            )
            print(f'Ask yourself: videoxl ask {path} "{self._asked[0]["question"]}"')
        if 2 * num_right < len(self._asked):
            raise typer.Exit(FAILED)


def _truth(question: "Question", answer: "Answer") -> str:
    from videoxl.video.clock import clock

    verdict = "right" if is_right(question, answer) else "WRONG"
    shown = ", ".join(f"{clock(start)}-{clock(stop)}" for start, stop in question.spans)
    return f"{verdict}: {question.answer}, {f'shown at {shown}' if shown else 'never shown'}"
