"""The measurement of decoding behind a wall compares the same frames."""

import pytest

from benchmarks import isolated_decode


def test_both_forms_read_the_same(tmp_path) -> None:
    """Opening and reading are timed in both forms, and what was read is equal."""
    measured = isolated_decode.measure(isolated_decode.SMALL, max_side=64, rounds=1)
    assert measured["same_frames"]
    assert measured["frames"] == 120
    assert set(measured["forms"]) == {"open direct", "open isolated", "read direct", "read isolated"}
    text = isolated_decode.table({"films": {"demo": measured}})
    assert len(text.splitlines()) == 3
    assert measured["extra_cpu_seconds"]["open"] > 0  # the other process is counted


@pytest.mark.slow
def test_the_large_film_is_as_large_as_it_says(tmp_path) -> None:
    """Its frames are those of 1080p."""
    from videoxl.video.file_source import FileSource

    info = FileSource(isolated_decode.write_large(tmp_path / "large.mp4", num_seconds=1)).info
    assert (info.width, info.height) == isolated_decode.LARGE_SIZE
