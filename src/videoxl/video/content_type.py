"""What the bytes of a file are, whatever its name or a header of HTTP says: an allow-list of containers and pictures.

Each type names the only demuxers that its files are given to, so a file cannot be one thing here and another there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from videoxl.errors import VideoFormatError, VideoNotFoundError

HEAD_BYTES = 4096
"""Bytes from the beginning of a file that tell its type; fewer do where the file is shorter."""
Kind = Literal["video", "picture", "sound"]
TS_PACKET_BYTES = {188: 0, 192: 4, 204: 0}  # size of a packet, and where its sync byte stands
TS_SYNC = 0x47
NUM_TS_SYNCS = 4
MP4_BOXES = (b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")  # QuickTime before it had ftyp
PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
ASF_GUID = bytes.fromhex("3026b2758e66cf11")
WTV_GUID = bytes.fromhex("b7d800203749da11a64e0007e95ead8d")
MXF_KEY = bytes.fromhex("060e2b34020501010d010201")
BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
PLAYLIST_SIGNS = {b"#EXTM3U": "HLS", b"<MPD": "DASH", b"ffconcat": "concat"}
UNREADABLE = {
    b"<!DOCTYPE": "a page of HTML",
    b"<!doctype": "a page of HTML",
    b"<html": "a page of HTML",
    b"<HTML": "a page of HTML",
    b"<svg": "a drawing (SVG)",
    b"<?xml": "XML",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "compressed (gzip)",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"{": "JSON",
}


@dataclass(frozen=True, slots=True)
class ContentType:
    """A container or a kind of picture. `demuxers` are FFmpeg's names for it; pictures and sound have none."""

    name: str
    kind: Kind
    media_type: str
    suffix: str
    demuxers: tuple[str, ...] = ()


def content_type(head: bytes) -> ContentType | None:
    """The type of a file that begins with these bytes; None where it is on no list. Never raises."""
    head = head[:HEAD_BYTES]
    return next((kind for fits, kind in _TYPES if fits(head)), None)


def content_type_of(source: Path | BinaryIO, *, name: str | None = None) -> ContentType:
    """The type of a file, or of what an open one begins with; one that is not for us is refused.

    Raises:
        VideoFormatError: It is empty, or nothing that is read here; the message says what it looks like.
        VideoNotFoundError: There is no such file.
    """
    shown = name or (source.name if isinstance(source, Path) else "the file")
    found = content_type(head := _head(source, shown))
    if found is None:
        raise VideoFormatError(f"{shown} {why_refused(head)}")
    return found


def why_refused(head: bytes) -> str:
    """What a file looks like that has no type here, as the end of a sentence."""
    if not head:
        return "is empty (0 bytes): expected a video or a picture. Copy or download it again."
    for sign, kind in PLAYLIST_SIGNS.items():
        if sign in head:
            return f"is a playlist ({kind}) that points at other files: give the video file itself."
    looks = next((what for sign, what in UNREADABLE.items() if head.lstrip().startswith(sign)), None)
    if _brand(head) in PICTURE_BRANDS:
        looks = "a picture of a kind (HEIF or AVIF) that is not read here"
    if looks is None:
        return (
            "is no video or picture that can be read here: expected mp4, mkv, webm, mov, avi, ts, jpg, png or the like."
        )
    return f"is {looks}: expected a video (mp4, mkv, webm, mov, avi, ts) or a picture (jpg, png, webp, bmp, tiff)."


def _head(source: Path | BinaryIO, shown: str) -> bytes:
    if not isinstance(source, Path):
        return source.read(HEAD_BYTES)
    try:
        with source.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise VideoNotFoundError(f"{shown} does not exist or may not be read: check the path.") from error


def _starts(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signs)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _ebml(*document_types: bytes) -> Callable[[bytes], bool]:
    def fits(head: bytes) -> bool:
        return head[:4] == b"\x1aE\xdf\xa3" and any(b"\x42\x82" + _sized(name) in head[:128] for name in document_types)

    return fits


def _sized(name: bytes) -> bytes:
    return bytes([0x80 | len(name)]) + name  # EBML's length of less than 127 bytes


def _brand(head: bytes) -> bytes:
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _is_sound_in_mp4(head: bytes) -> bool:
    return _brand(head) in SOUND_BRANDS


def _is_quicktime(head: bytes) -> bool:
    return _brand(head) == b"qt  " or head[4:8] in MP4_BOXES


def _is_mp4(head: bytes) -> bool:
    return bool(_brand(head)) and _brand(head) not in PICTURE_BRANDS


def _is_transport_stream(head: bytes) -> bool:
    for size, offset in TS_PACKET_BYTES.items():
        syncs = head[offset : offset + size * NUM_TS_SYNCS : size]
        if len(syncs) == NUM_TS_SYNCS and set(syncs) == {TS_SYNC}:
            return True
    return False


def _is_bmp(head: bytes) -> bool:
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS


def _is_mpeg_sound(head: bytes) -> bool:
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08


_TYPES: tuple[tuple[Callable[[bytes], bool], ContentType], ...] = (
    (_is_sound_in_mp4, ContentType("m4a", "sound", "audio/mp4", ".m4a")),
    (_is_quicktime, ContentType("mov", "video", "video/quicktime", ".mov", ("mov",))),
    (_is_mp4, ContentType("mp4", "video", "video/mp4", ".mp4", ("mov",))),
    (_ebml(b"webm"), ContentType("webm", "video", "video/webm", ".webm", ("matroska",))),
    (_ebml(b"matroska"), ContentType("mkv", "video", "video/x-matroska", ".mkv", ("matroska",))),
    (_riff(b"AVI "), ContentType("avi", "video", "video/x-msvideo", ".avi", ("avi",))),
    (_riff(b"WEBP"), ContentType("webp", "picture", "image/webp", ".webp")),
    (_riff(b"WAVE"), ContentType("wav", "sound", "audio/wav", ".wav")),
    (_starts(b"\xff\xd8\xff"), ContentType("jpeg", "picture", "image/jpeg", ".jpg")),
    (_starts(b"\x89PNG\r\n\x1a\n"), ContentType("png", "picture", "image/png", ".png")),
    (_starts(b"GIF87a", b"GIF89a"), ContentType("gif", "video", "image/gif", ".gif", ("gif",))),
    (_starts(b"II*\x00", b"MM\x00*"), ContentType("tiff", "picture", "image/tiff", ".tiff")),
    (_is_bmp, ContentType("bmp", "picture", "image/bmp", ".bmp")),
    (_is_transport_stream, ContentType("ts", "video", "video/mp2t", ".ts", ("mpegts",))),
    (_starts(b"\x00\x00\x01\xba"), ContentType("mpg", "video", "video/mpeg", ".mpg", ("mpeg",))),
    (_starts(b"FLV\x01"), ContentType("flv", "video", "video/x-flv", ".flv", ("flv",))),
    (_starts(ASF_GUID), ContentType("wmv", "video", "video/x-ms-wmv", ".wmv", ("asf",))),
    (_starts(b"OggS"), ContentType("ogg", "video", "video/ogg", ".ogv", ("ogg",))),
    (_starts(b"DKIF"), ContentType("ivf", "video", "video/x-ivf", ".ivf", ("ivf",))),
    (_starts(MXF_KEY), ContentType("mxf", "video", "application/mxf", ".mxf", ("mxf",))),
    (_starts(b"nut/multimedia container\x00"), ContentType("nut", "video", "video/x-nut", ".nut", ("nut",))),
    (_starts(b"\x1f\x07\x00"), ContentType("dv", "video", "video/x-dv", ".dv", ("dv",))),
    (_starts(WTV_GUID), ContentType("wtv", "video", "video/x-wtv", ".wtv", ("wtv",))),
    (_starts(b".RMF"), ContentType("rm", "video", "application/vnd.rn-realmedia", ".rm", ("rm",))),
    (_starts(b"ID3"), ContentType("mp3", "sound", "audio/mpeg", ".mp3")),
    (_starts(b"fLaC"), ContentType("flac", "sound", "audio/flac", ".flac")),
    (_starts(b"#!AMR"), ContentType("amr", "sound", "audio/amr", ".amr")),
    (_starts(b"FORM"), ContentType("aiff", "sound", "audio/aiff", ".aiff")),
    (_is_mpeg_sound, ContentType("mp3", "sound", "audio/mpeg", ".mp3")),
)  # fmt: skip
