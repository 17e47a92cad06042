"""From frames and words to what the model reads: pixel values, and token ids with one placeholder a video.

The chat template is the only source of prompts. It renders a video part as `VIDEO_MARK`, text is tokenised around the
marks, and the config's `video_token_id` takes their place, so no tokenizer needs a token for videos. Words of a person
never become control tokens: whatever looks like one is taken out of them first.

F frames, T tokens.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import BatchFeature, ProcessorMixin

VIDEO_MARK = "<video>"
ANSWER_MARK = "<answer-goes-here>"
CHATML_TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'video' %}<video>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The prompt that Video-XL was trained with: 14 tokens of Qwen2 stand before the video."""

PIXEL_SETTINGS = (
    "crop_size", "do_center_crop", "do_convert_rgb", "do_normalize", "do_rescale", "do_resize", "image_mean",
    "image_std", "resample", "rescale_factor", "size",
)  # fmt: skip
"""Fields of an image processor that change pixels; the others differ between releases without effect."""

Message = dict[str, Any]


class VideoXLProcessor(ProcessorMixin):
    """An image processor, a tokenizer, and the prompt that joins them."""

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        chat_template: str | None = None,
        video_token_id: int = -1,
        max_side: int | None = None,
    ) -> None:
        """`max_side` is the longer side that frames are read at; None reads them as large as they are."""
        self.video_token_id = video_token_id
        self.max_side = max_side
        super().__init__(image_processor, tokenizer, chat_template=chat_template or CHATML_TEMPLATE)

    def __call__(
        self, text: str | None = None, videos: Sequence[np.ndarray] | None = None, **unused: Any
    ) -> BatchFeature:
        """`input_ids` (1, T) of a rendered prompt, and `pixel_values_videos`, one tensor (F, 3, h, w) a video."""
        data: dict[str, Any] = {}
        if text is not None:
            data["input_ids"] = torch.tensor([self.token_ids(text)])
        if videos is not None:
            data["pixel_values_videos"] = [self.pixel_values(frames) for frames in videos]
        return BatchFeature(data)

    def pixel_values(self, frames_FCHW: np.ndarray) -> torch.Tensor:
        """Resize, crop and normalise frames (F, 3, height, width) uint8 as the tower was trained to see them."""
        images = list(frames_FCHW)
        return self.image_processor(images, return_tensors="pt", input_data_format="channels_first")["pixel_values"]

    def token_ids(self, text: str) -> list[int]:
        """Ids of a rendered prompt; each `VIDEO_MARK` is one `video_token_id`."""
        first, *others = text.split(VIDEO_MARK)
        ids = self._tokenise(first)
        for part in others:
            ids += [self.video_token_id, *self._tokenise(part)]
        return ids

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        """The prompt of a conversation, with a mark where each video stands."""
        safe = [_with_text(message, self.plain) for message in messages]
        return self.tokenizer.apply_chat_template(
            safe, chat_template=self.chat_template, tokenize=False, add_generation_prompt=add_generation_prompt
        )

    def before_video(self) -> list[int]:
        """Tokens in front of the first video: they are the beginning of every memory."""
        return self._tokenise(self._video_prompt("").split(VIDEO_MARK)[0])

    def question(self, text: str) -> list[int]:
        """Tokens of the first question behind a video, up to where the answer begins."""
        return self._tokenise(self._video_prompt(text).split(VIDEO_MARK)[-1])

    def next_question(self, text: str) -> list[int]:
        """Tokens between the end of an answer and the beginning of the next one."""
        turns = [_user(""), {"role": "assistant", "content": ANSWER_MARK}, _user(text)]
        return self._tokenise(self._render_safe(turns, text).split(ANSWER_MARK)[-1])

    def between_videos(self) -> list[int]:
        """Tokens between a video and the next one of the same turn."""
        content = [{"type": "video"}, {"type": "video"}, {"type": "text", "text": ""}]
        return self._tokenise(self.render([{"role": "user", "content": content}]).split(VIDEO_MARK)[1])

    def preprocessing(self) -> dict[str, Any]:
        """What decides how a frame becomes pixel values, as plain JSON."""
        settings = self.image_processor.to_dict()
        return {
            "max_side": self.max_side,
            **{name: settings[name] for name in PIXEL_SETTINGS if settings.get(name) is not None},
        }

    def text_prompt(self, text: str) -> list[int]:
        """Tokens of a question that no video belongs to."""
        return self._tokenise(self.render([_user(text)]))

    def plain(self, text: str) -> str:
        """`text` without anything that the tokenizer or the prompt would take for a control token."""
        controls = [*self.tokenizer.all_special_tokens, VIDEO_MARK, ANSWER_MARK]
        before = None
        while before != text:  # taking one out may join the halves of another
            before = text
            for control in controls:
                text = text.replace(control, "")
        return text

    def _video_prompt(self, text: str) -> str:
        return self.render([{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": text}]}])

    def _render_safe(self, turns: Sequence[Message], text: str) -> str:
        turns = [*turns[:-1], _user(self.plain(text))]
        return self.tokenizer.apply_chat_template(
            turns, chat_template=self.chat_template, tokenize=False, add_generation_prompt=True
        )

    def _tokenise(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"] if text else []


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _with_text(message: Message, change: Any) -> Message:
    content = message["content"]
    if isinstance(content, str):
        return {**message, "content": change(content)}
    return {
        **message,
        "content": [{**part, "text": change(part["text"])} if part["type"] == "text" else part for part in content],
    }
