"""Forms with a file in them, in any pieces, and forms that are none."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from videoxl.server.problem import Problem
from videoxl.server.upload_form import MAX_FIELD_BYTES, MAX_PARTS, plain_name, read_form

BOUNDARY = "ab12"


def part(name, content, filename=None):
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


class Sink:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


def read(body, *, cut=None, content_type=f"multipart/form-data; boundary={BOUNDARY}"):
    pieces = [body[start : start + (cut or len(body) or 1)] for start in range(0, len(body), cut or len(body) or 1)]

    async def receive():
        data = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": data, "more_body": bool(pieces)}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type.encode())]}
    sink = Sink()
    form = asyncio.run(read_form(Request(scope, receive), sink, on_bytes=lambda number: None))
    return form, sink.data


@settings(max_examples=25)
@given(content=st.binary(max_size=300), cut=st.integers(1, 64))
def test_the_file_arrives_byte_for_byte(content, cut):
    """However the wire cuts the form, the file is what was sent, and fields before and behind it are read."""
    body = part("purpose", b"user_data") + part("file", content, "a.mp4") + part("more", b"x") + END
    form, received = read(body, cut=cut)
    assert received == content
    assert form.num_bytes == len(content)
    assert form.filename == "a.mp4"
    assert form.fields == {"purpose": "user_data", "more": "x"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        part("file", b"x", "a.mp4"),
        part("purpose", b"user_data") + END,
        part("file", b"x", "a.mp4") + part("file", b"y", "b.mp4") + END,
        part("purpose", b"x" * (MAX_FIELD_BYTES + 1)) + part("file", b"x", "a") + END,
        b"".join(part(f"p{n}", b"x") for n in range(MAX_PARTS)) + part("file", b"x", "a") + END,
        f"--{BOUNDARY}\r\n{'X' * 10_000}: y\r\n\r\n".encode() + END,
        f"--{BOUNDARY}\r\n{'X: y' * 3}\r\n\r\n".encode(),
    ],
)
def test_a_broken_form_is_refused(body):
    """Cut off, without a file, with two, or with more in it than belongs there."""
    with pytest.raises(Problem) as refused:
        read(body)
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "multipart/form-data", f"multipart/form-data; boundary={'x' * 100}", "", "\xff"],
)
def test_what_is_no_form_is_refused(content_type):
    """Another type, or no usable boundary."""
    with pytest.raises(Problem) as refused:
        read(END, content_type=content_type)
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        (r"..\..\boot.ini", "boot.ini"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("\0\x1b[31m.mp4", "[31m.mp4"),
        ("", "upload"),
        ("..", "upload"),
        ("x" * 1000, "x" * 255),
        ("\u202egpj.exe", "gpj.exe"),
    ],
)
def test_a_files_name_is_only_shown(given_name, kept):
    """Folders and characters that do not print are taken out of a name; it is never part of a path."""
    assert plain_name(given_name) == kept
