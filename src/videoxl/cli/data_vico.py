"""`videoxl data vico`: long films into questions that need several clues in the right order."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import complain, note, print_json, print_pairs
from videoxl.cli.duration import parse_seconds
from videoxl.cli.failure import INTERRUPTED
from videoxl.cli.home import home
from videoxl.cli.vico_plugs import Choice, RequestOptions, make_captioner, make_writer

if TYPE_CHECKING:
    from videoxl.vico import VicoProgress, VicoReport

SECONDS_BETWEEN_LINES = 5.0


def vico(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of films and of folders of films; or a film.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.jsonl", help="Where the examples go.")],
    captioner: Annotated[
        str,
        typer.Option(
            "--captioner",
            metavar="WHO",
            help="Who describes clips: facts (of films from videoxl synth), model (see --model), or the address of an "
            "OpenAI-compatible endpoint, as http://localhost:8000/v1.",
        ),
    ],
    captioner_model: Annotated[
        str | None, typer.Option("--captioner-model", metavar="NAME", help="The endpoint's name of its captioner.")
    ] = None,
    captioner_key: Annotated[
        str | None,
        typer.Option("--captioner-key", metavar="VARIABLE", help="Environment variable with its key; default: no key."),
    ] = None,
    writer: Annotated[
        str,
        typer.Option(
            "--writer",
            metavar="WHO",
            help="Who finds key events and writes questions: rules (no language model), or an endpoint's address.",
        ),
    ] = "rules",
    writer_model: Annotated[
        str | None, typer.Option("--writer-model", metavar="NAME", help="The endpoint's name of its writer.")
    ] = None,
    writer_key: Annotated[
        str | None,
        typer.Option("--writer-key", metavar="VARIABLE", help="Environment variable with its key; default: no key."),
    ] = None,
    questions: Annotated[
        int, typer.Option("--questions", "-n", metavar="N", help="Questions of an example, at most.")
    ] = 4,
    clip: Annotated[str, typer.Option("--clip", metavar="TIME", help="Length of a clip, in seconds or 0:14.")] = "14",
    part: Annotated[
        str | None,
        typer.Option("--part", metavar="TIME", help="Cut films into examples of this length, as 3m; default: do not."),
    ] = None,
    frames: Annotated[
        int, typer.Option("--frames", metavar="N", help="Frames of a clip that an endpoint is sent.")
    ] = 4,
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="N", help="Clips that an endpoint is asked about at once.")
    ] = 4,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="How long one request may take, in seconds or 2m.")
    ] = "120",
    retries: Annotated[
        int, typer.Option("--retries", metavar="N", help="Further tries where an endpoint is busy or fails.")
    ] = 4,
    max_bad: Annotated[
        int | None, typer.Option("--max-bad", metavar="N", help="Bad films that are passed over; default: a tenth.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Same seed and films, same questions.")] = 0,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", metavar="FOLDER", help="Where captions and answers are kept; default: in $VIDEOXL_HOME."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    model: opt.Model = opt.DEFAULT_MODEL,
    device: opt.Device = None,
    json: opt.Json = False,
) -> None:
    """Build questions that need several clues in order (VICO).

    Films are cut into clips of 14 seconds, each is described, key events are put in order, and questions are written
    whose answers need several of them. Beside FILE.jsonl lies FILE.jsonl.review with all captions, events and clues.
    After Ctrl-C or a crash the same command goes on: captions and answers are kept by the content they are of.
    """
    from videoxl.vico import VicoBuilder, VicoCache, VicoConfig, find_films, write_vico
    from videoxl.vico.example_lines import check_out

    config = VicoConfig(
        clip_seconds=parse_seconds(clip, option="--clip") or 0.0,
        part_seconds=parse_seconds(part, option="--part"),
        num_questions=questions,
        max_bad_films=max_bad,
        seed=seed,
    )
    check_out(out, overwrite=overwrite)
    films = find_films(folder)
    requests = RequestOptions(timeout, retries, frames, parallel)
    question_writer = make_writer(Choice("--writer", writer, writer_model, writer_key), requests)
    who = Choice("--captioner", captioner, captioner_model, captioner_key)
    builder = VicoBuilder(
        make_captioner(who, requests, model=model, device=device),
        question_writer,
        config=config,
        cache=VicoCache(cache or home() / "vico"),
        progress=_Lines(),
    )
    try:
        report = write_vico(out, builder.parts(films), overwrite=overwrite)
    except KeyboardInterrupt:
        complain("stopped; nothing was written yet, and what was made is kept: the same command goes on.")
        raise typer.Exit(INTERRUPTED) from None
    _print(out, report, is_json=json)


class _Lines:
    """Where the work is, as a line every few seconds."""

    def __init__(self) -> None:
        self._next_seconds = 0.0

    def __call__(self, progress: "VicoProgress") -> None:
        if time.monotonic() < self._next_seconds:
            return
        self._next_seconds = time.monotonic() + SECONDS_BETWEEN_LINES
        films = f"film {progress.num_films + 1}/{progress.total_films}"
        note(f"{films}, {progress.name}: {progress.num_clips}/{progress.total_clips} clips")


def _print(out: Path, report: "VicoReport", *, is_json: bool) -> None:
    from videoxl.vico.example_lines import review_path

    for film in report.bad_films:
        note(f"passed over {film.name}: {film.reason}")
    for reason, number in report.left_out.most_common():
        note(f"left out: {number} x {reason}")
    if is_json:
        return print_json({"file": str(out), "review": str(review_path(out)), **report.to_json()})
    print(out)
    kinds = ", ".join(f"{number} {kind}" for kind, number in report.kinds.most_common())
    pairs = [
        ("films", f"{report.num_films} of {report.num_films + len(report.bad_films)}"),
        ("clips", f"{report.num_clips}, {report.num_kept} described by an earlier run"),
        ("events", str(report.num_events)),
        ("examples", str(report.num_examples)),
        ("questions", f"{report.num_questions} ({kinds})"),
        ("review", str(review_path(out))),
    ]
    print_pairs(pairs, indent=2)
