"""What kind of data file a file is, seen from how it begins."""

import tarfile
from enum import Enum, auto
from pathlib import Path

from videoxl.errors import ExampleError

HEAD_BYTES = 4096
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # of UTF-8; some editors write it
TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257
COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK": "zip"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Form(Enum):
    """A form that examples are kept in."""

    JSON_LINES = auto()
    JSON_LIST = auto()
    SHARD = auto()


def form_of(path: Path) -> Form:
    """The form of a file, whatever its name."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[TAR_MAGIC_AT:].startswith(TAR_MAGIC) or (path.suffix == ".tar" and tarfile.is_tarfile(path)):
        return Form.SHARD
    for magic, name in COMPRESSED.items():
        if head.startswith(magic):
            raise ExampleError(f"{path} is compressed ({name}), and examples are read out of order: unpack it first.")
    if head.startswith(UTF_16):
        raise ExampleError(f"{path} is text in UTF-16: expected UTF-8. Save it anew.")
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"["):
        return Form.JSON_LIST
    if text.startswith(b"{"):
        return Form.JSON_LINES
    begins = f"begins with {bytes(text[:16])!r}" if text else "is empty"
    raise ExampleError(
        f"{path} {begins}: expected JSONL (one JSON object a line), a JSON list of examples, or a WebDataset shard "
        "(a tar file)."
    )
