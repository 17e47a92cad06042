"""Settings as a part of an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import UsageError
from videoxl.library import WatchSettings

from .conftest import FINGERPRINT, settings


@pytest.mark.parametrize(
    "given_sample", [{"end_seconds": 9.0}, {"fps": 2.0}, {"num_frames": 7}, {"timestamps": (1.0, 2.5)}]
)
def test_settings_say_what_the_engine_says(vxl, given_sample):
    """What the engine writes into a manifest and what the library takes for an address are the same JSON."""
    from videoxl.video import SampleConfig

    config = vxl.watch_config(SampleConfig(**given_sample), 8, "dynamic", 5)
    ours = WatchSettings.of(config)
    assert ours.to_json() == config.to_json()
    assert WatchSettings.from_json(ours.to_json()) == ours


def test_one_rate_has_one_address():
    """Whether a rate was typed as 1 or as 1.0 does not make another memory."""
    from videoxl.library.address import address

    one, other = (
        address(source_sha256="a", settings=settings(fps=fps), model_fingerprint=FINGERPRINT) for fps in (1, 1.0)
    )
    assert one == other


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
)


@given(st.dictionaries(st.sampled_from(["planner", "ratio", "interval_frames", "fps", "timestamps", "x"]), PLAIN))
def test_settings_of_strangers_are_checked(document):
    """Any JSON object is either settings or a sentence; nothing else ever comes out."""
    try:
        read = WatchSettings.from_json(document)
    except UsageError:
        return
    assert read.ratio >= 1
    assert WatchSettings.from_json(read.to_json()) == read
