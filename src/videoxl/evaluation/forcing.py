"""Teacher forcing: the right answer is fed token by token, and each token is a hit where it was the first choice.

All tokens go in one step, as LongVA's V-NIAH does it: a token is predicted from those before it alone.

B batch, T tokens of question and answer, D hidden width.
"""

from dataclasses import dataclass

import torch

from videoxl.engine import VideoXL
from videoxl.memory import CompressedMemory


@dataclass(frozen=True, slots=True)
class Forced:
    """What the model would have said at each token of the right answer."""

    hits: tuple[bool, ...]
    text: str
    """The first choices, as text."""
    question_tokens: int


@torch.no_grad()
def force(vxl: VideoXL, memory: CompressedMemory | None, question: str, answer: str) -> Forced:
    """Feed an answer to a question on a memory, which stays as it is; None is a question about nothing seen."""
    if memory is not None:
        vxl.check(memory)
    processor, decoder = vxl.processor, vxl.model.decoder
    cache = vxl.model.cache(None if memory is None else memory.fork())
    question_ids = processor.text_prompt(question) if memory is None else processor.question(question)
    answer_ids = processor.tokenizer(processor.plain(answer), add_special_tokens=False)["input_ids"]
    if not answer_ids:
        return Forced((), "", len(question_ids))
    ids_BT = torch.tensor([question_ids + answer_ids], device=vxl.device)
    hidden_BTD = decoder(decoder.embed_tokens(ids_BT), cache)
    before_each = slice(len(question_ids) - 1, -1)
    choices = vxl.model.lm_head(hidden_BTD[:, before_each])[0].argmax(dim=-1).tolist()
    hits = tuple(choice == token for choice, token in zip(choices, answer_ids, strict=True))
    return Forced(hits, processor.tokenizer.decode(choices), len(question_ids))
