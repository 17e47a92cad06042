"""A tokenizer of whole words for a small model: what the questions of `synth` are made of, and the names.

Case and punctuation do not count, and words that mean the same to this model are read as one ("movie" is "film"), so
that a person need not guess the wording. The noun that a question asks about is its last token and is followed by the
answer at once: the decoder can match it with the memory where it stands.

    <watch> VIDEO <question> is there a dog  yes <end> <question> when does the film show a dog  <time> <end>
"""

import re
from collections.abc import Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from videoxl.synth.questions import NOTHING, NUMBERS
from videoxl.synth.wording import TEMPLATES

PAD, UNKNOWN, WATCH, QUESTION, END = "<pad>", "<unk>", "<watch>", "<question>", "<end>"
TIME = "<time>"  # asks the engine for a time
ALL = "<all>"  # asks it to say the inventory that was read, in its order
NEXT, ONE = "<next>", "<one>"  # ask it for the inventory, and for what is surest of it
AFTER, BEFORE, HAS = "<after>", "<before>", "<has>"  # for what comes after or before the thing named then, or for that
CONTROLS = (PAD, UNKNOWN, WATCH, QUESTION, END, TIME, ALL, NEXT, ONE, AFTER, BEFORE, HAS)
INVENTORY_QUESTION = "What is it?"  # asked of each interval by itself; nobody asks this of a film
SIGHT_QUESTION = "What can you see?"  # the same for ordinary things
COMMA = ","  # only in answers: the normaliser takes it out of questions
ANSWER_WORDS = ("yes", "no", NOTHING, "never", *NUMBERS)
SMALL_WORDS = ("a", "an", "is", "are", "it")
SAME_WORDS = {  # read the words on the right as the one on the left
    "film": ("movie", "video", "clip", "footage"),
    "picture": ("image", "object", "thing", "item"),
    "pictures": ("images", "objects", "things", "items"),
    "appear": ("occur",),
    "appears": ("occurs",),
    "inserted": ("hidden", "added"),
}
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ message['content'] }}<end>"
    "{% elif message['role'] == 'user' %}"
    "{% if message['content'] is string %}<question>{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'video' %}<watch><video>{% else %}<question>{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{% endif %}{% endfor %}"
)


def build_tokenizer(names: Sequence[str], sights: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """The tokenizer for films that show these names, and footage of these things; the same words give the same ids.

    A thing of several words ("palm tree") is one token.
    """
    words = list(dict.fromkeys([*CONTROLS, COMMA, *ANSWER_WORDS, *SMALL_WORDS, *_question_words(), *names]))
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)  # spaces between words, none before commas
    tokenizer.add_special_tokens(list(CONTROLS))
    tokenizer.add_tokens([AddedToken(sight, single_word=True, normalized=True) for sight in sights])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[WATCH, QUESTION, TIME, ALL, NEXT, ONE, AFTER, BEFORE, HAS],
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def _normalizer() -> normalizers.Normalizer:
    """Lower case, no punctuation, one word per meaning."""
    same = [normalizers.Replace(Regex(rf"\b({'|'.join(others)})\b"), word) for word, others in SAME_WORDS.items()]
    return normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(r"[^\w\s<>]"), " "), *same])


def _question_words() -> list[str]:
    """Every word of every template, in order of appearance."""
    templates = (template for groups in TEMPLATES.values() for group in groups for template in group)
    return [word for template in templates for word in re.findall(r"[a-z]+", re.sub(r"\{.*?\}", " ", template).lower())]
