"""Seconds per generated token on a memory of many rows, on the CPU: ours, the released loop's, and through `generate`.

python -m benchmarks.decode [--rows 10000] [--tokens 32] [--rounds 5]
"""

import argparse
from collections.abc import Callable

import torch

from benchmarks.measurement import in_turns, ratios, summary, write
from benchmarks.oracle import ReleasedLoop, official_weights
from benchmarks.workload import random_model
from videoxl.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.model import VideoXLForConditionalGeneration

QUESTION_TOKENS = 20


def main() -> None:
    """Measure, write the result, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the memory (default 10000)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens generated in each turn (default 32)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each form (default 5)")
    options = parser.parse_args()
    model = random_model()
    memory = random_memory(model, options.rows)
    ready = forms(model, memory, options.tokens)
    answers = {name: form() for name, form in ready.items()}
    timings = in_turns(ready, rounds=options.rounds)
    result = {
        "rows": options.rows,
        "tokens": options.tokens,
        "same_tokens": all(tokens == answers["ours"] for tokens in answers.values()),
        "forms": {name: summary(timings[name], per=options.tokens) for name in ready},
        "times_longer": ratios(timings),
    }
    write("decode", result)
    print(table(result))


def random_memory(model: VideoXLForConditionalGeneration, num_rows: int, *, seed: int = 0) -> CompressedMemory:
    """As many rows as a long video leaves, with random numbers in them."""
    text = model.config.text_config
    width = text.hidden_size // text.num_attention_heads
    generator = torch.Generator().manual_seed(seed)
    shape = (text.num_hidden_layers, text.num_key_value_heads, num_rows, width)
    memory = CompressedMemory()
    segment = Segment(kind="text", num_rows=num_rows, token_ids=(0,) * num_rows)
    memory.append(segment, *(torch.randn(shape, generator=generator) for _ in range(2)))
    return memory


def forms(
    model: VideoXLForConditionalGeneration, memory: CompressedMemory, num_tokens: int
) -> dict[str, Callable[[], list[int]]]:
    """Each form as one call that generates tokens, greedily, behind a question that was read already."""
    question_ids = torch.arange(2, 2 + QUESTION_TOKENS)
    cache = model.cache(memory)
    asked = cache.fork()
    with torch.no_grad():
        first = int(model(question_ids[None], past_key_values=asked, logits_to_keep=1).logits[0, -1].argmax())

    @torch.no_grad()
    def ours() -> list[int]:
        conversation, tokens = asked.fork(), [first]
        for _ in range(num_tokens):
            logits = model(torch.tensor([tokens[-1:]]), past_key_values=conversation).logits
            tokens.append(int(logits[0, -1].argmax()))
        return tokens[:num_tokens]

    def through_generate() -> list[int]:
        """The same in transformers' loop; it reads the question too."""
        never = model.config.text_config.vocab_size  # an end token that the head cannot emit
        output = model.generate(
            question_ids[None], memory=cache, max_new_tokens=num_tokens, do_sample=False, eos_token_id=never
        )
        return output[0, QUESTION_TOKENS:].tolist()

    def released(attention: str) -> Callable[[], list[int]]:
        loop = ReleasedLoop(official_weights(model), model.config.text_config, attention=attention)
        loop.keys, loop.values = list(memory.keys), list(memory.values)
        logits_TC = loop.read_text(question_ids)
        kept = loop.keys, loop.values

        def generate() -> list[int]:
            loop.keys, loop.values = map(list, kept)
            return loop.generate(logits_TC, num_tokens)

        return generate

    return {
        "ours": ours,
        "released sdpa": released("sdpa"),
        "released eager": released("eager"),
        "ours, generate()": through_generate,
    }


def table(result: dict) -> str:
    """The result for a person."""
    lines = [f"{'form':<20}{'ms/token':>10}{'CPU ms':>9}{'longer':>9}"]
    for name, form in result["forms"].items():
        longer = result["times_longer"].get(f"{name} / ours", {}).get("wall_min", 1.0)
        wall, cpu = (1e3 * form[f"{kind}_seconds"]["min"] for kind in ("wall", "cpu"))
        lines.append(f"{name:<20}{wall:>10.2f}{cpu:>9.2f}{longer:>8.2f}x")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
