"""A form with a file in it, read from the wire piece by piece: the file goes straight to where it belongs.

Small fields are kept, the file never is. Fields may stand before or behind the file.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from videoxl.server.problem import Problem

MAX_FIELD_BYTES = 4096
MAX_PARTS = 16
MAX_NAME_CHARACTERS = 255
MAX_BOUNDARY_BYTES = 70  # RFC 2046


class Sink(Protocol):
    """Where the file goes."""

    def write(self, data: bytes, /) -> Any:
        """Take the next piece."""


@dataclass(slots=True)
class Form:
    """What the form held besides the bytes of the file."""

    filename: str | None = None
    """What the client calls the file; None where there was none."""
    fields: dict[str, str] = field(default_factory=dict)
    num_bytes: int = 0


def describe_form(fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What OpenAPI says of a route that reads such a form; `fields` are those beside the file, with their schemas."""
    properties = {"file": {"type": "string", "format": "binary"}, **(fields or {})}
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def read_form(request: Request, sink: Sink, *, on_bytes: Callable[[int], Any]) -> Form:
    """Send the part called `file` to `sink` and return the rest.

    Raises:
        Problem: No form, a broken one, or one with more in it than is expected (400).
        Whatever `sink` raises.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
        raise Problem(
            400, "expected a form: multipart/form-data with a boundary and a part called file.", code="no_form"
        )
    reader = _Parts()
    parser = MultipartParser(boundary, reader.callbacks())
    try:
        async for data in _chunks(request):
            parser.write(data)
            pieces = reader.take()
            on_bytes(sum(map(len, pieces)))
            for piece in pieces:
                await run_in_threadpool(sink.write, piece)
        parser.finalize()
    except FormParserError as error:
        raise Problem(
            400, "the form cannot be read; send it as curl -F or an OpenAI client does.", code="bad_form"
        ) from error
    if not reader.is_over:
        raise Problem(400, "the form ends in its middle; send it whole.", code="bad_form")
    if reader.form.filename is None:
        raise Problem(400, "the form has no part called file.", code="missing", param="file")
    return reader.form


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for data in request.stream():
        if data:
            yield data


class _Parts:
    """Collects what the parser calls out."""

    def __init__(self) -> None:
        self.form = Form()
        self.is_over = False
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._part = ""
        self._is_file = False
        self._num_parts = 0
        self._text = bytearray()
        self._pieces: list[bytes] = []

    def take(self) -> list[bytes]:
        """The pieces of the file since the last time."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def callbacks(self) -> Any:
        """What the parser wants."""
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_header_field": lambda data, start, stop: self._add("_name", data[start:stop]),
            "on_header_value": lambda data, start, stop: self._add("_value", data[start:stop]),
            "on_header_end": self._header,
            "on_headers_finished": self._headers_are_there,
            "on_end": lambda: setattr(self, "is_over", True),
        }

    def _add(self, where: str, data: bytes) -> None:
        setattr(self, where, getattr(self, where) + data)

    def _begin(self) -> None:
        self._num_parts += 1
        if self._num_parts > MAX_PARTS:
            raise Problem(
                400, f"the form has more than {MAX_PARTS} parts, expected a file and a few fields.", code="bad_form"
            )
        self._headers, self._text = {}, bytearray()

    def _header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_are_there(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._part = options.get(b"name", b"").decode(errors="replace")
        self._is_file = self._part == "file"
        if self._is_file:
            if self.form.filename is not None:
                raise Problem(400, "the form has two files; send one a request.", code="bad_form", param="file")
            self.form.filename = plain_name(options.get(b"filename", b"").decode(errors="replace"))

    def _data(self, data: bytes, start: int, stop: int) -> None:
        if self._is_file:
            self.form.num_bytes += stop - start
            self._pieces.append(data[start:stop])
        elif len(self._text) + stop - start > MAX_FIELD_BYTES:
            raise Problem(
                400, f"a field is longer than {MAX_FIELD_BYTES} bytes.", code="bad_form", param=self._part[:64]
            )
        else:
            self._text += data[start:stop]

    def _end(self) -> None:
        if not self._is_file:
            self.form.fields[self._part] = self._text.decode(errors="replace")


def plain_name(name: str) -> str:
    """The last part of a name from a stranger, without anything that is not printed; it is shown, never opened."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(character for character in last if character.isprintable()).strip()
    return clean[:MAX_NAME_CHARACTERS].strip(".") or "upload"
