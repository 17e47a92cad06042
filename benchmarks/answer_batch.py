"""Many questions on one watched hour: one after the other, against all at once by `VideoXL.batch`.

    python -m benchmarks.answer_batch [--model nano] [--minutes 60] [--ratio 8] [--questions 32] [--tokens 32]
                                      [--rounds 5]

All questions are there at the beginning, so who is asked last waits for the others. Answers have as many tokens as
`--tokens` says, whatever the model would say: on random rows it has nothing to say. The memory is as large as that of
an hour that was watched.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence

from benchmarks.measurement import in_turns, progress, ratios, summary, write
from benchmarks.open_memory import random_hour
from videoxl.engine import Answer, VideoXL
from videoxl.memory import CompressedMemory

QUESTIONS = (
    "What appears in the film?",
    "When is there a picture of a violin?",
    "Does the film have a picture of an otter?",
    "What was inserted into the film, and how often does it come back?",
)
TOLD_APART = 20  # quantiles: the last of 20 is the 95th percentile


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="an embedded model's name or a folder (default nano)")
    parser.add_argument("--minutes", type=float, default=60, help="length of the video at 1 fps (default 60)")
    parser.add_argument("--ratio", type=int, default=8, help="visual tokens a row (default 8)")
    parser.add_argument("--questions", type=int, default=32, help="questions asked at once (default 32)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens of each answer (default 32)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each form (default 5)")
    options = parser.parse_args()

    import videoxl

    vxl = without_end(videoxl.load(options.model, device="cpu"))
    memory = random_hour(vxl, num_frames=round(60 * options.minutes), ratio=options.ratio)
    questions = [QUESTIONS[number % len(QUESTIONS)] for number in range(options.questions)]
    result = measure(vxl, memory, questions, num_tokens=options.tokens, rounds=options.rounds)
    result = {"model": vxl.name, "minutes": options.minutes, "ratio": options.ratio, **result}
    write("answer_batch", result)
    print(table(result))


def without_end(vxl: VideoXL) -> VideoXL:
    """The model with an end token that its head cannot emit, so that every answer has the length that is asked for."""
    vxl.model.generation_config.eos_token_id = vxl.model.config.text_config.vocab_size
    return vxl


def measure(
    vxl: VideoXL, memory: CompressedMemory, questions: Sequence[str], *, num_tokens: int, rounds: int
) -> dict[str, object]:
    """Both forms, in turns."""
    first_tokens: dict[str, list[list[float]]] = {name: [] for name in FORMS}
    texts: dict[str, list[str]] = {}

    def form(name: str) -> Callable[[], None]:
        def work() -> None:
            answers, waited = FORMS[name](vxl, memory, questions, num_tokens)
            first_tokens[name].append(waited)
            texts[name] = [answer.text for answer in answers]

        return work

    forms = {name: form(name) for name in FORMS}
    for name, work in forms.items():
        work()
        first_tokens[name].clear()
        progress(f"warmed up: {name}")
    timings = in_turns(forms, rounds=rounds)
    all_tokens = num_tokens * len(questions)
    return {
        "rows": memory.num_rows,
        "row_bytes": memory.nbytes,
        "questions": len(questions),
        "tokens": num_tokens,
        "same_texts": texts["batched"] == texts["one by one"],
        "forms": {
            name: {
                **summary(timings[name]),
                "tokens_per_second": all_tokens / min(timing.wall_seconds for timing in timings[name]),
                "first_token_seconds": waiting(first_tokens[name]),
            }
            for name in FORMS
        },
        "times_longer": ratios(timings, ours="batched"),
    }


def one_by_one(
    vxl: VideoXL, memory: CompressedMemory, questions: Sequence[str], num_tokens: int
) -> tuple[list[Answer], list[float]]:
    """Each question when the one before is answered; and how long each waited for its first token."""
    answers, waited, passed_seconds = [], [], 0.0
    for question in questions:
        answer = vxl.ask(memory, question, max_new_tokens=num_tokens)
        answers.append(answer)
        waited.append(passed_seconds + answer.timings.first_token_seconds)
        passed_seconds += answer.timings.total_seconds
    return answers, waited


def batched(
    vxl: VideoXL, memory: CompressedMemory, questions: Sequence[str], num_tokens: int
) -> tuple[list[Answer], list[float]]:
    """All questions in one batch."""
    batch = vxl.batch(memory)
    turns = [batch.add(question, max_new_tokens=num_tokens) for question in questions]
    while len(batch):
        batch.step()
    answers = [turn.answer for turn in turns]
    return answers, [answer.timings.first_token_seconds for answer in answers]


FORMS = {"batched": batched, "one by one": one_by_one}


def waiting(rounds: Sequence[Sequence[float]]) -> dict[str, float]:
    """How long questions wait for their first token, over the rounds."""
    everyone = [seconds for waited in rounds for seconds in waited]
    return {
        "median": statistics.median(everyone),
        "p95": statistics.quantiles(everyone, n=TOLD_APART)[-1] if len(everyone) > 1 else everyone[0],
        "max": max(everyone),
    }


def table(result: dict) -> str:
    """The result for a person."""
    lines = [
        f"{result['questions']} questions of {result['tokens']} tokens on {result['rows']} rows",
        f"{'form':<12}{'tokens/s':>10}{'seconds':>9}{'first token: median':>21}{'p95':>8}",
    ]
    for name, form in result["forms"].items():
        first = form["first_token_seconds"]
        lines.append(
            f"{name:<12}{form['tokens_per_second']:>10.0f}{form['wall_seconds']['min']:>9.2f}"
            f"{first['median']:>19.2f} s{first['p95']:>6.2f} s"
        )
    longer = result["times_longer"]["one by one / batched"]["wall_median"]
    return "\n".join([*lines, f"one by one takes {longer:.1f} times as long"])


if __name__ == "__main__":
    main()
