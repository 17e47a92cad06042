"""Raw rows, for methods that keep some of them: an interval gone through without VSTs.

L layers, B batch, K key/value heads, N tokens of an interval, E head width, D hidden width.
"""

import torch

from videoxl.compression.layout import Layout
from videoxl.memory.cache import MemoryCache
from videoxl.memory.key_values import KeyValues
from videoxl.model import VideoXLForConditionalGeneration
from videoxl.model.prefill import condense_interval


@torch.no_grad()
def raw_rows(model: VideoXLForConditionalGeneration, cache: MemoryCache, visual_BND: torch.Tensor) -> KeyValues:
    """Un-rotated rows (L, B, K, N, E) of every visual token, which read what is remembered so far."""
    rows = condense_interval(model.decoder, cache, visual_BND, Layout(visual_BND.shape[1], 1))
    assert rows is not None, "an interval has tokens"
    return rows


def chosen_rows(rows: KeyValues, index_N: torch.Tensor) -> KeyValues:
    """Some of the rows, in the order of the index."""
    index_N = index_N.to(rows.keys.device)
    return KeyValues(rows.keys.index_select(3, index_N), rows.values.index_select(3, index_N))
