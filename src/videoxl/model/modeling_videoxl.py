"""VideoXL: a vision tower, a projector, and a decoder that condenses what it sees into the rows of a memory.

The model holds weights and nothing else. A video lives in a `CompressedMemory`, a conversation in a `MemoryCache` that
reads it; both are passed in.

B batch, F frames, M visual tokens per frame, T tokens in this forward, D hidden width, C vocabulary.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from videoxl.compression.interval import Interval
from videoxl.compression.layout import Layout
from videoxl.errors import UsageError
from videoxl.memory.cache import MemoryCache
from videoxl.memory.memory import CompressedMemory
from videoxl.memory.segment import Segment
from videoxl.model.attention import causal_mask
from videoxl.model.configuration_videoxl import VideoXLConfig
from videoxl.model.decoder import DECODERS, VSTAttention, VSTDecoder
from videoxl.model.head import LanguageHead
from videoxl.model.learning import FRAMES_AT_ONCE, IGNORED_LABEL, PlanOf, Prompt, Video, learn, see
from videoxl.model.prefill import condense_interval, condense_text
from videoxl.model.projector import Projector
from videoxl.model.prompt import check_videos, stretches
from videoxl.model.second_look import second_look
from videoxl.model.vision_tower import FrameFeatures, build_vision_tower, frame_features

__all__ = [
    "FRAMES_AT_ONCE",
    "IGNORED_LABEL",
    "VideoXLForConditionalGeneration",
    "VideoXLModel",
    "VideoXLPreTrainedModel",
]


class VideoXLPreTrainedModel(PreTrainedModel):
    """What transformers wants to know of both models below."""

    config_class = VideoXLConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    input_modalities = ("video", "text")
    supports_gradient_checkpointing = True
    _no_split_modules = ("VSTQwen2Layer", "VSTLlamaLayer", "CLIPEncoderLayer", "SiglipEncoderLayer")
    _skip_keys_device_placement = "past_key_values"
    _supports_sdpa = True


class VideoXLModel(VideoXLPreTrainedModel):
    """Tower, projector and decoder, without the head that names tokens."""

    def __init__(self, config: VideoXLConfig) -> None:
        super().__init__(config)
        self.vision_tower = build_vision_tower(config.vision_config)
        self.projector = Projector(config)
        self.language_model = DECODERS[config.text_config.model_type](config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        embeddings: nn.Embedding = self.language_model.embed_tokens
        return embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.language_model.embed_tokens = value

    def get_frame_features(self, pixel_values: torch.Tensor) -> FrameFeatures:
        """Patches and embeddings of frames (F, 3, height, width), a bounded number of frames at once."""
        chunks = [frame_features(self.vision_tower, part, self.config) for part in pixel_values.split(FRAMES_AT_ONCE)]
        return FrameFeatures(*(torch.cat(parts) for parts in zip(*chunks, strict=True)))

    def get_visual_tokens(self, pixel_values: torch.Tensor, features: FrameFeatures) -> torch.Tensor:
        """Visual tokens (F, M, D) of frames of which the tower has made `features`; some are looked at again."""
        more_F = second_look(self, pixel_values, features.patches_FND)
        tokens_FMD: torch.Tensor = self.projector(features.patches_FND, features.seen_FI, more_F)
        return tokens_FMD

    def get_video_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Visual tokens (F, M, D) of frames (F, 3, height, width)."""
        chunks = pixel_values.split(FRAMES_AT_ONCE)
        return torch.cat(
            [self.get_visual_tokens(part, frame_features(self.vision_tower, part, self.config)) for part in chunks]
        )


class VideoXLForConditionalGeneration(VideoXLPreTrainedModel, GenerationMixin):
    """VideoXL with a language head: makes memories, answers on them, and is trained by doing both."""

    _tied_weights_keys = {"lm_head.weight": "model.language_model.embed_tokens.weight"}
    gradient_checkpointing = False  # transformers' name: whether activations are computed again instead of kept

    def __init__(self, config: VideoXLConfig) -> None:
        super().__init__(config)
        self.model = VideoXLModel(config)
        self.lm_head = LanguageHead(config.text_config.hidden_size, config.text_config.vocab_size)
        self.post_init()

    @property
    def decoder(self) -> VSTDecoder:
        """The part that condenses and answers."""
        return self.model.language_model

    def get_video_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model.get_video_features(pixel_values)

    def gradient_checkpointing_enable(
        self, gradient_checkpointing_kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        """Keep no activations of an interval but its rows. There is nothing to choose: what remains is the least."""
        given = {"gradient_checkpointing_kwargs": gradient_checkpointing_kwargs, **options}
        chosen = {name: value for name, value in given.items() if value not in (None, {}, {"use_reentrant": False}, 1)}
        if any(chosen.values()):
            raise UsageError(f"activation checkpointing goes by intervals and has no options, got {chosen}; give none.")
        self.gradient_checkpointing = True

    def gradient_checkpointing_disable(self) -> None:
        self.gradient_checkpointing = False

    def initialise_vst(self) -> None:
        """Start VSTs as the paper does: projections copy the layer's own, the embedding copies the end token's."""
        for module in self.modules():
            if isinstance(module, VSTAttention):
                module.copy_base_projections()
        end = self.config.text_config.eos_token_id
        end = end[0] if isinstance(end, list) else (end or 0)
        with torch.no_grad():
            self.decoder.vst_embedding.weight[0] = self.decoder.embed_tokens.weight[end]

    def cache(self, memory: CompressedMemory | None = None) -> MemoryCache:
        """A conversation on a memory (a new, empty one where none is given)."""
        memory = CompressedMemory() if memory is None else memory
        return MemoryCache(memory, num_layers=len(self.decoder.layers), rotate=self.decoder.rotate)

    @torch.no_grad()
    def remember_text(self, cache: MemoryCache, input_ids: torch.Tensor) -> None:
        """Add text (1, T) to a memory, every token a row: what stands before, or between, videos."""
        if input_ids.shape[1]:
            segment = Segment(kind="text", num_rows=input_ids.shape[1], token_ids=tuple(input_ids[0].tolist()))
            cache.append(segment, condense_text(self.decoder, cache, input_ids))

    @torch.no_grad()
    def remember_interval(self, cache: MemoryCache, visual_BND: torch.Tensor, segment: Segment) -> None:
        """Condense the visual tokens (1, N, D) of one interval into the rows that `segment` announces."""
        layout = Layout(visual_BND.shape[1], segment.ratio, self.config.layout_rule)
        rows = condense_interval(self.decoder, cache, visual_BND, layout)
        assert rows is not None, "a segment always announces rows"
        cache.append(segment, rows)

    @torch.no_grad()
    def remember_video(
        self, cache: MemoryCache, visual_FMD: torch.Tensor, intervals: Sequence[Interval], *, source: int = 0
    ) -> None:
        """Condense a whole video, given its visual tokens and a plan; frames count as seconds."""
        for interval in intervals:
            visual_BND = visual_FMD[interval.start : interval.stop].flatten(0, 1)[None]
            layout = Layout(visual_BND.shape[1], interval.ratio, self.config.layout_rule)
            if layout.num_rows_kept:
                segment = Segment(
                    kind="interval", num_rows=layout.num_rows_kept, first_frame=interval.start,
                    num_frames=interval.num_frames, start_seconds=float(interval.start),
                    stop_seconds=float(interval.stop), ratio=interval.ratio, source=source,
                )  # fmt: skip
                self.remember_interval(cache, visual_BND, segment)

    def forward(
        self,
        input_ids: torch.Tensor,
        *,
        pixel_values_videos: Sequence[torch.Tensor] | None = None,
        visual_tokens: Sequence[torch.Tensor] | None = None,
        intervals: Sequence[Sequence[Interval]] | None = None,
        plan_of: PlanOf | None = None,
        labels: torch.Tensor | None = None,
        question_index: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        every_gradient: bool = False,
        past_key_values: MemoryCache | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        **unused: Any,
    ) -> CausalLMOutputWithPast:
        """Predict the next token of text, on a memory or after videos.

        With videos, or labels, this is training: each `video_token_id` in `input_ids` (the same positions in every
        row) is a video, condensed by its plan into a differentiable memory that all later tokens read. Without them
        it is one step of `generate` on `past_key_values`.

        Args:
            input_ids: (B, T), one placeholder token a video.
            pixel_values_videos: One tensor a video, (F, 3, height, width), or (B, F, 3, height, width).
            visual_tokens: The same videos already projected, (B, F, M, D); instead of pixels.
            intervals: One plan a video, shared by the batch.
            plan_of: Makes the plan of a video instead, from its number, its frames and their embeddings (F, D).
            labels: (B, T), -100 where nothing is asked; not shifted. The last visual token predicts the label
                behind a placeholder.
            question_index: (B, T), equal for tokens behind the last video that belong to one question: questions do
                not see one another, and each begins behind the memory, so that it gives the loss that it gives alone.
            num_items_in_batch: What the summed loss is divided by; the labels of this batch where not given.
            every_gradient: Zeros as gradients of weights that took no part, which ranks with shards of them need.
        """
        if visual_tokens is not None or pixel_values_videos is not None or labels is not None:
            checkpoints = self.gradient_checkpointing and torch.is_grad_enabled()
            videos = self._videos(pixel_values_videos, visual_tokens, intervals, plan_of, checkpoints=checkpoints)
            prompt = Prompt(input_ids, videos, labels, question_index)
            loss, logits = learn(
                self, prompt, num_items=num_items_in_batch, checkpoints=checkpoints, every_gradient=every_gradient
            )
            return CausalLMOutputWithPast(loss=loss, logits=logits)
        cache = self.cache() if past_key_values is None else past_key_values
        mask = None if attention_mask is None else _tail_mask(attention_mask, cache, input_ids.shape[1])
        embeds = self.decoder.embed_tokens(input_ids)
        hidden_BTD = self.decoder(embeds, cache, position_ids=position_ids, mask=mask)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        return CausalLMOutputWithPast(logits=self.lm_head(hidden_BTD[:, kept]), past_key_values=cache)

    def generate(
        self,
        input_ids: torch.Tensor,
        *,
        memory: CompressedMemory | MemoryCache | None = None,
        pixel_values_videos: Sequence[torch.Tensor] | None = None,
        intervals: Sequence[Sequence[Interval]] | None = None,
        attention_mask: torch.Tensor | None = None,
        **options: Any,
    ) -> Any:
        """Answer text (B, T) with transformers' `generate`: all its options and streamers apply.

        Returns what transformers returns: the given ids, with the new ones behind them.

        Args:
            memory: A watched video, or a conversation on one; left as it is. A batch of questions may share it.
            pixel_values_videos: Videos for the placeholders in `input_ids` (batch of 1): watched first, then asked.
            intervals: One plan a video; the config's fixed intervals at its middle ratio where not given.
            attention_mask: (B, T) of `input_ids`, zeros where questions are padded on the left.
        """
        cache = memory.fork() if isinstance(memory, MemoryCache) else self.cache(memory)
        watched = 0
        if pixel_values_videos is not None:
            watched = self._watch_prompt(cache, input_ids, pixel_values_videos, intervals)
        attention_mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        held = attention_mask.new_ones(len(input_ids), cache.num_rows + cache.num_tail)
        mask = torch.cat([held, attention_mask[:, watched:]], dim=1)
        output = super().generate(input_ids[:, watched:], past_key_values=cache, attention_mask=mask, **options)
        return torch.cat([input_ids[:, :watched], output], dim=1) if watched else output

    def prepare_inputs_for_generation(
        self,
        input_ids: torch.Tensor,
        *,
        past_key_values: MemoryCache,
        next_sequence_length: int | None = None,
        attention_mask: torch.Tensor | None = None,
        logits_to_keep: int = 1,
        **unused: Any,
    ) -> dict[str, Any]:
        """One step of transformers' `generate`: the tokens that the cache has not seen, with their positions.

        transformers drops a mask without zeros; positions then simply go on behind the cache.
        """
        num_new = input_ids.shape[1] if next_sequence_length is None else next_sequence_length
        position_ids = None
        if attention_mask is not None:
            position_ids = (attention_mask.long().cumsum(-1) - 1).clamp(min=0)[:, -num_new:]
        return {
            "input_ids": input_ids[:, -num_new:],
            "past_key_values": past_key_values,
            "attention_mask": attention_mask,
            "position_ids": position_ids,
            "logits_to_keep": logits_to_keep,
        }

    def _watch_prompt(
        self,
        cache: MemoryCache,
        input_ids: torch.Tensor,
        pixel_values_videos: Sequence[torch.Tensor],
        intervals: Sequence[Sequence[Interval]] | None,
    ) -> int:
        """Remember everything up to the last video; returns where the question begins."""
        parts = stretches(input_ids, self.config.video_token_id)
        check_videos(parts, len(pixel_values_videos))
        last_video = max(index for index, part in enumerate(parts) if part.video is not None)
        for part in parts[: last_video + 1]:
            if part.video is None:
                self.remember_text(cache, input_ids[:, part.start : part.stop])
            else:
                with torch.no_grad():
                    visual_FMD = self.get_video_features(pixel_values_videos[part.video])
                plan = self._plan(intervals, part.video, len(visual_FMD))
                self.remember_video(cache, visual_FMD, plan, source=part.video)
        return parts[last_video].stop

    def _videos(
        self,
        pixel_values_videos: Sequence[torch.Tensor] | None,
        visual_tokens: Sequence[torch.Tensor] | None,
        intervals: Sequence[Sequence[Interval]] | None,
        plan_of: PlanOf | None,
        *,
        checkpoints: bool,
    ) -> list[Video]:
        """Videos of a prompt that is learned from, seen once, and then planned."""

        def plan(video: int, num_frames: int, embeddings_FD: torch.Tensor | None) -> Sequence[Interval]:
            if plan_of is not None and intervals is None:
                return plan_of(video, num_frames, embeddings_FD)
            return self._plan(intervals, video, num_frames)

        if visual_tokens is not None:
            return [Video(tokens, plan(number, tokens.shape[1], None)) for number, tokens in enumerate(visual_tokens)]
        return [
            see(self, pixels, partial(plan, number), checkpoints=checkpoints)
            for number, pixels in enumerate(pixel_values_videos or [])
        ]

    def _plan(self, intervals: Sequence[Sequence[Interval]] | None, video: int, num_frames: int) -> Sequence[Interval]:
        """The plan of one video; without any, the config's intervals at the middle one of its ratios."""
        if intervals is not None:
            return intervals[video]
        ratios, size = self.config.compression_ratios, self.config.interval_frames
        ratio = ratios[len(ratios) // 2]
        return [Interval(start, min(start + size, num_frames), ratio) for start in range(0, num_frames, size)]


def _tail_mask(attention_mask: torch.Tensor, cache: MemoryCache, num_new: int) -> torch.Tensor | None:
    """From (B, all rows) to (B, 1, T, tail with this step); None where nothing is padded."""
    tail = attention_mask[:, cache.num_rows :].bool()
    if tail.all():
        return None
    return causal_mask(num_new, tail.shape[1], device=tail.device) & tail[:, None, None, :]
