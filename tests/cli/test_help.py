"""The surface: help, version, misuse, and that none of it costs anything."""

import json
import subprocess
import sys

import pytest

from videoxl import __version__

HEAVY = {"torch", "transformers", "av", "numpy", "PIL", "safetensors", "rich", "huggingface_hub"}
VERBS = [
    "ask",
    "watch",
    "chat",
    "info",
    "plan",
    "demo",
    "models",
    "train",
    "inspect",
    "convert",
    "verify",
    "synth",
    "doctor",
]


def modules_after(*arguments):
    """Top-level modules that a fresh interpreter holds after a command."""
    code = (
        "import json, sys\nfrom videoxl.cli import main\n"
        f"try:\n    main({list(map(str, arguments))!r})\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("watch", "--help"), ("--version",), ("nothing-like-it",)])
def test_what_needs_no_model_loads_nothing_heavy(arguments):
    """Help, version and misuse load neither torch nor transformers nor numpy nor rich."""
    assert not modules_after(*arguments) & HEAVY


def test_every_verb_is_listed_with_a_whole_sentence(videoxl):
    """The overview names every verb, none of them cut short."""
    result = videoxl("--help")
    assert result.code == 0
    assert "..." not in result.out.split("Commands:")[1]
    for verb in VERBS:
        assert f"  {verb} " in result.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_says_what_it_does(verb):
    """No argument and no option is without help."""
    import typer

    from videoxl.cli.app import app

    for param in typer.main.get_command(app).commands[verb].params:
        assert param.help, param.name


def test_the_installed_command_says_its_version(start_videoxl):
    """The console script is there and runs."""
    process = start_videoxl("--version")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, f"videoxl {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [("ask",), ("nothing-like-it",), ("watch", "film.mp4", "--fps", "many"), ("info", "a", "--no-such")]
)
def test_misuse_exits_2(videoxl, arguments):
    """What cannot be parsed is said on stderr, with exit code 2."""
    result = videoxl(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert "Error" in result.err
