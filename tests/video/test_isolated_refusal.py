"""Files that mean harm, or are none of ours: each is one sentence that names the file and says what to do."""

import io
import os
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from PIL import Image

from videoxl.errors import UsageError, VideoDecodeError, VideoError, VideoFormatError, VideoNotFoundError
from videoxl.video import DecodeLimits
from videoxl.video.isolated import IsolatedSource

MIB = 2**20


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that says it unpacks to this size."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + png_chunk(b"IEND", b"")


def webp_bomb() -> bytes:
    """A WebP whose canvas is as large as the format allows."""
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16383).to_bytes(3, "little") * 2
    body = b"WEBP" + canvas + b"VP8L" + struct.pack("<I", 8) + b"\x2f" + bytes(7)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_bomb() -> bytes:
    """A GIF of 65535 by 65535, in 40 bytes."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x4c\x01\x00;"


def bmp_bomb() -> bytes:
    """A BMP header without pixels."""
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 40000, 40000, 1, 24, *[0] * 6)


def tiff_bomb() -> bytes:
    """A TIFF of 100000 by 100000 without pixels."""
    tags = [(256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1), (273, 4, 1, 8)]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4)


def compressed_moov_bomb() -> bytes:
    """A QuickTime file whose zipped index says that it unpacks to 2 GB."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + kind + content

    zipped = struct.pack(">I", 2**31 - 1) + zlib.compress(bytes(10 * MIB))
    return box(b"ftyp", b"qt  " + bytes(8)) + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", zipped)))


BOMBS = {
    "png": png_bomb(60_000, 60_000),
    "png_just_over": png_bomb(6001, 6000),
    "webp": webp_bomb(),
    "gif": gif_bomb(),
    "bmp": bmp_bomb(),
    "tiff": tiff_bomb(),
}


def refused(path: Path, limits: DecodeLimits | None = None) -> str:
    """What is said of a file that is not let in; nothing may be left of the attempt."""
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(VideoError) as caught:
        IsolatedSource(path, limits)
    assert len(os.listdir("/proc/self/fd")) == before
    assert not psutil.Process().children()
    said = str(caught.value)
    assert path.name in said
    assert "\n" not in said
    assert str(path.parent) not in said
    return said


@pytest.mark.parametrize("kind", BOMBS)
def test_a_picture_that_unpacks_to_too_much_is_never_unpacked(tmp_path: Path, kind: str) -> None:
    """Some bytes that claim gigabytes of pixels are refused by their header, naming the limit."""
    path = tmp_path / "upload"
    path.write_bytes(BOMBS[kind])
    assert len(BOMBS[kind]) < 2000
    assert "36,000,000 pixels" in refused(path)


def test_a_picture_within_the_pixels_and_beyond_the_memory_is_refused(tmp_path: Path) -> None:
    """What does not fit the memory of its process is told so; the parent's memory is not touched."""
    path = tmp_path / "grey.png"
    file = io.BytesIO()
    Image.new("RGBA", (6000, 5900)).save(file, "PNG")
    path.write_bytes(file.getvalue())
    said = r"grey\.png needs more than 512 MiB of memory"
    with (
        IsolatedSource(path, DecodeLimits(max_memory_bytes=512 * MIB)) as source,
        pytest.raises(VideoDecodeError, match=said),
    ):
        list(source.read([0.0]))


def test_an_index_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """A zipped index of a QuickTime file is no way to more memory than the limit."""
    path = tmp_path / "film.mov"
    path.write_bytes(compressed_moov_bomb())
    assert refused(path, DecodeLimits(max_memory_bytes=768 * MIB))


def test_a_header_with_huge_dimensions_is_refused(clips) -> None:
    """A container that claims 20000 by 20000 is refused before the first frame is decoded."""
    path = clips.write("raw.avi", codec="rawvideo", num_frames=3)
    huge = clips.replace(path, struct.pack("<iii", 40, 64, 48), struct.pack("<iii", 40, 20_000, 20_000))
    assert "36,000,000 pixels" in refused(huge)


def test_pixels_that_are_shown_wider_than_allowed_are_refused(clips) -> None:
    """The limit holds for the picture as it is shown, not only as it is stored."""
    path = clips.write("wide.mkv", pixel_aspect=Fraction(8, 1))
    assert "is shown as 512x48, over 20,000 pixels" in refused(path, DecodeLimits(max_pixels=20_000))


def test_a_film_that_lasts_too_long_is_refused(clips) -> None:
    """A limit of seconds is a limit of the film's real length."""
    assert "lasts 2 s, over the limit of 1 s" in refused(clips.write(), DecodeLimits(max_duration_seconds=1))


def test_a_file_of_many_streams_is_refused(tmp_path: Path) -> None:
    """A hundred streams are no film."""
    path = tmp_path / "many.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for _ in range(100):
            container.add_stream("pcm_s16le", rate=8000, layout="mono")
        container.start_encoding()
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(video.encode())
    assert "holds 101 streams, over 64" in refused(path)


@pytest.mark.parametrize(("depth", "is_read"), [(6, True), (10_000, False)])
def test_boxes_nested_without_end_do_no_harm(clips, depth: int, is_read: bool) -> None:
    """Metadata nested a few deep is passed over; nested ten thousand deep, the file is refused."""
    path = clips.write("plain.mp4")
    nest = b""
    for _ in range(depth):
        nest = struct.pack(">I", 8 + len(nest)) + b"udta" + nest
    nested = path.with_name(f"nested{depth}.mp4")
    nested.write_bytes(path.read_bytes() + nest)
    if not is_read:
        assert refused(nested)
        return
    with IsolatedSource(nested) as source:
        assert clips.indices(source.read([0.0, 1.0])) == [0, 25]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"just some words\n" * 200, "is no video or picture"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nfile.ts\n", r"is a playlist (HLS)"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", r"is a playlist (concat)"),
        (b"<?xml version='1.0'?><MPD><Period/></MPD>", r"is a playlist (DASH)"),
        (b"<!DOCTYPE html><html></html>", "is a page of HTML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is a drawing (SVG)"),
        (b"\x00\x00\x00\x1cftypavif" + bytes(100), "HEIF or AVIF"),
        (b"PK\x03\x04" + bytes(100), "is a zip archive"),
        (b"ID3\x04" + bytes(100), "only sound (mp3)"),
        (b"RIFF" + bytes(4) + b"WAVE" + bytes(100), "only sound (wav)"),
    ],
)
def test_what_is_no_video_is_refused_by_its_bytes(tmp_path: Path, content: bytes, said: str) -> None:
    """The name of a file and what it says of itself count for nothing."""
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert said in refused(path)


def test_a_file_that_is_two_things_is_only_the_one_it_begins_as(clips, tmp_path: Path) -> None:
    """A file that begins like a GIF is given to no other demuxer, whatever follows."""
    path = tmp_path / "film.gif"
    path.write_bytes(b"GIF89a" + clips.write().read_bytes())
    assert refused(path)


@pytest.mark.parametrize(("name", "codec"), [("song.mp3", "mp3"), ("song.m4a", "aac"), ("song.mp4", "aac")])
def test_sound_alone_is_no_video(clips, name: str, codec: str) -> None:
    """A file with sound and nothing to see says so; no decoder of sound is asked."""
    assert "no video stream, only sound" in refused(clips.write_sound(name, codec=codec))


def test_a_codec_that_is_not_let_in_is_named(clips) -> None:
    """Of the hundreds of decoders that FFmpeg brings, the ones that no real video needs are closed."""
    path = clips.write("old.avi", codec="zmbv", pixels="bgr0", num_frames=3)
    assert "the codec zmbv, which is not read here" in refused(path)


def test_a_file_cut_before_its_index_says_what_happened(clips) -> None:
    """An mp4 whose index was never written is told apart from a file that is no video."""
    assert "without its index" in refused(clips.cut(clips.write("clip.mp4"), 0.5))


def test_a_header_without_anything_behind_it_is_refused(clips) -> None:
    """The first hundred bytes of each container alone are no video."""
    for name in ("clip.mkv", "clip.avi", "clip.ts"):
        path = clips.write(name)
        path.with_name("head").write_bytes(path.read_bytes()[:1000])
        assert refused(path.with_name("head"))


def test_random_bytes_behind_a_real_beginning_are_refused(clips) -> None:
    """Noise behind the signature of a container is an error or a video that gives nothing, never a crash."""
    noise = np.random.default_rng(0).integers(0, 256, 200_000, np.uint8).tobytes()
    for name in ("clip.mp4", "clip.mkv", "clip.avi", "clip.flv"):
        path = clips.write(name)
        hurt = path.with_name("noise")
        hurt.write_bytes(path.read_bytes()[:64] + noise)
        with pytest.raises(VideoError):
            list(IsolatedSource(hurt).read([0.0]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "clip.ts", "clip.gif"])
def test_mutated_files_give_frames_or_a_sentence(clips, name: str) -> None:
    """Whatever bytes are changed, cut out or doubled, there are frames or one of our errors, and nothing is left."""
    recipe = {"codec": "gif", "pixels": "rgb8"} if name.endswith("gif") else {}
    whole = clips.write(name, **recipe).read_bytes()
    chance, said = np.random.default_rng(0), []
    for number in range(20):
        hurt = bytearray(whole)
        for _ in range(int(chance.integers(1, 40))):
            at = int(chance.integers(0, len(hurt)))
            how = int(chance.integers(0, 3))
            hurt[at : at + (how == 1) * 50 + (how == 0)] = (
                bytes([int(chance.integers(256))]),
                b"",
                hurt[at : at + 99],
            )[how]
        path = clips.write(name, **recipe).with_name(f"hurt{number}")
        path.write_bytes(bytes(hurt))
        try:
            with IsolatedSource(path, DecodeLimits(probe_seconds=100)) as source:
                list(source.read([0.0, 0.5, 1.0]))
        except VideoError as error:
            said.append(str(error))
    assert not [sentence for sentence in said if "hurt" not in sentence or "took over" in sentence]
    assert not psutil.Process().children()


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a folder and a device are refused at once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a regular file" in refused(pipe)
    assert "is a folder" in refused(tmp_path)
    assert "not a regular file" in refused(Path("/dev/zero"))


def test_a_path_to_nothing_is_not_found(tmp_path: Path) -> None:
    """A missing file is named, its folder is not."""
    with pytest.raises(VideoNotFoundError, match=r"^gone\.mp4 does not exist"):
        IsolatedSource(tmp_path / "gone.mp4")


@pytest.mark.parametrize(
    "limits", [{"max_pixels": 0}, {"probe_seconds": float("nan")}, {"cpu_seconds": -1}, {"max_memory_bytes": MIB}]
)
def test_limits_without_sense_are_refused(limits: dict) -> None:
    """A limit of nothing, and less memory than a decoder needs to start, are options that make no sense."""
    with pytest.raises(UsageError, match=next(iter(limits))):
        DecodeLimits(**limits)


def test_a_refusal_is_of_the_kind_that_direct_decoding_gives(clips) -> None:
    """Errors keep their class across the wall."""
    with pytest.raises(VideoFormatError, match="lasts zero seconds"):
        IsolatedSource(clips.write("none.avi", num_frames=0))
