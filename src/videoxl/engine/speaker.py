"""A model and its words: everything that answering needs to know of both, and nothing of any video.

B batch, T tokens of a step, S memory rows, C vocabulary.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch

from videoxl.errors import UsageError
from videoxl.memory.cache import MemoryCache, Past
from videoxl.model import VideoXLForConditionalGeneration, VideoXLProcessor
from videoxl.model.glance import Glance

if TYPE_CHECKING:
    from llguidance import LLTokenizer

MAX_QUESTION_TOKENS = 8192  # a question longer than this is a document; put it into the prompt's video or shorten it
MAX_QUESTION_CHARACTERS = 64 * MAX_QUESTION_TOKENS  # more is not even cut into tokens


class Reading(NamedTuple):
    """What came of reading some tokens, at the last one of each question."""

    likeliest: list[int]
    logits_BC: torch.Tensor
    shares_BS: torch.Tensor | None
    """Where it looked in the memory; None without one, or where nobody wants to know."""


class Speaker:
    """Reads a model's config and tokenizer for the one who asks."""

    def __init__(self, model: VideoXLForConditionalGeneration, processor: VideoXLProcessor) -> None:
        self.model = model
        self.processor = processor

    @property
    def device(self) -> torch.device:
        return self.model.lm_head.weight.device

    @property
    def vocab_size(self) -> int:
        """Logits of the language head; a tokenizer may have fewer tokens."""
        return self.model.lm_head.out_features

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

    @property
    def list_mark(self) -> str | None:
        """What the model writes where all that it was told belongs; None where it was not taught to."""
        inventory = self.model.config.inventory
        return None if inventory is None else self.processor.tokenizer.convert_ids_to_tokens(inventory["all_id"])

    def text(self, token_ids: Sequence[int]) -> str:
        """What the tokens of an answer say; control tokens say nothing, but for the marks of a time and of a list."""
        said = [token for token in token_ids if token not in self.silent_ids]
        text: str = self.processor.tokenizer.decode(said)
        return text.lstrip()

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Words that the tokenizer cannot spell; large vocabularies have none."""
        tokenizer = self.processor.tokenizer
        if tokenizer.unk_token_id is None:
            return ()
        if tokenizer.unk_token_id not in tokenizer(text)["input_ids"]:  # most often, and told at once
            return ()
        words = dict.fromkeys(re.findall(r"\w+", text))
        return tuple(word for word in words if tokenizer.unk_token_id in tokenizer(word)["input_ids"])

    def first_question_ids(self, question: str, *, on_video: bool) -> list[int]:
        """Tokens of a question that nothing was said before; without a video, the prompt in front of it as well."""
        _check(question)
        processor = self.processor
        return _short(processor.question(question) if on_video else processor.text_prompt(question))

    def next_question_ids(self, question: str) -> list[int]:
        """Tokens from the end of the answer before to where that of this question begins."""
        _check(question)
        return _short(self.processor.next_question(question))

    def answer_ids(self, text: str) -> list[int]:
        """Tokens of an answer that somebody says was given."""
        _check_length(text, "an answer of the history")
        processor = self.processor
        return processor.tokenizer(processor.plain(text), add_special_tokens=False)["input_ids"] if text else []

    @torch.no_grad()
    def read(
        self,
        ids_BT: torch.Tensor,
        past: Past,
        *,
        last_B: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        looks: bool = True,
    ) -> Reading:
        """Read tokens behind a past, which keeps them.

        Args:
            last_B: The token of each row that is read out; the last one of the step where not given.
            looks: Whether somebody wants to know where it looked in the memory.
        """
        decoder, device = self.model.decoder, ids_BT.device
        if last_B is None:
            last_B = torch.full((len(ids_BT),), ids_BT.shape[1] - 1, device=device)
        glance = Glance(self.evidence_layers, tokens_B=last_B) if looks and past.num_rows else None
        embeds = decoder.embed_tokens(ids_BT)
        hidden_BTD = decoder(embeds, past, position_ids=position_ids, glance=glance)
        hidden_B1D = hidden_BTD[torch.arange(len(ids_BT), device=device), last_B][:, None]
        logits_BC = self.model.lm_head(hidden_B1D)[:, 0]
        return Reading(logits_BC.argmax(dim=-1).tolist(), logits_BC, None if glance is None else glance.shares_BS)

    def background(self, cache: MemoryCache) -> torch.Tensor:
        """Attention (S,) on each memory row when a question without words is asked: what every question shows.

        Zeros for weights that look at the right place by themselves (`evidence_background` of the config).
        """
        if not self.model.config.evidence_background:
            return torch.zeros(cache.num_rows)
        ids = torch.tensor([self.processor.question("")], device=self.device)
        shares_BS = self.read(ids, cache.fork()).shares_BS
        assert shares_BS is not None, "a background is that of a memory"
        return shares_BS[0].cpu()

    @cached_property
    def spelling(self) -> "LLTokenizer":
        """The vocabulary as bytes, which grammars are matched with; a vocabulary of whole words is refused."""
        from videoxl.engine.constrained_grammar import spelling_of

        return spelling_of(self.processor.tokenizer, vocab_size=self.vocab_size, end_token_ids=self.end_token_ids)

    @cached_property
    def silent_ids(self) -> frozenset[int]:
        """Control tokens, which say nothing by themselves: ends, requests and the like."""
        config = self.model.config
        marks = {config.time_token_id} | (set() if config.inventory is None else {config.inventory["all_id"]})
        return frozenset(self.processor.tokenizer.all_special_ids) - marks


def _check(question: str) -> None:
    if not question.strip():
        raise UsageError("the question is empty, expected some words; ask for example 'What appears in the film?'.")
    _check_length(question, "the question")


def _check_length(text: str, what: str) -> None:
    """Before it is cut into tokens, which takes long for what is very long."""
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise UsageError(f"{what} has {len(text)} characters, expected at most {MAX_QUESTION_CHARACTERS}; shorten it.")


def _short(question_ids: list[int]) -> list[int]:
    if len(question_ids) > MAX_QUESTION_TOKENS:
        raise UsageError(
            f"the question has {len(question_ids)} tokens, expected at most {MAX_QUESTION_TOKENS}; shorten it."
        )
    return question_ids
