"""`videoxl doctor`: what this installation has, and what it lacks."""

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from videoxl import __version__
from videoxl.cli import options as opt
from videoxl.cli.console import print_json, print_pairs
from videoxl.cli.failure import FAILED
from videoxl.cli.home import home
from videoxl.cli.loading import quieten

NEEDED = ("torch", "transformers", "safetensors", "numpy", "PIL", "av")
PACKAGES = {"PIL": "pillow"}
GUARD = "guard: "


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    value: str
    is_fine: bool = True
    is_held: bool | None = None
    """Of a guard only: whether it is in force."""


def doctor(json: opt.Json = False) -> None:
    """Look at what this installation has and lacks.

    Versions, decoders, devices, memory, disk, the embedded model, and which guards keep the decoding of strangers'
    videos in; exit 1 if something that is needed is missing.
    """
    quieten()
    guards = _guards()
    findings = [*_findings(), *guards]
    is_fine = all(finding.is_fine for finding in findings)
    if json:
        held = {finding.name.removeprefix(GUARD): finding.is_held for finding in guards if finding.is_held is not None}
        print_json(
            {
                "is_fine": is_fine,
                "findings": [_plain(finding) for finding in findings],
                "guards": {
                    "held": [name for name, is_held in held.items() if is_held],
                    "missing": [name for name, is_held in held.items() if not is_held],
                },
            }
        )
    else:
        print_pairs(
            [(finding.name, finding.value + ("" if finding.is_fine else "  <- needed")) for finding in findings]
        )
    if not is_fine:
        raise typer.Exit(FAILED)


def _findings() -> Iterator[Finding]:
    yield Finding("videoxl", f"{__version__} at {Path(__file__).parents[1]}")
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    yield from (_import(name) for name in NEEDED)
    yield _torchcodec()
    yield from _machine()
    yield from _disk()
    yield _nano()


def _import(name: str) -> Finding:
    """A package that is needed, found by importing it."""
    try:
        module = importlib.import_module(name)
        ffmpeg = f" with FFmpeg {module.ffmpeg_version_info}" if hasattr(module, "ffmpeg_version_info") else ""
        return Finding(name, _version(PACKAGES.get(name, name)) + ffmpeg)
    except Exception as error:  # a broken install fails in many ways, and each is what we came to see
        return Finding(name, f"cannot be imported ({type(error).__name__}: {_first_line(error)})", is_fine=False)


def _torchcodec() -> Finding:
    try:
        importlib.import_module("torchcodec.decoders")
    except ModuleNotFoundError:
        return Finding("torchcodec", "not installed (optional; PyAV reads videos)")
    except Exception as error:
        return Finding("torchcodec", f"installed but does not work ({_first_line(error)}); PyAV reads videos")
    return Finding("torchcodec", f"{_version('torchcodec')}, used where it can be")


def _machine() -> Iterator[Finding]:
    try:
        import torch

        from videoxl.compression.size import ByteSize
        from videoxl.engine.preflight import free_bytes
    except Exception as error:
        yield Finding("devices", f"unknown ({_first_line(error)})", is_fine=False)
        return
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    yield Finding("devices", ", ".join([*gpus, *mps, "cpu"]))
    yield Finding("threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores")
    devices = ["cpu", *(f"cuda:{index}" for index in range(len(gpus)))]
    for device in devices:
        free = free_bytes(torch.device(device))
        yield Finding(f"free memory, {device}", "unknown" if free is None else str(ByteSize(free)))


def _disk() -> Iterator[Finding]:
    from videoxl.compression.size import ByteSize

    place = home()
    yield Finding("VIDEOXL_HOME", str(place) + ("" if place.exists() else " (made when it is first needed)"))
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    yield Finding("free disk there", str(ByteSize(shutil.disk_usage(existing).free)))
    yield Finding("may be written", *(("yes", True) if os.access(existing, os.W_OK) else ("no", False)))


def _nano() -> Finding:
    if "torch" not in sys.modules:
        return Finding("nano", "not looked at, torch is missing", is_fine=False)
    from videoxl.engine.loading import model_path

    folder = Path(model_path("nano"))
    is_there = (folder / "config.json").is_file()
    return Finding("nano", f"at {folder}" if is_there else f"no weights at {folder}", is_fine=is_there)


def _guards() -> list[Finding]:
    """What keeps a process in that decodes what a server was sent."""
    from videoxl.errors import MissingDependencyError, VideoXLError
    from videoxl.video.isolated_guards import guards_here

    try:
        guards = guards_here()
    except MissingDependencyError as error:
        return [Finding("isolated decoding", f"not on this system ({_first_line(error)})")]
    except (VideoXLError, ImportError) as error:
        return [Finding("isolated decoding", f"does not work ({_first_line(error)})", is_fine=False)]
    return [
        Finding(
            f"{GUARD}{guard.name}", f"{'in force' if guard.is_held else 'missing'}: {guard.what}", True, guard.is_held
        )
        for guard in guards
    ]


def _plain(finding: Finding) -> dict[str, object]:
    return {name: value for name, value in asdict(finding).items() if value is not None}


def _version(package: str) -> str:
    from importlib.metadata import version  # takes as long to import as all of --help

    return version(package)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
