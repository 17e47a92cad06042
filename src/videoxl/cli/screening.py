"""One film of the demo: what is said of it, the truth beside every answer, and the score."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoxl.cli.answering import AnswerPrinter
from videoxl.cli.console import note, print_pairs
from videoxl.cli.judging import is_first_moment_right, is_right
from videoxl.compression.size import ByteSize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videoxl.cli.watching import Watched
    from videoxl.engine import Answer, VideoXL
    from videoxl.synth.questions import Question
    from videoxl.video import VideoInfo

MAX_NEW_TOKENS = 48


class Screening:
    """A film that was watched, asked about and judged by its facts."""

    def __init__(self, vxl: "VideoXL", info: "VideoInfo", watched: "Watched", *, is_json: bool) -> None:
        """Say what was watched and what was kept of it."""
        from videoxl.cli.watching import is_condensed, kept_json, kept_pairs
        from videoxl.video.clock import clock

        self._vxl, self._memory, self._is_json = vxl, watched.memory, is_json
        self._asked: list[dict[str, Any]] = []
        summary = watched.memory.summary()
        self._document: dict[str, Any] = {"film": str(info.path), "model": vxl.name, **kept_json(summary)}
        self._document |= {"seconds": watched.seconds, "frames_watched": watched.num_frames_watched}
        if not is_json:
            print(f"{info.name}: {clock(info.duration_seconds)}, {info.width}x{info.height} {info.codec}")
            pairs = kept_pairs(summary, is_condensed=is_condensed([each.ratio for each in watched.memory.intervals]))
            print_pairs([("model", vxl.name), *pairs, ("seconds", f"{watched.seconds:.1f}")], indent=2)
            print(flush=True)

    def ask(self, question: "Question") -> None:
        """Ask on the memory at hand, and put the truth beside the answer."""
        printer = AnswerPrinter(self._vxl, self._memory, is_json=self._is_json, has_several=True, says_limits=False)
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

    def reopen_and_ask(self, path: Path, questions: "Sequence[Question]") -> None:
        """Ask of the file alone, which holds no picture: the film is not read any more."""
        from videoxl.memory import inspect

        disk_bytes = inspect(path).disk_bytes
        began = time.perf_counter()
        self._memory = self._vxl.open(path)
        opened_seconds = time.perf_counter() - began
        if not self._is_json:
            size = ByteSize(disk_bytes)
            print(f"opened {path} ({size}) in {opened_seconds:.2f} s; the film itself is not read any more")
        self.ask(questions[0])
        self._document |= {"memory": str(path), "disk_bytes": disk_bytes}
        self._document["reopened_seconds"] = time.perf_counter() - began
        note(f"opened and answered in {self._document['reopened_seconds']:.2f} s")
        for question in questions[1:]:
            self.ask(question)

    def say_score(self) -> None:
        """How many answers are right; said whatever it is."""
        if self._is_json:
            return
        judged = [asked["is_first_moment_right"] for asked in self._asked]
        moments = [is_moment_right for is_moment_right in judged if is_moment_right is not None]
        print(
            f"{self._num_right} of {len(self._asked)} answers are right; "
            f"{sum(moments)} of {len(moments)} first moments show what was asked for.",
            flush=True,
        )

    def to_json(self) -> dict[str, Any]:
        """All of it for programs."""
        return {**self._document, "right": self._num_right, "asked": len(self._asked), "answers": self._asked}

    @property
    def _num_right(self) -> int:
        return sum(asked["is_right"] for asked in self._asked)


def _truth(question: "Question", answer: "Answer") -> str:
    from videoxl.video.clock import clock

    verdict = "right" if is_right(question, answer) else "WRONG"
    shown = ", ".join(f"{clock(start)}-{clock(stop)}" for start, stop in question.spans)
    return f"{verdict}: {question.answer}, {f'shown at {shown}' if shown else 'never shown'}"
