"""Options that several verbs share, each said once."""

from typing import Annotated

import typer

from videoxl.cli.added_models import added_or_given

Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="The embedded nano, an added model, a folder (ours or official Video-XL), or a hub id.",
        callback=added_or_given,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="DEVICE", envvar="VIDEOXL_DEVICE", help="cpu, cuda, cuda:1, mps; default: the best at hand."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

Fps = Annotated[
    float | None, typer.Option("--fps", metavar="RATE", help="Frames looked at per second of video; default 1.")
]
NumFrames = Annotated[
    int | None, typer.Option("--num-frames", metavar="N", help="So many frames, evenly spread, instead of --fps.")
]
Start = Annotated[
    str | None, typer.Option("--start", metavar="TIME", help="Where to begin: 90, 90s, 1:30, 1m30s; default 0.")
]
End = Annotated[str | None, typer.Option("--end", metavar="TIME", help="Where to stop; default: the end of the video.")]
MaxFrames = Annotated[
    int | None, typer.Option("--max-frames", metavar="N", help="At most so many frames, evenly spread; default: all.")
]
Ratio = Annotated[
    int | None,
    typer.Option(
        "--ratio", "-r", metavar="N", help="Visual tokens per kept row, 1 keeps all; default: the middle one offered."
    ),
]
PlannerChoice = Annotated[
    str,
    typer.Option(
        "--planner", metavar="NAME", help="fixed intervals, or dynamic ones that end where the picture changes."
    ),
]
IntervalFrames = Annotated[
    int | None,
    typer.Option("--interval-frames", metavar="N", help="Frames summarised together, at most; default: the model's."),
]

MaxNewTokens = Annotated[int, typer.Option("--max-new-tokens", metavar="N", help="Cut an answer at so many tokens.")]
Temperature = Annotated[float, typer.Option("--temperature", metavar="T", help="0 is greedy; higher is more varied.")]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", help="Same seed, same words, where the temperature is above 0.")
]
Partial = Annotated[bool, typer.Option("--partial", help="Also ask a memory whose watching was not finished.")]

DEFAULT_MODEL = "nano"
DEFAULT_NEW_TOKENS = 256
