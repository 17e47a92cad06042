"""A model and its words: everything that answering needs to know of both, and nothing of any video."""

import re

import torch

from videoxl.engine.evidence import attention_on_rows
from videoxl.memory.cache import MemoryCache
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.decoder import Watched


class Speaker:
    """Reads a model's config and tokenizer for the one who asks."""

    def __init__(self, model: VideoXLForConditionalGeneration, processor: VideoXLProcessor) -> None:
        self.model = model
        self.processor = processor

    @property
    def device(self) -> torch.device:
        return self.model.lm_head.weight.device

    @property
    def evidence_layers(self) -> list[int]:
        """Layers whose attention is read for evidence: those of the config, else the second half of the decoder."""
        num_layers = len(self.model.decoder.layers)
        return self.model.config.evidence_layers or list(range(num_layers // 2, num_layers))

    @property
    def end_token_ids(self) -> list[int]:
        """Tokens that end an answer."""
        end = self.model.generation_config.eos_token_id
        end = self.processor.tokenizer.eos_token_id if end is None else end
        return end if isinstance(end, list) else [end]

    @property
    def time_mark(self) -> str | None:
        """What the model writes where the time of the evidence belongs; None where it was not taught to."""
        token = self.model.config.time_token_id
        return None if token is None else self.processor.tokenizer.convert_ids_to_tokens(token)

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Words that the tokenizer cannot spell; large vocabularies have none."""
        tokenizer = self.processor.tokenizer
        if tokenizer.unk_token_id is None:
            return ()
        words = dict.fromkeys(re.findall(r"\w+", text))
        return tuple(word for word in words if tokenizer.unk_token_id in tokenizer(word)["input_ids"])

    @torch.no_grad()
    def background(self, cache: MemoryCache) -> torch.Tensor:
        """Attention (S,) on each memory row when a question without words is asked: what every question shows.

        Zeros for weights that look at the right place by themselves (`evidence_background` of the config).
        """
        if not self.model.config.evidence_background:
            return torch.zeros(cache.num_rows)
        decoder = self.model.decoder
        watched: Watched = dict.fromkeys(self.evidence_layers)
        ids = torch.tensor([self.processor.question("")], device=self.device)
        decoder(decoder.embed_tokens(ids), cache.fork(), watched=watched)
        return attention_on_rows(watched, cache.num_rows, ids.shape[1] - 1)
