"""Commands run as a person runs them: arguments in, exit code and two streams out, on a tiny model in a folder."""

import io
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

QUESTION = "what appears in the film ?"


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """Lines that say what went wrong."""
        return [line for line in self.err.splitlines() if line.startswith("videoxl: ")]


@pytest.fixture(scope="session")
def model_folder(make_model: Callable, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model in our format, saved as training saves one."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_model(evidence_layers=[1, 2]).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture
def videoxl(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., Result]:
    """Runs a command in this process, in an empty folder, with a home of its own."""
    from videoxl.cli import main

    monkeypatch.setenv("VIDEOXL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIDEOXL_LOG", raising=False)
    monkeypatch.setenv("VIDEOXL_DEVICE", "cpu")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, typed: str = "") -> Result:
        words = [str(argument) for argument in arguments]
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        monkeypatch.setattr(sys, "argv", ["videoxl", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(words)
        streams = capsys.readouterr()
        code = end.value.code
        return Result(code if isinstance(code, int) else int(bool(code)), streams.out, streams.err)

    return run


@pytest.fixture
def start_videoxl(tmp_path: Path) -> Callable[..., subprocess.Popen]:
    """Starts the installed command in a process of its own, which does not outlive the test."""
    script = Path(sysconfig.get_path("scripts")) / "videoxl"
    started: list[subprocess.Popen] = []

    def start(*arguments: object) -> subprocess.Popen:
        environment = {**os.environ, "VIDEOXL_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
        process = subprocess.Popen(
            [script, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            env=environment, cwd=tmp_path,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def make_film(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a film of so many seconds, each of one colour, at 4 frames a second."""
    from videoxl.video.writer import FilmWriter

    folder = tmp_path_factory.mktemp("films")

    def make(seconds: int, *, name: str = "film.mp4") -> Path:
        path = folder / f"{seconds}" / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            colours = np.random.default_rng(seconds).integers(0, 256, (seconds, 3), dtype=np.uint8)
            with FilmWriter(path, width=64, height=48, fps=4) as writer:
                for index in range(seconds * 4):
                    writer.write(np.broadcast_to(colours[index // 4], (48, 64, 3)))
        return path

    return make


@pytest.fixture
def film(make_film: Callable[..., Path]) -> Path:
    """Twelve seconds of colours."""
    return make_film(12)


@pytest.fixture
def memory(videoxl: Callable[..., Result], film: Path, model_folder: Path, tmp_path: Path) -> Path:
    """The film, watched into a memory."""
    path = tmp_path / "film.vxl"
    result = videoxl("watch", film, "-o", path, "--ratio", 4, "--model", model_folder)
    assert result.code == 0, result.err
    return path


def flip_last_byte(memory: Path) -> None:
    """Damage a shard of a memory so that only reading it shows."""
    shard = next(memory.glob("*.safetensors"))
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, with its bytes."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
