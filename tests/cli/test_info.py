"""Looking at a memory or a video without a model."""

import json
import subprocess
import sys

from videoxl import __version__

from .conftest import flip_last_byte


def test_a_memory_tells_what_it_holds(videoxl, memory, film):
    """Model, source, settings, counts and bytes; --verify reads every shard."""
    result = videoxl("info", memory, "--verify")
    assert result.code == 0
    for words in (
        "complete",
        "tiny",
        "film.mp4, 00:00:12, 64x48 h264",
        "ratio 4",
        "12 VSTs",
        __version__,
        "every byte",
    ):
        assert words in result.out
    document = json.loads(videoxl("info", memory, "--json").out)
    assert (document["frames"], document["visual_rows"], document["is_complete"]) == (12, 12, True)


def test_a_flipped_byte_is_found_by_verify(videoxl, memory):
    """A change that sizes do not show is found by reading."""
    flip_last_byte(memory)
    assert videoxl("info", memory).code == 0
    assert videoxl("info", memory, "--verify").code == 1


def test_a_video_tells_what_it_is(videoxl, film):
    """Duration, size, rate and codec, for people and as JSON."""
    result = videoxl("info", film)
    assert "00:00:12" in result.out
    assert "64x48, 4 frames/s, h264" in result.out
    assert json.loads(videoxl("info", film, "--json").out)["duration_seconds"] == 12.0


def test_looking_loads_no_torch(memory):
    """Neither torch nor transformers is loaded to look at a memory."""
    code = (
        "import sys\nfrom videoxl.cli import main\n"
        f"try:\n    main(['info', {str(memory)!r}])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'transformers', 'av'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
