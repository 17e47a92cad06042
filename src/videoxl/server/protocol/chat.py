"""The body of `POST /v1/chat/completions`: what OpenAI, vLLM and SGLang clients send, as far as it has a meaning here.

What has no bearing on an answer (`user`, `metadata`, ...) is taken and not used; what would have one and is not offered
(`tools`, `logprobs`, penalties) is refused unless it is switched off.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from videoxl.server.protocol.body import Body
from videoxl.server.protocol.memories import Density, Seconds

Text = Annotated[str, Field(max_length=200_000)]
Url = Annotated[str, Field(max_length=48 * 1024**2)]
Uuid = Annotated[str, Field(max_length=64)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Fps = Annotated[float, Field(gt=0, le=240)]


class TextPart(Body):
    """Words."""

    type: Literal["text"]
    text: Text


class VideoUrl(Body):
    """An address of a video, and which of its frames are meant."""

    url: Url
    fps: Fps | None = None
    max_frames: Count | None = None
    start: Seconds | None = None
    end: Seconds | None = None


class VideoPart(Body):
    """A video by address, or by the id of its memory (`uuid`) alone."""

    type: Literal["video_url"]
    video_url: VideoUrl | None = None
    uuid: Uuid | None = None

    @model_validator(mode="after")
    def _is_named(self) -> "VideoPart":
        if self.video_url is None and self.uuid is None:
            raise ValueError("expected video_url, or uuid with the id of a memory")
        return self


class ImageUrl(Body):
    """An address of a picture."""

    url: Url
    detail: Literal["auto", "low", "high"] = "auto"


class ImagePart(Body):
    """A picture: a video of one frame."""

    type: Literal["image_url"]
    image_url: ImageUrl | None = None
    uuid: Uuid | None = None

    @model_validator(mode="after")
    def _is_named(self) -> "ImagePart":
        if self.image_url is None and self.uuid is None:
            raise ValueError("expected image_url, or uuid with the id of a memory")
        return self


class GivenFile(Body):
    """An upload by its id, or the file itself: in base64, or as a data: address."""

    file_id: Annotated[str, Field(max_length=100)] | None = None
    file_data: Url | None = None
    filename: Annotated[str, Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "GivenFile":
        if (self.file_id is None) == (self.file_data is None):
            raise ValueError("expected one of file_id, of an upload, and file_data, a video or picture in base64")
        return self

    @property
    def url(self) -> str:
        """The data: address of the file itself."""
        data = self.file_data or ""
        return data if data[:5].lower() == "data:" else f"data:video/*;base64,{data}"


class FilePart(Body):
    """A video or picture that was uploaded, or comes along."""

    type: Literal["file"]
    file: GivenFile


Part = Annotated[TextPart | VideoPart | ImagePart | FilePart, Field(discriminator="type")]
MediaPart = VideoPart | ImagePart | FilePart
Parts = Annotated[list[Part], Field(max_length=256)]
TEXT_FORM, LIST_FORM = "<text>", "<list>"


def _form(content: object) -> str | None:
    """Whether it is a text or a list: what is wrong with one form is said of that one, not of the other."""
    return TEXT_FORM if isinstance(content, str) else LIST_FORM if isinstance(content, list) else None


Content = Annotated[
    Annotated[Text, Tag(TEXT_FORM)] | Annotated[Parts, Tag(LIST_FORM)],
    Discriminator(
        _form, custom_error_type="no_content", custom_error_message="expected a text, or a list of parts with a type"
    ),
]


Stops = Annotated[
    Annotated[Text, Tag(TEXT_FORM)] | Annotated[Annotated[list[Text], Field(max_length=4)], Tag(LIST_FORM)],
    Discriminator(_form, custom_error_type="no_stop", custom_error_message="expected a text, or a list of texts"),
]


class Message(Body):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Content
    name: Annotated[str, Field(max_length=256)] | None = None

    @property
    def text(self) -> str:
        """The words of it."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def media(self) -> list[MediaPart]:
        """The videos and pictures of it."""
        return (
            [] if isinstance(self.content, str) else [part for part in self.content if not isinstance(part, TextPart)]
        )


class StreamOptions(Body):
    """Of a streamed answer."""

    include_usage: bool = False
    include_obfuscation: bool = False


class JsonSchemaFormat(Body):
    """A schema by name."""

    name: Annotated[str, Field(max_length=64)] = "answer"
    description: Text | None = None
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(Body):
    """What form the answer has."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None

    @model_validator(mode="after")
    def _has_schema(self) -> "ResponseFormat":
        if self.type == "json_schema" and (self.json_schema is None or self.json_schema.json_schema is None):
            raise ValueError("type json_schema needs json_schema.schema")
        return self


class StructuredOutputs(Body):
    """vLLM's `structured_outputs`: one of them."""

    json_schema: Annotated[dict[str, Any] | None, Field(alias="json")] = None
    regex: Text | None = None
    choice: Annotated[list[Text], Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "StructuredOutputs":
        if sum(given is not None for given in (self.json_schema, self.regex, self.choice)) != 1:
            raise ValueError("expected one of json, regex, choice")
        return self


class VideoOptions(Body):
    """vLLM's `media_io_kwargs.video`."""

    num_frames: Count | None = None
    fps: Fps | None = None


class MediaOptions(Body):
    """vLLM's `media_io_kwargs`."""

    video: VideoOptions | None = None


class ChatBody(Body):
    """`POST /v1/chat/completions`."""

    model: Annotated[str, Field(max_length=200)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=512)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Stops | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    response_format: ResponseFormat | None = None
    structured_outputs: StructuredOutputs | None = None
    media_io_kwargs: MediaOptions | None = None
    videoxl: Density | None = None
    """How densely new videos are kept; our own."""

    user: Text | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: Text | None = None
    safety_identifier: Text | None = None
    prompt_cache_key: Text | None = None

    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] | None = None

    @model_validator(mode="after")
    def _has_one_form(self) -> "ChatBody":
        if self.structured_outputs is not None and self.response_format is not None:
            raise ValueError("got response_format and structured_outputs, expected one of them")
        return self

    @field_validator("logprobs", "top_logprobs", "tools", "frequency_penalty", "presence_penalty", "logit_bias")
    @classmethod
    def _is_off(cls, value: Any) -> Any:
        if value:
            raise ValueError("this server does not offer it; leave it out")
        return value

    @field_validator("tool_choice")
    @classmethod
    def _chooses_none(cls, value: Any) -> Any:
        if value not in (None, "none", "auto"):
            raise ValueError("this server has no tools to choose from; leave it out")
        return value


def place_in_body(loc: Sequence[str | int]) -> list[str]:
    """Where a fault lies, as the client wrote it: pydantic also names the form and the type that it read it as."""
    place = [str(each) for each in loc if each != TEXT_FORM]
    if LIST_FORM in place:
        at = place.index(LIST_FORM)
        index, inside = place[at + 1 : at + 2], place[at + 3 :]  # between them stands the part's type
        place = [*place[:at], *index, *inside]
    return place
