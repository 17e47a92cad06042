"""`videoxl info`: what a memory or a video is, without loading a model."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoxl.cli import options as opt
from videoxl.cli.console import print_json, print_pairs
from videoxl.cli.sources import is_memory, open_source

if TYPE_CHECKING:
    from videoxl.memory import Inspection, MemorySource
    from videoxl.video import VideoInfo


def info(
    source: Annotated[Path, typer.Argument(metavar="VXL_OR_VIDEO", help="A memory, a video, or a folder of pictures.")],
    verify: Annotated[bool, typer.Option("--verify", help="Read every shard of a memory for a changed byte.")] = False,
    json: opt.Json = False,
) -> None:
    """Say what a memory holds, or what a video is."""
    if is_memory(source):
        from videoxl.memory import inspect

        inspection = inspect(source, verify=verify)
        print_json(_memory_json(inspection, verify)) if json else _print_memory(inspection, verify)
        return

    about = open_source(source).info
    print_json(asdict(about)) if json else _print_video(about)


def _print_memory(inspection: "Inspection", is_verified: bool) -> None:
    from videoxl.cli.watching import is_condensed, kept_pairs
    from videoxl.compression.size import ByteSize

    manifest = inspection.manifest
    about = manifest.about
    state = "complete" if manifest.is_complete else "unfinished: the same `videoxl watch` goes on with it"
    ratios = [segment.ratio for segment in manifest.segments if segment.kind == "interval"]
    print(inspection.path)
    pairs = [
        ("state", state),
        ("format", str(inspection.format_version)),
        ("on disk", f"{ByteSize(inspection.disk_bytes)}" + (", every byte as it was written" if is_verified else "")),
        ("model", f"{about.model_name} (fingerprint {about.model_fingerprint[:12]})"),
        *(("video", _source(source)) for source in about.sources),
        ("settings", ", ".join(f"{name} {value}" for name, value in about.plan.items() if value is not None)),
        *kept_pairs(manifest.summary(), is_condensed=is_condensed(ratios)),
        ("made with", f"videoxl {about.created_with}"),
    ]
    print_pairs(pairs, indent=2)


def _source(source: "MemorySource") -> str:
    from videoxl.video.clock import clock

    details = source.details
    parts = [source.name, clock(source.duration_seconds)]
    if details.get("width"):
        parts.append(f"{details['width']}x{details['height']} {details.get('codec', '')}".strip())
    if details.get("frames_lost"):
        parts.append(f"{details['frames_lost']} frames lost")
    return ", ".join([*parts, f"sha256 {source.sha256[:12]}"])


def _memory_json(inspection: "Inspection", is_verified: bool) -> dict[str, Any]:
    from videoxl.cli.watching import kept_json

    manifest = inspection.manifest
    return {
        "path": str(inspection.path),
        "is_complete": manifest.is_complete,
        "is_verified": is_verified,
        "format_version": inspection.format_version,
        "disk_bytes": inspection.disk_bytes,
        **asdict(manifest.about),
        **kept_json(manifest.summary()),
    }


def _print_video(about: "VideoInfo") -> None:
    from videoxl.compression.size import ByteSize
    from videoxl.video.clock import clock

    rate = "unknown frame rate" if about.fps is None else f"{about.fps:.6g} frames/s"
    turned = f", turned {about.rotation} degrees" if about.rotation else ""
    print(about.path)
    pairs = [
        ("duration", f"{clock(about.duration_seconds)} ({about.duration_seconds:.3f} s)"),
        ("pictures", f"{about.width}x{about.height}, {rate}, {about.codec}{turned}"),
        ("sound", "yes" if about.has_audio else "no"),
        ("size", str(ByteSize(about.size_bytes))),
    ]
    claimed = about.claimed_duration_seconds
    if claimed is not None and abs(claimed - about.duration_seconds) > 1:
        pairs.append(("claimed", f"{clock(claimed)} by its header"))
    print_pairs(pairs, indent=2)
