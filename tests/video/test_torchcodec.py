"""torchcodec beside PyAV. The package itself is replaced by a small stand-in at the edge: it is not installed in CI."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from videoxl.errors import MissingDependencyError
from videoxl.video import open_video
from videoxl.video.file_source import FileSource

ORIGIN_SECONDS = 3.0  # the stand-in counts from here, as a container may
FRAMES_A_SECOND = 25


class StandInDecoder:
    """Answers like torchcodec: frame k is grey k; frames from `fails_from` on are damaged."""

    fails_from = 10_000

    def __init__(self, source, *, stream_index: int, num_ffmpeg_threads: int) -> None:
        self.metadata = SimpleNamespace(begin_stream_seconds=ORIGIN_SECONDS)

    def get_frames_played_at(self, seconds: list[float]) -> SimpleNamespace:
        indices = [int((second - ORIGIN_SECONDS) * FRAMES_A_SECOND) for second in seconds]
        if max(indices) >= self.fails_from:
            raise RuntimeError("could not decode")
        data = np.stack([np.full((3, 48, 64), index, np.uint8) for index in indices])
        return SimpleNamespace(data=data, pts_seconds=[ORIGIN_SECONDS + index / FRAMES_A_SECOND for index in indices])


@pytest.fixture
def decoder_class(monkeypatch: pytest.MonkeyPatch) -> type[StandInDecoder]:
    """torchcodec as if installed; the class is fresh, so that a test may change it."""
    fresh = type("Decoder", (StandInDecoder,), {})
    module = ModuleType("torchcodec.decoders")
    module.VideoDecoder = fresh
    monkeypatch.setitem(sys.modules, "torchcodec", ModuleType("torchcodec"))
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", module)
    return fresh


@pytest.mark.parametrize("backend", ["auto", "torchcodec"])
def test_times_mean_the_same_with_either_reader(clips, decoder_class, backend: str) -> None:
    """Times count from the first frame, and each asked time has its frame, as with PyAV."""
    source = open_video(clips.write(), backend=backend)
    (batch,) = source.read([0, 0.44, 1.0, 1.9])
    assert list(batch.frames_FCHW[:, 0, 0, 0]) == [0, 11, 25, 47]
    assert np.allclose(batch.seconds_F, [0, 0.44, 1.0, 1.88])
    assert source.info == open_video(clips.write(), backend="pyav").info


def test_sizes_mean_the_same_with_either_reader(clips, decoder_class) -> None:
    """max_side holds for torchcodec's frames too."""
    batch = next(open_video(clips.write(), backend="torchcodec").read([0.4], max_side=32))
    assert batch.frames_FCHW.shape == (1, 3, 24, 32)


def test_where_torchcodec_fails_pyav_goes_on(clips, decoder_class) -> None:
    """Nothing is lost to a reader that gives up: every asked time still has its frame, in order."""
    decoder_class.fails_from = 12
    batches = list(open_video(clips.write()).read([k / 25 for k in range(50)]))
    assert np.allclose(np.concatenate([batch.asked_F for batch in batches]), np.arange(50) / 25)
    assert clips.indices(batches)[-1] == 49


def test_turned_videos_stay_with_pyav(clips, decoder_class) -> None:
    """What needs more than scaling is left to the reader that is known to do it."""
    source = open_video(clips.write("turned.mp4", rotation=90), backend="torchcodec")
    assert clips.indices(source.read([1.0])) == [25]


@pytest.mark.parametrize("error", [ImportError, OSError, RuntimeError])
def test_a_broken_install_is_found_by_importing_it(clips, monkeypatch: pytest.MonkeyPatch, error: type) -> None:
    """However the import fails, `auto` reads with PyAV, and asking for torchcodec names the extra to install."""

    def fail(name: str):
        raise error("libavutil is missing")

    monkeypatch.setattr("videoxl.video.torchcodec_backend.importlib.import_module", fail)
    assert isinstance(open_video(clips.write()), FileSource)
    with pytest.raises(MissingDependencyError, match=r"videoxl\[fast-video\]"):
        open_video(clips.write(), backend="torchcodec")
