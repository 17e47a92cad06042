"""Write the pages of docs/reference that are made from the code; with --check, only say whether they are current.

python docs/generate.py
"""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

sys.path.insert(0, str(Path(__file__).parent))
from measured import with_numbers

from videoxl import engine, errors, export, library, memory
from videoxl.cli.app import app

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
WITH_NUMBERS = (
    ROOT / "README.md",
    ROOT / "src" / "videoxl" / "weights" / "nano" / "README.md",
    ROOT / "docs" / "howto" / "export.md",
    ROOT / "docs" / "howto" / "library.md",
    ROOT / "docs" / "howto" / "serve.md",
    ROOT / "docs" / "howto" / "train.md",
    ROOT / "docs" / "explanation" / "ablations.md",
    ROOT / "docs" / "explanation" / "nano-table.md",
    ROOT / "docs" / "explanation" / "hostile-media.md",
)
HEADER = "<!-- Made by docs/generate.py from the code. Change the code, not this page. -->\n"
MODULE_PATH = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")
PUBLIC = (
    engine.load, engine.open, engine.VideoXL, engine.Conversation, engine.AnswerBatch, engine.Turn, engine.JsonSchema,
    engine.Regex, engine.Choices, engine.Answer, engine.Evidence, engine.Usage,
    engine.Timings, engine.Progress, memory.CompressedMemory, memory.Segment, memory.MemoryAbout,
    library.Library, library.Entry, library.WatchSettings, library.Job, library.JobProgress, library.KeptInterval,
    library.Question, library.Hit, library.Collected,
    export.Document, export.Marker, export.Remark, export.Video, export.run_recipe, export.write_document,
)  # fmt: skip


def pages() -> dict[Path, str]:
    """Every generated page with the text that it should have."""
    return {
        REFERENCE / "cli.md": cli_page(),
        REFERENCE / "python.md": python_page(),
        REFERENCE / "errors.md": errors_page(),
        **{path: with_numbers(path.read_text(encoding="utf-8")) for path in WITH_NUMBERS},
    }


def errors_page() -> str:
    """Every error class: when it is raised and how the command line leaves."""
    rows = [
        f"| `{name}` | `{kind.__mro__[1].__name__}` | {kind.exit_code} | {_first_line(kind.__doc__)} |"
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.VideoXLError)
    ]
    return "\n".join(
        [HEADER, "# Errors\n", "| class | is a | exit code | raised for |", "|---|---|---|---|", *rows, ""]
    )


def python_page() -> str:
    """Signatures and first paragraphs of what a person calls."""
    return "\n".join([HEADER, "# Python\n", *map(_thing, PUBLIC)])


def _thing(thing: Any) -> str:
    parts = [f"## {thing.__name__}\n", *_described(thing, thing.__name__)]
    if inspect.isclass(thing):
        for name, member in vars(thing).items():
            if not name.startswith("_") and inspect.isfunction(member):
                parts += [f"### {thing.__name__}.{name}\n", *_described(member, name)]
    return "\n".join(parts)


def _described(thing: Any, name: str) -> list[str]:
    signature = inspect.signature(thing)
    given = [MODULE_PATH.sub("", str(each)) for each in signature.parameters.values() if each.name != "self"]
    lines = [f"{name}(", *(f"    {each}," for each in given), ")"] if given else [f"{name}()"]
    return ["```python", *lines, "```\n", inspect.cleandoc(thing.__doc__ or "") + "\n"]


def cli_page() -> str:
    """All verbs with their arguments and options."""
    group: Any = typer.main.get_command(app)
    parts = [HEADER, "# Command line\n", _prose(group.help), "```\nvideoxl VERB [OPTIONS] ...\n```\n"]
    verbs = dict(_verbs(group))
    anchors = {name: name.replace(" ", "-") for name in verbs}
    summary = [f"| [`{name}`](#videoxl-{anchors[name]}) | {_first_line(verb.help)} |" for name, verb in verbs.items()]
    parts.append("\n".join(["| verb | does |", "|---|---|", *summary]) + "\n")
    parts += [_verb(name, verb) for name, verb in verbs.items()]
    return "\n".join(parts)


def _verbs(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every verb with its whole name: those of a group come as "data check"."""
    for name, verb in group.commands.items():
        if hasattr(verb, "commands"):
            if verb.invoke_without_command:
                yield f"{before}{name}", verb
            yield from _verbs(verb, f"{before}{name} ")
        else:
            yield f"{before}{name}", verb


def _verb(name: str, verb: Any) -> str:
    arguments = [param for param in verb.params if param.param_type_name == "argument"]
    options = [param for param in verb.params if param.param_type_name == "option"]
    usage = " ".join(["videoxl", name, *(param.metavar for param in arguments), "[OPTIONS]"])
    rows = [f"| `{param.metavar}` | {_help(param)} |" for param in arguments]
    rows += [f"| `{_flags(param)}` | {_help(param)} |" for param in options]
    table = ["| argument or option | meaning |", "|---|---|", *rows]
    return "\n".join([f"## videoxl {name}\n", f"```\n{usage}\n```\n", _prose(verb.help), *table, ""])


def _flags(option: Any) -> str:
    """Every option that takes a value names it in our code; flags name nothing."""
    return ", ".join(option.opts) + (f" {option.metavar}" if option.metavar else "")


def _help(param: Any) -> str:
    default = param.default
    shown = "" if callable(default) or default in (None, False, ()) or param.required else f" Default: `{default}`."
    environment = f" Environment: `{param.envvar}`." if param.envvar else ""
    text = (param.help or "").strip()
    return (text if not (shown or environment) or text.endswith(".") else f"{text}.") + shown + environment


def _prose(text: str) -> str:
    """Paragraphs, each on one line."""
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(paragraphs) + "\n"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]


if __name__ == "__main__":
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(pages()[path], encoding="utf-8")
    elif stale:
        sys.exit(f"not current: {', '.join(path.name for path in stale)}; run python docs/generate.py")
