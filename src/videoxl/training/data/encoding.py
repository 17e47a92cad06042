"""Messages as token ids, with labels on what the assistant says and on the token that ends it.

The chat template writes everything, with `ANSWER_MARK` where an answer stands, and the text is cut at the marks before
it is tokenised. So the tokens in front of an answer are exactly those that the engine puts there when it asks, whatever
the template, and no length of any prefix is known here.

Questions apart stand one behind the other behind the last media, each in the words that it would have alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from videoxl.errors import CheckpointError, ExampleError
from videoxl.model import VideoXLProcessor
from videoxl.model.modeling_videoxl import IGNORED_LABEL
from videoxl.model.processing_videoxl import ANSWER_MARK, VIDEO_MARK
from videoxl.training.data.example import Example, Message, Part, TextPart


@dataclass(slots=True)
class EncodedText:
    """Token ids of an example as they grow; all lists are equally long."""

    input_ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    question_index: list[int] = field(default_factory=list)
    num_cleaned: int = 0
    """Texts from which something was taken out that looked like a control token."""

    @property
    def num_labels(self) -> int:
        """Tokens that are learned."""
        return sum(label != IGNORED_LABEL for label in self.labels)

    def add(self, ids: Sequence[int], *, question: int, is_learned: bool = False) -> None:
        """Go on with some tokens."""
        self.input_ids += ids
        self.labels += ids if is_learned else [IGNORED_LABEL] * len(ids)
        self.question_index += [question] * len(ids)


def encode(example: Example, processor: VideoXLProcessor) -> EncodedText:
    """The tokens of an example, a placeholder for each media part.

    Raises:
        ExampleError: The tokenizer has no token for a word of an answer.
        CheckpointError: The chat template cannot be learned from.
    """
    text = EncodedText()
    messages = [_clean(message, processor, text) for message in example.messages]
    if not example.apart:
        _add(text, _render(messages, processor), _answers(messages), processor)
        return text
    last = max(index for index, message in enumerate(messages) if message.media)
    before, shown = messages[:last], _up_to_media(messages[last])
    for number, at in enumerate(range(last, len(messages), 2)):
        words = tuple(part for part in messages[at].parts if isinstance(part, TextPart))
        asked = messages[at].parts[len(shown) :] if at == last else words
        alone = [*before, Message("user", (*shown, *asked)), messages[at + 1]]
        rendered = _render(alone, processor)
        head, mark, question = rendered.rpartition(VIDEO_MARK)
        if number == 0:
            _add(text, head + mark, _answers(before), processor)
        _add(text, question, [messages[at + 1].text], processor, question=number)
    return text


def _add(
    text: EncodedText, rendered: str, answers: Sequence[str], processor: VideoXLProcessor, *, question: int = 0
) -> None:
    """Text with marks for answers, and the answers; what follows the end of the last one is of no use."""
    prompt, *behind = rendered.split(ANSWER_MARK)
    if len(behind) != len(answers):
        raise CheckpointError(
            f"the model's chat template writes {len(behind)} of {len(answers)} answers: expected each of them once. "
            "Correct its chat_template.jinja."
        )
    text.add(processor.token_ids(prompt), question=question)
    ends_with_answer = not rendered.endswith(VIDEO_MARK)
    for number, (answer, piece) in enumerate(zip(answers, behind, strict=True), start=1):
        text.add(_answer_ids(answer, processor), question=question, is_learned=True)
        ids = processor.token_ids(piece)
        num_end = _num_end_tokens(ids, processor)
        text.add(ids[:num_end], question=question, is_learned=True)
        if not (ends_with_answer and number == len(answers)):
            text.add(ids[num_end:], question=question)


def _answer_ids(answer: str, processor: VideoXLProcessor) -> list[int]:
    ids = processor.token_ids(answer)
    unknown = processor.tokenizer.unk_token_id
    if unknown is not None and unknown in ids:
        raise ExampleError(
            f"the answer {_shown(answer)} has words that the model's tokenizer does not know: it would learn to say "
            f"{processor.tokenizer.unk_token}. Use words of its vocabulary, or a model with a larger one."
        )
    return ids


def _num_end_tokens(ids: Sequence[int], processor: VideoXLProcessor) -> int:
    """How many tokens behind an answer end it: up to the first control token."""
    controls = set(processor.tokenizer.all_special_ids)
    for number, token in enumerate(ids, start=1):
        if token in controls:
            return number
    raise CheckpointError(
        "the model's chat template puts no end token behind an answer: expected a control token, or the model would "
        "never learn to stop. Correct its chat_template.jinja, or name the token in its tokenizer."
    )


def _render(messages: Sequence[Message], processor: VideoXLProcessor) -> str:
    return processor.tokenizer.apply_chat_template(
        [_for_template(message) for message in messages],
        chat_template=processor.chat_template,
        tokenize=False,
        add_generation_prompt=False,
    )


def _for_template(message: Message) -> dict[str, Any]:
    if message.role == "assistant":
        return {"role": "assistant", "content": ANSWER_MARK}
    if not message.media:
        return {"role": message.role, "content": message.text}
    content: list[dict[str, str]] = []
    for part in message.parts:
        if not isinstance(part, TextPart):
            content.append({"type": "video"})  # an image is a video of tiles
        elif content and content[-1]["type"] == "text":
            content[-1]["text"] += f"\n{part.text}"
        elif part.text:
            content.append({"type": "text", "text": part.text})
    return {"role": message.role, "content": content}


def _clean(message: Message, processor: VideoXLProcessor, text: EncodedText) -> Message:
    """The message with words only; control tokens come from the template alone."""
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            words = processor.plain(part.text)
            text.num_cleaned += words != part.text
            part = TextPart(words)
        parts.append(part)
    cleaned = Message(message.role, tuple(parts))
    if message.role == "assistant" and not cleaned.text.strip():
        raise ExampleError("an answer holds nothing but control tokens: expected words.")
    return cleaned


def _up_to_media(message: Message) -> tuple[Part, ...]:
    last = max(index for index, part in enumerate(message.parts) if not isinstance(part, TextPart))
    return message.parts[: last + 1]


def _answers(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages if message.role == "assistant"]


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
