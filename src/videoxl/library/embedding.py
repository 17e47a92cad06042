"""What an interval shows, and what a word means, as vectors that can be compared.

A projector that was trained with its decoder puts what is seen near the words for it. So the visual tokens of an
interval, taken while it is watched and before they are condensed, answer later which part of which video shows a thing
that is named, without asking a model about every video. Of an interval the mean is kept and the frames that are
farthest from what is kept already: a picture that is shown for two of eight seconds would drown in the mean alone.

Where words and sights of a model do not lie in one space, these vectors tell nothing; measured is `nano`.

F frames, M visual tokens a frame, N = F M, D hidden width, K vectors an interval, T tokens of a text.
"""

import numpy as np
import numpy.typing as npt
import torch

from videoxl.engine import VideoXL
from videoxl.library.search import VECTOR_TYPE

NUM_VECTORS = 3  # of an interval: on synth films two find nearly as much, four no more


class TextEmbedder:
    """Words as a model reads them; a `search.QueryEmbedder`."""

    def __init__(self, vxl: VideoXL) -> None:
        self._vxl = vxl

    @property
    def model_fingerprint(self) -> str:
        """Whose intervals the vectors may be compared with."""
        return self._vxl.fingerprint

    def embed(self, text: str) -> npt.NDArray[np.float32]:
        """Unit vectors (T, D) of the words; none for words that the model does not know."""
        tokenizer = self._vxl.processor.tokenizer
        unknown = {*tokenizer.all_special_ids, tokenizer.unk_token_id}
        ids = tokenizer(self._vxl.processor.plain(text), add_special_tokens=False)["input_ids"]
        known = list(dict.fromkeys(token for token in ids if token not in unknown))
        table = self._vxl.model.get_input_embeddings().weight
        with torch.no_grad():
            return _unit(table[torch.tensor(known, dtype=torch.long, device=table.device)].float().cpu().numpy())


def interval_vectors(visual_ND: torch.Tensor, num_frames: int) -> bytes:
    """K unit vectors of an interval as little-endian float16, one behind the other."""
    frames_FD = visual_ND.float().unflatten(0, (num_frames, -1)).mean(dim=1).cpu().numpy()
    frames_FD = _unit(frames_FD)
    kept = [_unit(frames_FD.mean(axis=0, keepdims=True))[0]]
    nearest_F = frames_FD @ kept[0]
    for _ in range(NUM_VECTORS - 1):  # in a still interval the same one again: all have equally many
        farthest = int(nearest_F.argmin())
        kept.append(frames_FD[farthest])
        nearest_F = np.maximum(nearest_F, frames_FD @ frames_FD[farthest])
    return np.stack(kept).astype(VECTOR_TYPE).tobytes()


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
