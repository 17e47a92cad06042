"""Parts of a memory are read as memories of their rows would be."""

import pytest
import torch

from videoxl.engine import VideoXL
from videoxl.engine.parts import Parts
from videoxl.memory import CompressedMemory
from videoxl.memory.segment import Segment


@pytest.fixture(scope="module")
def vxl(vivid_model, processor):
    return VideoXL(vivid_model, processor, name="tiny")


@pytest.fixture(scope="module")
def film(vxl, make_film):
    """A memory of 12 intervals."""
    return vxl.watch(make_film(vxl.model.config.interval_frames * 12), ratio=2)


def test_each_is_read_as_a_memory_of_its_rows(vxl, film):
    """Beside prompts of other lengths, each reads what it reads alone; looks are told by the whole's rows."""
    speaker = vxl._speaker
    prompts = [speaker.first_question_ids(question, on_video=True) for question in ("what appears ?", "dog ?")]
    rows = [[0, *range(9, 25)], [0, *range(41, 57)]]
    reading = Parts(speaker, film, torch.tensor(rows)).read(prompts)
    for place, (ids, of_it) in enumerate(zip(prompts, rows, strict=True)):
        memory = CompressedMemory(film.about)
        memory.append(
            Segment(kind="text", num_rows=17, token_ids=(0,) * 17), film.keys[:, :, of_it], film.values[:, :, of_it]
        )
        alone = speaker.read(torch.tensor([ids]), speaker.model.cache(memory))
        torch.testing.assert_close(reading.logits_BC[place], alone.logits_BC[0], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(reading.shares_BS[place, of_it], alone.shares_BS[0], atol=1e-6, rtol=1e-4)
        assert reading.shares_BS[place].sum() == pytest.approx(float(alone.shares_BS[0].sum()), abs=1e-5)
