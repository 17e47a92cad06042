"""Captions by a vision-language model behind an OpenAI-compatible endpoint, which is sent a few frames of each clip."""

import base64
import io
import json
from typing import Any

import numpy as np
from PIL import Image

from videoxl.errors import UsageError
from videoxl.vico.caption import Caption
from videoxl.vico.chat import ChatClient
from videoxl.vico.clip import Clip
from videoxl.vico.film_file import FilmFile
from videoxl.vico.prompts import CAPTION, caption_prompt
from videoxl.video import open_video

NUM_FRAMES = 4
MAX_FRAMES = 64
MAX_SIDE = 448  # pixels of the longer side
JPEG_QUALITY = 85
MAX_NEW_TOKENS = 400


class EndpointCaptioner:
    """Sends frames as JPEG data URLs.

    Args:
        num_frames: Frames of a clip, evenly spread.
        num_parallel: Requests at once.
    """

    def __init__(self, client: ChatClient, *, num_frames: int = NUM_FRAMES, num_parallel: int = 1) -> None:
        if not 1 <= num_frames <= MAX_FRAMES:
            raise UsageError(f"num_frames is {num_frames}, expected 1 to {MAX_FRAMES} frames of a clip.")
        if num_parallel < 1:
            raise UsageError(f"num_parallel is {num_parallel}, expected 1 or more requests at once.")
        self.num_parallel = num_parallel
        self._client, self._num_frames = client, num_frames

    def identity(self, film: FilmFile) -> str | None:
        endpoint = self._client.endpoint
        return json.dumps([endpoint.name, endpoint.model, self._num_frames, MAX_SIDE, JPEG_QUALITY, CAPTION])

    def caption(self, film: FilmFile, clip: Clip) -> Caption:
        urls = [_data_url(frame_CHW) for frame_CHW in self._frames(film, clip)]
        prompt = caption_prompt(number=len(urls), seconds=clip.seconds)
        parts: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
        parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        text = self._client.chat([{"role": "user", "content": parts}], max_new_tokens=MAX_NEW_TOKENS)
        return Caption(clip, text)

    def _frames(self, film: FilmFile, clip: Clip) -> list[np.ndarray]:
        """Frames from the middle of equal stretches: none shows the neighbouring clip."""
        seconds_F = clip.start_seconds + (np.arange(self._num_frames) + 0.5) / self._num_frames * clip.seconds
        batches = open_video(film.path).read(seconds_F, max_side=MAX_SIDE)
        return [frame_CHW for batch in batches for frame_CHW in batch.frames_FCHW]


def _data_url(frame_CHW: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(frame_CHW.transpose(1, 2, 0)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
