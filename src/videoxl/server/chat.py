"""Chats: their videos watched into one memory, if they are not yet, and their question asked of it."""

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from videoxl.library import Entry, WatchSettings
from videoxl.library.fetch_name import safe_name
from videoxl.server.answering import Ask
from videoxl.server.dialogue import dialogue
from videoxl.server.memories import READY_SECONDS, Memories
from videoxl.server.problem import Problem
from videoxl.server.protocol.chat import ChatBody, FilePart, MediaPart, VideoPart
from videoxl.server.protocol.memories import Density, Source
from videoxl.server.site import Site
from videoxl.server.sources import Video

if TYPE_CHECKING:
    from videoxl.engine import VideoXL
    from videoxl.engine.constrained import Constraint


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat, understood."""

    entry: Entry | None
    """What it is about; None where it shows nothing."""
    was_ready: bool
    """Whether its memory was there before it was asked for."""
    asks: tuple[Ask, ...]
    """One for each choice."""
    settings: tuple[WatchSettings, ...]
    """How each of its videos is watched, in their order, as far as it is known."""


def prepare(site: Site, body: ChatBody, stopped: threading.Event) -> Chat:
    """Find or queue the videos of a chat, and word its question. Raises Problem; call it from a thread."""
    site.memories.check_model(body.model)
    said = dialogue(body.messages)
    limits = site.config.limits
    if len(said.media) > limits.max_videos:
        raise Problem(
            400, f"got {len(said.media)} videos and pictures, expected at most {limits.max_videos}.",
            code="invalid_value", param="messages",
        )  # fmt: skip
    if (num_choices := body.n or 1) > limits.max_choices:
        raise Problem(
            400, f"n is {num_choices}, expected at most {limits.max_choices}.", code="invalid_value", param="n"
        )
    named = "max_tokens" if body.max_completion_tokens is None else "max_completion_tokens"
    most = site.num_tokens(body.max_completion_tokens or body.max_tokens, named)
    vxl = site.room.wait_until_ready(READY_SECONDS)
    constraint = _constraint(vxl, body)
    asks = tuple(
        Ask(
            question=said.question, history=said.history, max_new_tokens=most, temperature=body.temperature or 0.0,
            top_p=body.top_p or 1.0, seed=((body.seed or 0) + number) % 2**63,
            stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()), constraint=constraint,
        )
        for number in range(num_choices)
    )  # fmt: skip
    entry = _memory(vxl, body, said.media, site.memories, stopped)
    settings = () if entry is None else tuple(each.settings for each in site.memories.chain(entry))
    return Chat(entry, entry is not None and entry.state == "ready", asks, settings)


def _memory(
    vxl: "VideoXL", body: ChatBody, media: tuple[MediaPart, ...], memories: Memories, stopped: threading.Event
) -> Entry | None:
    entry: Entry | None = None
    for part in media:
        if entry is None and part_uuid(part) is not None and (kept := memories.find(str(part_uuid(part)))):
            entry = kept
            continue
        video, settings = _video(vxl, body, part, memories, stopped)
        behind = entry
        entry = memories.append_video(behind, video, settings) if behind else memories.add_video(video, settings)
    return entry


def part_uuid(part: MediaPart) -> str | None:
    """The id of a memory that a part names, if any."""
    return None if isinstance(part, FilePart) else part.uuid


def _video(
    vxl: "VideoXL", body: ChatBody, part: MediaPart, memories: Memories, stopped: threading.Event
) -> tuple[Video, WatchSettings]:
    """The file that a part means, and how it is to be watched."""
    if isinstance(part, FilePart):
        settings = memories.settings(vxl, _density(body, None))
        if part.file.file_id is not None:
            return memories.sources.find(Source(file_id=part.file.file_id)), settings
        video = memories.sources.find_url(part.file.url, stopped=stopped)
        return replace(video, name=safe_name(part.file.filename, video.path.suffix)), settings
    if part.uuid is not None and (kept := memories.find(part.uuid)):
        return memories.sources.of_memory(kept), kept.settings
    given = part.video_url if isinstance(part, VideoPart) else part.image_url
    if given is None:
        raise Problem(404, f"there is no memory {str(part.uuid)[:64]!r}; send the video's address with it.",
                      code="memory_not_found", param="uuid")  # fmt: skip
    settings = memories.settings(vxl, _density(body, part if isinstance(part, VideoPart) else None))  # it may refuse
    return memories.sources.find_url(given.url, stopped=stopped), settings


def _density(body: ChatBody, part: VideoPart | None) -> Density:
    """What was said nearest to the video counts."""
    options = (body.videoxl or Density()).model_dump(exclude_none=True)
    general = body.media_io_kwargs.video if body.media_io_kwargs is not None else None
    own = part.video_url if part is not None else None
    for nearer in (general, own):
        said = {} if nearer is None else nearer.model_dump(exclude_none=True, exclude={"url"})
        if "fps" in said or "num_frames" in said:
            options = {name: value for name, value in options.items() if name not in ("fps", "num_frames")}
        options |= said
    return Density(**options)


def _constraint(vxl: "VideoXL", body: ChatBody) -> "Constraint | None":
    """What the text has to be; tried out here, for that may take a second and must not keep other answers waiting."""
    from videoxl.engine.constrained import Choices, JsonSchema, Regex

    form, wanted = body.response_format, body.structured_outputs
    constraint: Constraint
    if form is not None and form.type != "text":
        given = None if form.json_schema is None else form.json_schema.json_schema
        constraint = JsonSchema(given if form.type == "json_schema" and given is not None else {"type": "object"})
    elif wanted is not None and wanted.regex is not None:
        constraint = Regex(wanted.regex)
    elif wanted is not None and wanted.choice is not None:
        constraint = Choices(tuple(wanted.choice))
    elif wanted is not None and wanted.json_schema is not None:
        constraint = JsonSchema(wanted.json_schema)
    else:
        return None
    vxl.batch().add("?", constraint=constraint)
    return constraint
