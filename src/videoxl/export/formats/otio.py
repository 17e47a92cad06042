"""OpenTimelineIO: the whole video on a track, with a marker at each moment; several videos follow one another."""

from typing import Any
from urllib.parse import quote

from videoxl.errors import MissingDependencyError
from videoxl.export.document import Document
from videoxl.export.formats.format import Format
from videoxl.export.marker import Marker
from videoxl.export.plain_text import one_line
from videoxl.export.video import Video

RATE_WITHOUT_FRAMES = 1000.0  # milliseconds, of a video whose frame rate is not known
NAMESPACE = "videoxl"  # of what we put into metadata
INDENT = 2


def _write(document: Document) -> str:
    otio = _opentimelineio()
    timeline = otio.schema.Timeline(name=document.title)
    timeline.metadata[NAMESPACE] = {
        "recipe": document.recipe,
        "query": document.query or "",
        "model": document.model,
        "remarks": [{"label": remark.label, "text": remark.text} for remark in document.remarks],
        "notes": list(document.notes),
    }
    track = otio.schema.Track(name="moments", kind=otio.schema.TrackKind.Video)
    for source, video in enumerate(document.videos):
        markers = [marker for marker in document.markers if marker.source == source]
        track.append(_clip(otio, video, markers))
    timeline.tracks.append(track)
    return otio.adapters.write_to_string(timeline, "otio_json", indent=INDENT)


def _clip(otio: Any, video: Video, markers: list[Marker]) -> Any:
    rate = video.fps or RATE_WITHOUT_FRAMES
    seconds = video.duration_seconds or max((marker.stop_seconds for marker in markers), default=0.0)
    whole = _range(otio, 0.0, seconds, rate)
    name = quote(video.name, safe="")  # the name of a file beside the timeline, and never an address
    media = otio.schema.ExternalReference(target_url=name, available_range=whole)
    clip = otio.schema.Clip(name=video.name, media_reference=media, source_range=whole)
    clip.markers.extend(_marker(otio, marker, rate) for marker in markers)
    return clip


def _marker(otio: Any, marker: Marker, rate: float) -> Any:
    made = otio.schema.Marker(
        name=one_line(marker.text), marked_range=_range(otio, marker.start_seconds, marker.stop_seconds, rate)
    )
    made.comment = marker.text
    made.metadata[NAMESPACE] = {
        "label": marker.label,
        "text": marker.text,
        "start_seconds": marker.start_seconds,
        "stop_seconds": marker.stop_seconds,
        **({} if marker.score is None else {"score": marker.score}),
    }
    return made


def _range(otio: Any, start_seconds: float, stop_seconds: float, rate: float) -> Any:
    """In whole frames, as editors count."""
    start, stop = round(start_seconds * rate), round(stop_seconds * rate)
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(start_time=time(start, rate), duration=time(stop - start, rate))


def _opentimelineio() -> Any:
    try:
        import opentimelineio
    except ImportError as error:
        raise MissingDependencyError(
            f"otio files are written by OpenTimelineIO, which does not import ({error}). "
            "Install it with: pip install 'videoxl[otio]'"
        ) from error
    return opentimelineio


OTIO = Format(
    name="otio",
    suffixes=(".otio",),
    media_type="application/vnd.pixar.opentimelineio+json",
    about="OpenTimelineIO for video editors: the whole video with a marker at each moment.",
    write=_write,
)
