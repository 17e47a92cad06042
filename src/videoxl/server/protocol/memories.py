"""Bodies of the routes for memories."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from videoxl.server.protocol.body import Body

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Seconds = Annotated[float, Field(ge=0, le=1e7)]


class Source(Body):
    """Where a video comes from: exactly one of these."""

    file_id: Annotated[str, Field(max_length=100)] | None = None
    """An uploaded file."""
    url: Annotated[str, Field(max_length=8192)] | None = None
    """An address that is fetched once."""
    path: Annotated[str, Field(max_length=4096)] | None = None
    """A file of this machine, under one of the folders that the server was started with."""
    memory_id: Annotated[str, Field(max_length=100)] | None = None
    """The video of another memory: to watch it again, denser or after a failure."""

    @model_validator(mode="after")
    def _is_one(self) -> "Source":
        given = [name for name in ("file_id", "url", "path", "memory_id") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"got {' and '.join(given) or 'nothing'}, expected one of file_id, url, path, memory_id")
        return self


class Density(Body):
    """Which frames are watched, and how densely they are kept; what is left out is the model's default."""

    ratio: Annotated[int, Field(ge=1, le=1024)] | None = None
    fps: Annotated[float, Field(gt=0, le=240)] | None = None
    num_frames: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_frames: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    planner: Literal["fixed", "dynamic"] = "fixed"
    interval_frames: Annotated[int, Field(ge=1, le=100_000)] | None = None


class NewMemory(Density):
    """`POST /v1/memories`."""

    source: Source
    title: Title | None = None
    model: Annotated[str, Field(max_length=200)] | None = None


class AppendedVideo(Density):
    """`POST /v1/memories/{id}/append`."""

    source: Source
    title: Title | None = None


class Rename(Body):
    """`PATCH /v1/memories/{id}`."""

    title: Title


class AskBody(Body):
    """`POST /v1/memories/{id}/ask`."""

    question: Annotated[str, Field(min_length=1, max_length=100_000)]
    stream: bool = False
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class RecipeBody(Body):
    """`POST /v1/memories/{id}/recipes/{name}`."""

    query: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    questions: Annotated[list[Annotated[str, Field(min_length=1, max_length=10_000)]], Field(max_length=100)] = Field(
        default_factory=list
    )
    format: Annotated[str, Field(max_length=20)] = "json"
    source: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Only the moments of this one of several videos."""
    fps: Annotated[float, Field(ge=1, le=240)] | None = None
    """The rate that a project counts frames at, for formats of editors."""


class KeyBody(Body):
    """`POST /v1/session`."""

    key: Annotated[str, Field(max_length=4096)]
