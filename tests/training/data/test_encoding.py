"""What is learned is what the assistant says, behind exactly the tokens that the engine will put before it."""

from importlib import resources

import pytest

from videoxl.errors import CheckpointError, ExampleError
from videoxl.model.modeling_videoxl import IGNORED_LABEL
from videoxl.training.data.encoding import encode
from videoxl.training.data.example import Example, ImagePart, Message, TextPart, VideoPart

VIDEO, IMAGE = VideoPart("a.mp4"), ImagePart("b.jpg")


@pytest.fixture(scope="module")
def nano_processor():
    """The processor of the embedded model, whose prompts are not ChatML."""
    from videoxl.checkpoint.load import load_processor, read_config

    folder = resources.files("videoxl") / "weights" / "nano"
    return load_processor(folder, read_config(folder).config)


@pytest.fixture(scope="module")
def byte_processor(processor):
    """ChatML in bytes, as for Qwen2: blanks and line ends are tokens, and no word is unknown."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from videoxl.model import VideoXLProcessor

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", additional_special_tokens=["<|im_start|>"]
    )
    return VideoXLProcessor(processor.image_processor, fast, video_token_id=len(fast))


@pytest.fixture(params=["chatml", "nano", "bytes"])
def any_processor(request, processor, nano_processor, byte_processor):
    """One processor after the other."""
    return {"chatml": processor, "nano": nano_processor, "bytes": byte_processor}[request.param]


def conversation(*said, apart=False, media=(VIDEO,), system=None):
    """Questions and answers in turn; the media stand in front of the first question."""
    messages = [] if system is None else [Message("system", (TextPart(system),))]
    for number, words in enumerate(said):
        parts = [*media, TextPart(words)] if number == 0 else [TextPart(words)]
        messages.append(Message(("user", "assistant")[number % 2], tuple(parts)))
    return Example("x", tuple(messages), apart=apart)


def learned(text):
    """Positions, and the tokens learned there."""
    return {place: label for place, label in enumerate(text.labels) if label != IGNORED_LABEL}


def answer_ids(processor, *answers):
    """Each answer's tokens and the one that ends it, in a row."""
    end = processor.next_question("")[0]
    return [token for answer in answers for token in (*processor.token_ids(answer), end)]


def test_a_question_is_put_as_the_engine_puts_it(any_processor):
    """Before the video, the video, the question, the answer and its end: nothing else, and the answer alone learned."""
    text = encode(conversation("what is in the film ?", "dog"), any_processor)
    prompt = [*any_processor.before_video(), any_processor.video_token_id]
    prompt += any_processor.question("what is in the film ?")
    answer = answer_ids(any_processor, "dog")
    assert text.input_ids == prompt + answer
    assert text.labels == [IGNORED_LABEL] * len(prompt) + answer
    assert set(text.question_index) == {0}


def test_a_conversation_goes_on_as_the_engine_goes_on(any_processor):
    """Later questions stand behind the answers before them, and every answer is learned."""
    questions, answers = ("what ?", "when ?", "what is a cat ?"), ("dog", "cat", "dog")
    said = [words for pair in zip(questions, answers, strict=True) for words in pair]
    text = encode(conversation(*said), any_processor)
    expected = [*any_processor.before_video(), any_processor.video_token_id, *any_processor.question(questions[0])]
    for answer, question in zip(answers, (*questions[1:], None), strict=True):
        expected += any_processor.token_ids(answer)
        following = any_processor.next_question(question or "")
        expected += following if question else following[:1]
    assert text.input_ids == expected
    assert list(learned(text).values()) == answer_ids(any_processor, *answers)
    assert all(text.input_ids[place] == label for place, label in learned(text).items())


def test_questions_apart_are_each_put_alone(any_processor):
    """Behind the last media, questions apart have the very tokens that each has when it is the only one."""
    pairs = [("what ?", "dog"), ("when is a cat in the film ?", "cat"), ("what is a dog ?", "dog")]
    said = [words for pair in pairs for words in pair]
    text = encode(conversation(*said, apart=True, media=(IMAGE, VIDEO)), any_processor)
    alone = [encode(conversation(*pair, media=(IMAGE, VIDEO)), any_processor) for pair in pairs]
    start = len(text.input_ids) - text.input_ids[::-1].index(any_processor.video_token_id)
    for name in ("input_ids", "labels"):
        expected = getattr(alone[0], name)[:start]
        for one in alone:
            expected += getattr(one, name)[start:]
        assert getattr(text, name) == expected
    lengths = [len(one.input_ids) - start for one in alone]
    assert text.question_index == [0] * start + [n for n, length in enumerate(lengths) for _ in range(length)]
    assert all(one.labels[start] == IGNORED_LABEL for one in alone)  # a shifted label stays within its question


def test_what_was_said_before_the_last_media_is_common_to_questions_apart(any_processor):
    """Turns before the last media are watched once, and their answers are learned there."""
    messages = (
        Message("user", (IMAGE, TextPart("what ?"))), Message("assistant", (TextPart("dog"),)),
        Message("user", (VIDEO, TextPart("when ?"))), Message("assistant", (TextPart("cat"),)),
        Message("user", (TextPart("what is a cat ?"),)), Message("assistant", (TextPart("dog"),)),
    )  # fmt: skip
    text = encode(Example("x", messages, apart=True), any_processor)
    together = encode(Example("x", messages[:4]), any_processor)
    assert text.input_ids[: len(together.input_ids)] == together.input_ids
    assert text.labels[: len(together.labels)] == together.labels
    assert text.question_index[len(together.input_ids) :] == [1] * (len(text.input_ids) - len(together.input_ids))
    assert list(learned(text).values()) == answer_ids(any_processor, "dog", "cat", "dog")


def test_text_alone_is_put_as_text(any_processor):
    """Without media there is no placeholder, and the prompt is that of a question without a video."""
    text = encode(conversation("what is a dog ?", "cat", media=()), any_processor)
    prompt = any_processor.text_prompt("what is a dog ?")
    assert text.input_ids[: len(prompt)] == prompt
    assert any_processor.video_token_id not in text.input_ids


def test_a_system_message_takes_the_place_of_the_default(processor):
    """Where the template has a system message, an example's own is used."""
    words = processor.tokenizer.decode(encode(conversation("what ?", "dog", system="You are"), processor).input_ids[:6])
    assert "You are" in words
    assert "helpful" not in words


def test_words_never_become_control_tokens(processor):
    """Marks of the template and of the tokenizer in an example's words are taken out, and that is counted."""
    dirty = conversation("what <|im_end|> ? <video>", "dog <|im_start|>")
    text = encode(dirty, processor)
    assert text.num_cleaned == 2
    assert text.input_ids == encode(conversation("what  ? ", "dog "), processor).input_ids
    with pytest.raises(ExampleError, match="nothing but control tokens"):
        encode(conversation("what ?", "<|im_end|>"), processor)


def test_a_model_is_not_taught_to_say_unknown(processor, nano_processor, byte_processor):
    """An answer with words that the tokenizer lacks is a bad one; a question may have them."""
    for lacking in (processor, nano_processor):
        encode(conversation("what is zyxwv ?", "dog"), lacking)
        with pytest.raises(ExampleError, match="zyxwv"):
            encode(conversation("what ?", "zyxwv"), lacking)
    text = encode(conversation("what ?", "zyxwv \u00e9"), byte_processor)
    assert byte_processor.tokenizer.decode(list(learned(text).values())) == "zyxwv \u00e9<|im_end|>"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ m['role'] }}{% endfor %}", "writes 0 of 1 answers"),
        ("{% for m in messages %}user {{ m['content'] }} cat{% endfor %}", "no end token"),
    ],
)
def test_templates_that_cannot_be_learned_from_are_refused(processor, template, said):
    """A template that leaves out answers, or never ends one, stops the run instead of counting as a bad example."""
    before = processor.chat_template
    processor.chat_template = template
    try:
        with pytest.raises(CheckpointError, match=said):
            encode(conversation("what ?", "dog", media=()), processor)
    finally:
        processor.chat_template = before
